#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three journeys in the real window, on the demo ward: an edit, a scan, a sample. And a lock, and a power
cut in the middle of a note. Pictures of each step are kept beside the build.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Missing, Tap, Window  # noqa: E402

PROGRAM, PICTURES, CTL = sys.argv[1:4]
PROFILE = os.path.join(os.environ["XDG_DATA_HOME"], "rounds", "demo")
PASSPHRASE = os.path.join(os.environ["HOME"], "passphrase")
PATIENT = "cd3d3588-94fc-b980-9e94-0390d989d921"   # HICKLE, Alfonzo
tap = Tap()


def ctl(*arguments):
    """What the same cache says without a screen."""
    done = subprocess.run([CTL, "--profile", PROFILE, "--passphrase-file", PASSPHRASE, "--json", *arguments],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Missing(f"roundsctl {arguments}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def picture(window, name):
    window.shot(os.path.join(PICTURES, name + ".png"))


def open_ward():
    window = Window(PROGRAM, ["--demo"], log=os.path.join(PICTURES, "window.log"))
    window.find(contains="HICKLE", patience_s=120)
    return window


def open_patient(window, typed="hickle", shown="HICKLE, Alfonzo"):
    window.key("Control", "f")
    window.enter(typed, "Search patients")
    window.gone(contains="AUER, Erick")
    window.key("Return")
    window.find(shown, "heading")


def palette(window, words):
    window.key("Control", "k")
    window.enter(words, "Find or do")
    window.settle(0.3)
    window.key("Return")
    window.gone(role="dialog", contains="Find or Do")


def ward_opens():
    global w
    w = open_ward()
    picture(w, "ward")


def patient_is_found():
    open_patient(w)
    w.find(contains="Penicillin V")
    w.find(contains="Community-acquired pneumonia")
    w.find(contains="NEWS2")
    w.find(contains="CT chest")
    picture(w, "summary")


def problem_is_added():
    palette(w, "Problems")
    w.press(contains="Add problem", role="button")
    w.enter("Paroxysmal test tachycardia", "Problem")
    w.settle(0.5)
    w.key("Control", "Return")
    w.find(contains="Paroxysmal test tachycardia", role="table row")
    picture(w, "problem")
    rows = [r for r in ctl("outbox", "list") if r["type"] == "Condition"]
    assert len(rows) == 1 and rows[0]["verb"] == "create", rows
    stored = ctl("resource", "get", "Condition/" + rows[0]["id"])[0]
    assert stored["code"]["text"] == "Paroxysmal test tachycardia", stored["code"]
    assert stored["subject"]["reference"] == "Patient/" + PATIENT, stored["subject"]
    w.find(contains="to send")


def problem_is_undone():
    w.press("Undo", "button")
    w.gone(contains="Paroxysmal test tachycardia", role="table row")
    assert not [r for r in ctl("outbox", "list") if r["type"] == "Condition"]


def allergy_warns():
    palette(w, "Medications")
    w.press(contains="Prescribe", role="button")
    w.enter("Amoxicillin 500 mg", "Drug")
    w.find(contains="llergic to")
    picture(w, "allergy")
    w.find(contains="Close, the draft is kept", role="button")
    w.press("Cancel", "button")


def note_survives_power_cut():
    global w
    palette(w, "Notes")
    w.press(contains="note", role="button")
    w.enter("S: woke at night, heart racing. Nobody has saved this yet.", "Text")
    w.wait(lambda: drafted("heart racing"), "the draft to reach the cache")
    picture(w, "note")
    w.kill()
    w = open_ward()
    open_patient(w)
    palette(w, "Notes")
    w.find(contains="Unfinished note")
    picture(w, "draft")
    w.press("Go on", "button")
    text = w.find("Text *", "text")
    assert "heart racing" in w.text_of(text), w.text_of(text)
    w.press("Close, the draft is kept", "button")


def drafted(words):
    """roundsctl has no command for drafts: look whether the writer has come to rest with it. The database is
    encrypted, so the only witness is the next start; here it is enough that the write-ahead log has grown."""
    wal = os.path.join(PROFILE, "records.db-wal")
    size = os.path.getsize(wal) if os.path.exists(wal) else 0
    grown = size != drafted.size
    drafted.size = size
    drafted.rest = 0 if grown else drafted.rest + 1
    return drafted.rest > 20


drafted.size, drafted.rest = -1, 0


def scan_is_read():
    w.key("Control", "3")
    w.find("Slice", "slider")
    w.find(contains="1 of 69")
    picture(w, "scan")
    w.pointer(640, 560, 1)
    for _ in range(5):
        w.key("Down")
    w.find(contains="6 of 69")
    w.key("End")
    w.find(contains="69 of 69")
    w.key("Home")
    w.find(contains="1 of 69")
    before = w.find(contains="1 of 69").get_name()
    w.drag(600, 500, 700, 460)
    w.wait(lambda: w.look(contains="1 of 69").get_name() != before, "the window to change by a drag")
    picture(w, "window-level")


def scan_is_measured():
    w.key("d")
    w.drag(500, 560, 640, 560)
    w.find(contains=" mm")
    picture(w, "length")
    w.key("e")
    w.drag(440, 600, 520, 660)
    w.find(contains="HU")
    picture(w, "ellipse")
    assert len(ctl("scans", "list", PATIENT)) == 2


def scan_is_enhanced():
    w.press("Enhance", "check box")
    w.find(contains=", enhanced", role="image", patience_s=60)
    w.find(contains=" HU", role="label")
    picture(w, "enhanced")
    w.press("Wipe", "toggle button")
    picture(w, "wipe")
    w.press("Difference", "toggle button")
    picture(w, "difference")
    w.press("Off", "toggle button")


def series_is_saved():
    w.press("Save as New Series", "button")
    w.wait(lambda: [s for s in ctl("scans", "list", PATIENT) if s["derived_here"]], "the derived series", 240)
    derived = [s for s in ctl("scans", "list", PATIENT) if s["derived_here"]][0]
    assert derived["instances"] == 69, derived["instances"]
    assert "ENHANCED" in derived["description"], derived["description"]
    picture(w, "saved")


def vitals_are_seen():
    w.key("Control", "4")
    w.find("Latest values", "table")
    w.find(contains="Heart rate")
    picture(w, "vitals")
    w.press("6 h", "toggle button")
    picture(w, "vitals-6h")


def vitals_are_entered():
    w.enter("22", "Respiratory rate")
    w.enter("93", "SpO₂")
    w.press("Given oxygen", "toggle button")
    w.enter("4", "Oxygen flow")
    w.enter("108/64", "Blood pressure")
    w.enter("109", "Heart rate")
    w.enter("38.2", "Temperature")
    w.press("Alert", "toggle button")
    picture(w, "vitals-form")
    w.press("Save vitals", "button")
    w.wait(lambda: [r for r in ctl("outbox", "list") if r["type"] == "Observation"], "the observations")
    score = ctl("vitals", "news2", PATIENT)[0]
    assert score["complete"] is True, score
    picture(w, "vitals-saved")


def audit_is_intact():
    state = ctl("audit", "verify")[0]
    assert state["ok"] is True, state


def window_locks():
    w.key("Control", "l")
    w.find("Open the demo ward", "button")
    names = " ".join(w.all_names())
    for word in ("HICKLE", "Penicillin", "ENHANCED", "NEWS2"):
        assert word not in names, word
    picture(w, "locked")
    w.press("Open the demo ward", "button")
    w.find(contains="HICKLE")


def main():
    with open(PASSPHRASE, "w", encoding="utf-8") as f:
        f.write("demo\n")
    if not tap.run("the ward opens", ward_opens):
        tap.end()
    for name, step in (
            ("a patient is found by typing", patient_is_found),
            ("a problem is added and waits to be sent", problem_is_added),
            ("it is undone", problem_is_undone),
            ("a drug warns of an allergy", allergy_warns),
            ("an unsaved note survives a power cut", note_survives_power_cut),
            ("a CT is scrolled and windowed", scan_is_read),
            ("it is measured", scan_is_measured),
            ("it is enhanced and compared", scan_is_enhanced),
            ("the enhanced series is saved as derived", series_is_saved),
            ("vitals are seen", vitals_are_seen),
            ("vitals are entered and scored", vitals_are_entered),
            ("the audit trail is intact", audit_is_intact),
            ("the window locks and shows nothing", window_locks)):
        if not tap.run(name, step):
            try:
                picture(w, "failed-" + name.replace(" ", "-"))
            except Exception:  # noqa: BLE001 the window may be gone
                pass
    w.close()
    tap.end()


main()
