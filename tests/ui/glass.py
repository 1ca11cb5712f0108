#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Break-glass in the real window: restricted records are announced, open with a reason, and close again."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "cli")]
import fhirserver  # noqa: E402
from driver import Tap, Window  # noqa: E402

PROGRAM, PICTURES, CTL = sys.argv[1:4]
HOME = os.environ["HOME"]
PASSPHRASE = "correct horse"
LABEL = '"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]},'
tap = Tap()
w = None


def ctl(profile, *arguments):
    return subprocess.run([CTL, "--profile", os.path.join(HOME, profile), "--passphrase-file", os.path.join(HOME, "pass"),
                           *arguments], text=True, capture_output=True)


def make(profile, role):
    with open(os.path.join(HOME, "pass"), "w") as out:
        out.write(PASSPHRASE)
    assert ctl(profile, "profile", "create", "--name", "Dr G. Example", "--role", role).returncode == 0
    for name, text in (("Patient/g1", '{"resourceType":"Patient","id":"g1","name":[{"family":"Glaser","given":["Mia"]}],'
                        '"birthDate":"1990-01-02"}'),
                       ("Condition/c1", '{"resourceType":"Condition","id":"c1",' + LABEL + '"code":{"text":"Hidden illness"},'
                        '"clinicalStatus":{"coding":[{"code":"active"}]},"subject":{"reference":"Patient/g1"}}')):
        path = os.path.join(HOME, "record.json")
        with open(path, "w") as out:
            out.write(text)
        done = ctl(profile, "resource", "put", name, path)
        assert done.returncode == 0, done.stderr


def open_patient(profile, name="Glaser"):
    global w
    if w is not None:
        w.close()
    w = Window(PROGRAM, ["--profile", os.path.join(HOME, profile)], log=os.path.join(PICTURES, "glass.log"))
    w.find("Unlock", "button")
    w.enter(PASSPHRASE, "Passphrase")
    w.press("Unlock", "button")
    w.enter(name, "Search patients")
    w.find(contains=name.upper())
    w.wait(lambda: not any((", Mia" if name == "Sperre" else ", Ole") in n for n in w.all_names()), "the others to go")
    w.key("Return")
    w.find(contains=name.upper(), role="heading")


def restricted_is_announced():
    make("account", "physician")
    open_patient("account")
    w.find(contains="1 record of this patient is restricted")
    assert not any("Hidden illness" in n for n in w.all_names())
    w.shot(os.path.join(PICTURES, "glass-restricted.png"))


def reason_is_asked():
    w.press("Break the Glass…", "button")
    w.find(contains="four hours")
    w.enter("soon", "Reason, in a few words")
    button = w.find("Break", "button")
    assert not button.get_state_set().contains(__import__("gi.repository.Atspi", fromlist=["x"]).StateType.SENSITIVE)
    w.enter("Unconscious in the emergency room", "Reason, in a few words")
    w.shot(os.path.join(PICTURES, "glass-dialog.png"))
    w.press("Break", "button")


def open_is_said():
    w.find(contains="Restricted records are open for another 4 h 0 min: Unconscious")
    w.find(contains="Hidden illness")
    w.shot(os.path.join(PICTURES, "glass-open.png"))


def end_closes():
    w.press("End", "button")
    w.find(contains="1 record of this patient is restricted")
    w.wait(lambda: not any("Hidden illness" in n for n in w.all_names()), "the record to go")
    trail = ctl("account", "audit", "export").stdout
    assert "110127" in trail and "110138" in trail and "Unconscious" in trail, trail


def command_line_does_it():
    done = ctl("account", "break-glass", "start", "--reason", "no")
    assert done.returncode != 0
    done = ctl("account", "break-glass", "start", "--reason", "Unconscious in the emergency room", "--patient", "g1")
    assert done.returncode == 0 and "Open until" in done.stdout, done.stderr
    done = ctl("account", "break-glass", "stop")
    assert done.returncode == 0 and "Closed" in done.stdout and "1 restricted record is hidden" in done.stdout, done.stdout


def what_waits_unseen_is_counted():
    w.find(contains="2 to send")
    w.key("Control", "Shift", "s")
    w.find(contains="1 restricted change")
    w.find(contains="GLASER")
    assert not any("Hidden illness" in n for n in w.all_names())
    w.shot(os.path.join(PICTURES, "glass-waiting.png"))
    w.key("Escape")


def nobody_writes_blind():
    """A patient restricted as a whole: said at once, also when there is nothing to hide yet."""
    path = os.path.join(HOME, "record.json")
    with open(path, "w") as out:
        out.write('{"resourceType":"Patient","id":"g2",' + LABEL + '"name":[{"family":"Sperre","given":["Ole"]}],'
                  '"birthDate":"1980-01-02"}')
    assert ctl("account", "resource", "put", "Patient/g2", path).returncode == 0
    with open(path, "w") as out:
        out.write('{"resourceType":"Condition","id":"c2","subject":{"reference":"Patient/g2"}}')
    done = ctl("account", "resource", "put", "Condition/c2", path)
    assert done.returncode == 1 and "break the glass first" in done.stderr, done.stderr
    open_patient("account", "Sperre")
    w.find(contains="This patient is restricted: nothing is shown or written")
    w.shot(os.path.join(PICTURES, "glass-shut.png"))


def a_cache_that_was_put_back_is_said():
    fhirserver.TYPES += ("AuditEvent",)
    with fhirserver.FhirServer() as server:
        assert ctl("account", "cloud", "add", "ward", "--fhir", server.url).returncode == 0
        done = ctl("account", "sync", "ward", "--once")
        assert done.returncode == 0, done.stderr
        (name,) = [name for kind, name in server.versions if kind == "AuditEvent"]
        # As if this cache had been further than it is.
        event = server.current("AuditEvent", name)
        for detail in event["entity"][0]["detail"]:
            detail["valueString"] = {"rounds-audit-length": "9999", "rounds-audit-hash": "0" * 64}[detail["type"]]
        server.write(event)
        ctl("account", "sync", "ward", "--once")
        w.find(contains="this cache was put back from outside")
        w.shot(os.path.join(PICTURES, "put-back.png"))
        w.press("On Purpose…", "button")
        w.find(contains="Was this cache put back on purpose?")
        w.shot(os.path.join(PICTURES, "put-back-dialog.png"))
        w.press("On Purpose", "button")
        w.wait(lambda: not any("was put back from outside" in n for n in w.all_names()), "the line to go")
        assert "anchor-accepted" in ctl("account", "audit", "export").stdout


for name, step in (("restricted records are announced", restricted_is_announced),
                   ("a reason is asked for", reason_is_asked),
                   ("what is open is said", open_is_said),
                   ("it ends, and both ends are on record", end_closes),
                   ("the command line does the same", command_line_does_it),
                   ("what waits unseen is counted", what_waits_unseen_is_counted),
                   ("nobody writes blind", nobody_writes_blind),
                   ("a cache that was put back is said", a_cache_that_was_put_back_is_said)):
    if not tap.run(name, step):
        try:
            w.shot(os.path.join(PICTURES, f"failed-glass-{tap.n}.png"))
        except Exception:  # noqa: BLE001 the window may be gone
            pass
if w is not None:
    w.close()
tap.end()
