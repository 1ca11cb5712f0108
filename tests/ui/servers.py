#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers do to an open window: one that gives ids of its own, one that refuses images, a signed note that was
changed elsewhere, and a decision that stays here for as long as it can be taken back."""
import glob
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Tap, Window  # noqa: E402
from ward import PASSPHRASE, Ward, drug, fhirserver, note, patient, problem  # noqa: E402

PROGRAM, PICTURES, CTL = sys.argv[1:4]
tap = Tap()
ward = Ward(CTL, os.path.join(os.environ["HOME"], "ward"), link=False)
w = None


class Archive(BaseHTTPRequestHandler):
    """A DICOMweb server that has nothing and takes nothing."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.answer(204)

    def do_POST(self):
        self.answer(409)


def picture(name):
    w.shot(os.path.join(PICTURES, "servers-" + name + ".png"))


def window_opens():
    global w
    ward.server.write(patient(0))
    ward.server.write(drug())
    ward.server.write(note())
    archive = ThreadingHTTPServer(("127.0.0.1", 0), Archive)
    threading.Thread(target=archive.serve_forever, daemon=True).start()
    ward.ctl("cloud", "add", "ward", "--fhir", ward.server.url, "--dicomweb",
             f"http://127.0.0.1:{archive.server_address[1]}/dicom-web")
    ward.sync()
    w = Window(PROGRAM, ["--profile", ward.profile], log=os.path.join(PICTURES, "servers.log"))
    w.enter(PASSPHRASE, "Passphrase")
    w.press("Unlock", "button")
    w.find("Search patients", "entry", patience_s=60)


def renamed_patient_stays_open():
    ward.give_ids()
    ward.put(patient(1))
    ward.put(problem("c5", "Gout", "p1"))
    w.enter("okafor", "Search patients")
    w.gone(contains="VEGA")
    w.key("Control", "f")
    w.key("Return")
    w.key("Control", "2")
    w.find(contains="Gout")
    w.key("Control", "r")
    w.wait(lambda: ward.server.current("Patient", "srv-1"), "the patient under the server's id")
    w.key("Control", "2")
    w.find(contains="Gout")
    ward.sync()
    w.wait(lambda: ward.ctl("outbox", "list") == [], "everything to be sent")
    # What the chart writes now belongs to the patient's new name.
    picture("renamed")
    w.find(contains="OKAFOR, Chidi")
    gout = [r for (kind, _), v in ward.server.versions.items() for r, _ in v[-1:] if kind == "Condition"]
    assert gout[0]["subject"]["reference"] == "Patient/srv-1", gout


def refused_images_are_told():
    folder = os.path.join(os.environ.get("ROUNDS_SHARED_DATA", "/none"), "ct-chest-lidc0314")
    slices = sorted(glob.glob(os.path.join(folder, "*.dcm")))[:3]
    if not slices:
        print("# SKIP no scans are here", flush=True)
        return
    ward.ctl("import", *slices)
    w.key("Control", "Shift", "s")
    w.key("Control", "r")
    w.find(contains="3 images not taken yet")
    picture("images")


def signed_note_is_not_overwritten():
    ward.down = 503
    ward.put(note("Ward round, day 2: typed at the same time"))
    ward.server.write(note("Ward round, day 2", "final"))
    ward.down = None
    ward.sync()
    w.key("Control", "r")
    w.press(contains="Decide: ", role="button")
    w.find(contains="was changed in two places")
    # Words, not the letters in which they travel.
    w.find(contains="Slept well.")
    w.find(contains="take theirs, and write what is yours as an addendum")
    picture("note")
    w.key("Alt", "m")
    w.key("Control", "Return")
    w.find(contains="igned notes cannot be changed")
    picture("note-refused")
    assert ward.server.current("DocumentReference", "n1")["description"] == "Ward round, day 2"
    w.key("Alt", "t")
    w.key("Control", "Return")
    w.wait(lambda: ward.ctl("conflicts", "list") == [], "the signed note to stand")
    assert ward.get("DocumentReference/n1")["docStatus"] == "final"


def decision_waits_to_be_sent():
    ward.down = None
    w.key("Escape")
    ward.change_in_two_places()
    ward.sync()
    w.key("Control", "r")
    w.press(contains="Decide: Medication", role="button")
    w.find(contains="2 fields differ")
    before = len(ward.server.versions["MedicationRequest", "m1"])
    w.key("Alt", "m")
    w.key("Control", "Return")
    w.find("Undo", "button")
    # Longer than any change waits otherwise.
    w.settle(5)
    assert len(ward.server.versions["MedicationRequest", "m1"]) == before, "it was sent while it could be taken back"
    w.press("Undo", "button")
    w.find(contains="Decide: Medication", role="button")
    w.press(contains="Decide: Medication", role="button")
    w.find(contains="2 fields differ")
    w.key("Alt", "m")
    w.key("Control", "Return")
    w.wait(lambda: len(ward.server.versions["MedicationRequest", "m1"]) > before, "the decision at the server", 40)


def main():
    if not tap.run("a window opens on a ward", window_opens):
        tap.end()
    for name, step in (("a patient whose id the server gives stays open", renamed_patient_stays_open),
                       ("images that are refused are told", refused_images_are_told),
                       ("a decision waits while it can be taken back", decision_waits_to_be_sent),
                       ("a signed note is not overwritten", signed_note_is_not_overwritten)):
        if not tap.run(name, step):
            try:
                picture("failed-" + name.replace(" ", "-"))
            except Exception:  # noqa: BLE001 the window may be gone
                pass
    w.close()
    tap.end()


main()
