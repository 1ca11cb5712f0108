#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sync leaves to a person, in the real window against a real server: a conflict decided by keyboard and taken
back, a refused change discarded, brought back and sent, and a connection that is added, tried and told in words.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Tap, Window  # noqa: E402
from ward import PASSPHRASE, Ward, patient  # noqa: E402

PROGRAM, PICTURES, CTL = sys.argv[1:4]
tap = Tap()
ward = Ward(CTL, os.path.join(os.environ["HOME"], "ward"))
w = None


def picture(name):
    w.shot(os.path.join(PICTURES, "cloud-" + name + ".png"))


def dose():
    return ward.get("MedicationRequest/m1")["dosageInstruction"][0]["text"]


def conflicts():
    return [f"{c['type']}/{c['id']}" for c in ward.ctl("conflicts", "list")]


def states():
    return {row["type"] + "/" + row["id"]: row["state"] for row in ward.ctl("outbox", "list")}


def waiting_is_seen():
    global w
    ward.fill()
    ward.put_server_back()
    ward.change_in_two_places()
    ward.delete_there()
    ward.refuse()
    ward.sync()
    assert sorted(conflicts()) == ["Condition/c1", "Condition/c3", "MedicationRequest/m1"], conflicts()
    # What is decided must not be on its way before it is taken back.
    ward.down = 503
    w = Window(PROGRAM, ["--profile", ward.profile], log=os.path.join(PICTURES, "cloud.log"))
    w.enter(PASSPHRASE, "Passphrase")
    w.press("Unlock", "button")
    w.find("Search patients", "entry", patience_s=60)
    w.find(contains="4 to decide")
    w.key("Control", "Shift", "s")
    w.find(contains="Changed in two places (3)")
    w.find("Medication: Ramipril")
    w.find(contains="not in the value set")


def conflict_is_decided_by_keys():
    w.press(contains="Decide: Medication", role="button")
    w.find(contains="was changed in two places")
    w.find(contains="2 fields differ")
    picture("conflict")
    w.key("t")
    w.find(contains="1 field differs")
    w.key("m")
    w.gone(contains="differs: choose")
    w.key("Control", "Return")
    w.find(contains="Decided")
    w.wait(lambda: "MedicationRequest/m1" not in conflicts(), "the decision in the store")
    now = ward.get("MedicationRequest/m1")
    assert dose() == "2.5 mg, morning", dose()
    assert now["reasonCode"][0]["text"] == "blood pressure 168/94", now["reasonCode"]
    # What only one side changed came along from both.
    assert now["status"] == "on-hold" and now["note"][0]["text"] == "told the family", now


def decision_is_taken_back():
    assert "MedicationRequest/m1" not in conflicts(), "nothing was decided"
    w.key("Control", "z")
    w.wait(lambda: len(conflicts()) == 3, "the question to return")
    assert dose() == "10 mg, evening", dose()
    w.find(contains="Changed in two places (3)")


def deletion_is_decided():
    w.press(contains="Decide: Problem: Community", role="button")
    w.find(contains="was deleted on the server and changed here")
    w.key("Alt", "m")
    w.find(contains="Community-acquired pneumonia, left")
    w.key("Control", "Return")
    w.wait(lambda: "Condition/c1" not in conflicts(), "the decision in the store")
    assert states()["Condition/c1"] == "pending", states()


def server_that_was_put_back_is_told():
    w.press(contains="Decide: Problem: Heart failure", role="button")
    w.find(contains="the server was put back to an earlier day")
    picture("restored")
    w.key("m")
    w.key("Control", "Return")
    w.wait(lambda: "Condition/c3" not in conflicts(), "the decision in the store")
    assert ward.get("Condition/c3")["code"]["text"].endswith("no oedema")


def refusal_is_discarded_and_brought_back():
    w.press(contains="Discard the change: Encounter", role="button")
    w.find(contains="goes back to what the server has")
    w.press("Discard", "button")
    w.wait(lambda: "Encounter/e1" not in states(), "the change to be gone")
    picture("discarded")
    w.press("Undo", "button")
    w.wait(lambda: states().get("Encounter/e1"), "the change to come back")
    assert ward.get("Encounter/e1")["class"]["code"] == "IMPX"


def refusal_is_sent_again():
    ward.down = None
    w.key("Control", "r")
    w.find(contains="Try again: Encounter", role="button")
    ward.server.refuse = lambda resource: None
    w.press(contains="Try again: Encounter", role="button")
    w.wait(lambda: ward.server.current("Encounter", "e1"), "the encounter at the server")
    w.gone(contains="not in the value set")


def connection_is_told_in_words():
    w.key("Control", "Shift", "c")
    w.find("Records (FHIR)")
    w.press("Remove…: ward", "button")
    w.press("Remove", "button")
    w.press("Add a Connection…", "button")
    w.press("Save and Try", "button")
    w.find("The connection needs a name.")
    w.enter("again", "Name (letters, digits, dots, dashes)")
    w.enter(ward.server.url, "Address for records: FHIR R4 (https://…)")
    w.press("Save and Try", "button")
    w.find("test server 1 · FHIR 4.0.1")
    words = " ".join(w.text_of(n) or "" for n in w.walk() if w.showing(n)) + " ".join(w.all_names())
    assert "Refuses stale writes" in words and "under the ids given here" in words, words
    picture("connection")
    assert [c["name"] for c in ward.ctl("cloud", "list")] == ["again"]


def what_others_write_arrives():
    ward.server.write(patient(4))
    w.key("Control", "r")
    w.find(contains="RUIZ, Teo")


def main():
    if not tap.run("what waits is seen", waiting_is_seen):
        tap.end()
    for name, step in (("a conflict is decided by keys", conflict_is_decided_by_keys),
                       ("the decision is taken back", decision_is_taken_back),
                       ("a deletion against an edit is decided", deletion_is_decided),
                       ("a server that was put back is told", server_that_was_put_back_is_told),
                       ("a refusal is discarded and brought back", refusal_is_discarded_and_brought_back),
                       ("a refusal is sent again", refusal_is_sent_again),
                       ("a connection is told in words", connection_is_told_in_words),
                       ("what others write arrives", what_others_write_arrives)):
        if not tap.run(name, step):
            try:
                picture("failed-" + name.replace(" ", "-"))
            except Exception:  # noqa: BLE001 the window may be gone
                pass
    w.close()
    tap.end()


main()
