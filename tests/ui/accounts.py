#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clinician's own account in the real window: made, a patient created, locked, a wrong passphrase, unlocked by
the recovery key; and a connection to a server that is not there.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Tap, Window  # noqa: E402

PROGRAM, PICTURES = sys.argv[1:3]
PROFILE = os.path.join(os.environ["HOME"], "account")
tap = Tap()
recovery = ""


def picture(name):
    w.shot(os.path.join(PICTURES, name + ".png"))


def account_is_made():
    global w, recovery
    w = Window(PROGRAM, ["--profile", PROFILE], log=os.path.join(PICTURES, "accounts.log"))
    w.enter("Dr T. Example", "Your name")
    w.enter("short", "Passphrase, at least 8 characters")
    w.enter("short", "The same again")
    w.press("Create Account", "button")
    w.find(contains="shorter than 8")
    w.enter("correct horse", "Passphrase, at least 8 characters")
    w.enter("correct horse", "The same again")
    w.press("Create Account", "button")
    w.find(contains="I Have Written It Down", role="button", patience_s=60)
    picture("recovery-key")
    recovery = next(n for n in w.all_names() if n.count("-") >= 6 and n.upper() == n)
    w.press("I Have Written It Down", "button")
    w.find("Search patients", "entry")
    picture("empty")


def patient_is_created():
    w.key("Control", "Shift", "n")
    w.enter("Muster", "Family name")
    w.enter("Maxi", "Given names")
    w.enter("1980-02-29", "Birth date")
    picture("new-patient")
    w.key("Control", "Return")
    w.find("MUSTER, Maxi", "heading")
    w.find(contains="1 to send")
    picture("created")


def wrong_passphrase_is_refused():
    w.key("Control", "l")
    w.find("Unlock", "button")
    assert not any("MUSTER" in n for n in w.all_names())
    w.enter("wrong horse", "Passphrase")
    w.press("Unlock", "button")
    w.find(contains="rong")
    picture("wrong")


def recovery_key_opens():
    w.press("Use the recovery key", "toggle button")
    w.enter(recovery, "Recovery key")
    w.press("Unlock", "button")
    w.find(contains="MUSTER", patience_s=60)


def absent_server_is_said():
    w.key("Control", "Shift", "c")
    w.press("Add a Connection…", "button")
    w.enter("nowhere", "Name (letters, digits, dots, dashes)")
    w.enter("http://127.0.0.1:9/fhir", "Address for records: FHIR R4 (https://…)")
    w.press("Save and Try", "button")
    w.find(contains="Nothing was changed", patience_s=60)
    picture("not-there")
    w.key("Control", "Shift", "s")
    w.find(contains="Offline", patience_s=60)
    w.find(contains="Nothing is lost")
    picture("offline")


def main():
    for name, step in (("an account is made, with its recovery key", account_is_made),
                       ("a patient is created", patient_is_created),
                       ("a wrong passphrase opens nothing", wrong_passphrase_is_refused),
                       ("the recovery key opens", recovery_key_opens),
                       ("a server that is not there is said", absent_server_is_said)):
        if not tap.run(name, step):
            try:
                picture("failed-" + name.replace(" ", "-"))
            except Exception:  # noqa: BLE001 the window may be gone
                pass
    w.close()
    tap.end()


main()
