#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clinician's own account in the real window: made, a patient created, locked, a wrong passphrase, unlocked by
the recovery key; a connection to a server that is not there; the desktop's keyring, which opens once and then never
after a lock; and a damaged cache that is set aside.
"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Tap, Window  # noqa: E402

PROGRAM, PICTURES, CTL = sys.argv[1:4]
PROFILE = os.path.join(os.environ["HOME"], "account")
tap = Tap()
recovery = ""


def picture(name):
    w.shot(os.path.join(PICTURES, name + ".png"))


def account_is_made():
    global w, recovery
    w = Window(PROGRAM, ["--profile", PROFILE], log=os.path.join(PICTURES, "accounts.log"))
    w.enter("Dr T. Example", "Your name")
    w.enter("short", "New passphrase")
    w.enter("short", "The same again")
    w.press("Create Account", "button")
    w.find(contains="shorter than 8")
    w.enter("correct horse", "New passphrase")
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


def ctl(*arguments):
    with open(os.path.join(os.environ["HOME"], "pass"), "w") as out:
        out.write("correct horse")
    return subprocess.run([CTL, "--profile", PROFILE, "--passphrase-file", out.name, *arguments], text=True, check=True,
                          capture_output=True).stdout


def open_again():
    global w
    w.close()
    w = Window(PROGRAM, ["--profile", PROFILE], log=os.path.join(PICTURES, "accounts-again.log"))
    w.find("Unlock", "button")


def unlock():
    w.enter("correct horse", "Passphrase")
    w.press("Unlock", "button")
    w.find("Search patients", "entry", patience_s=60)


def login_again():
    """The mark of the desktop's session goes with its runtime folder."""
    shutil.rmtree(os.path.join(os.environ["XDG_RUNTIME_DIR"], "rounds-opened"), ignore_errors=True)


KEYRING = "Unlock with the Desktop’s Keyring"


def keyring_is_turned_on():
    if not shutil.which("gnome-keyring-daemon"):
        print("# SKIP gnome-keyring-daemon is not installed")
        return
    subprocess.run(["gnome-keyring-daemon", "--unlock", "--components=secrets"], input=b"login password", check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert not w.look(KEYRING, "button")
    open_again()
    assert not w.look(KEYRING, "button")
    unlock()
    w.key("Control", "k")
    w.enter("this desktop", "Find or do")
    w.find("Unlock with This Desktop")
    w.key("Return")
    w.find(contains="Whoever is logged in")
    w.key("space")
    w.enter("wrong horse", "Passphrase")
    w.press("Turn On", "button")
    w.find(contains="rong")
    w.enter("correct horse", "Passphrase")
    w.press("Turn On", "button")
    w.find(contains="its keyring opens Rounds once", patience_s=60)
    picture("keyring-on")
    w.key("Escape")


def keyring_opens_once():
    if not shutil.which("gnome-keyring-daemon"):
        return
    # In this desktop session somebody was in already: no click opens after a lock, nor after a new start.
    w.key("Control", "l")
    w.find("Unlock", "button")
    w.find("Passphrase")
    assert not w.look(KEYRING, "button")
    open_again()
    assert not w.look(KEYRING, "button")
    login_again()
    open_again()
    w.find(KEYRING, "button")
    picture("keyring-offered")
    w.press(KEYRING, "button")
    w.find(contains="MUSTER", patience_s=60)
    w.key("Control", "l")
    w.find("Unlock", "button")
    w.find("Passphrase")
    assert not w.look(KEYRING, "button")


def clear_keyring():
    """Deletes every secret, as somebody tidying up the keyring would."""
    from gi.repository import Gio, GLib
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    found, _ = bus.call_sync("org.freedesktop.secrets", "/org/freedesktop/secrets", "org.freedesktop.Secret.Service",
                             "SearchItems", GLib.Variant("(a{ss})", ({},)), None, 0, -1, None).unpack()
    assert found
    for item in found:
        bus.call_sync("org.freedesktop.secrets", item, "org.freedesktop.Secret.Item", "Delete", None, None, 0, -1, None)


def lost_keyring_falls_back():
    if not shutil.which("gnome-keyring-daemon"):
        return
    login_again()
    open_again()
    clear_keyring()
    w.press(KEYRING, "button")
    w.find(contains="no key for this account", patience_s=60)
    picture("keyring-lost")
    unlock()
    w.find(contains="MUSTER")
    w.close()
    ctl("profile", "keyring", "disable")


def damaged_cache_is_set_aside():
    global w
    # The records themselves can be read.
    with open(os.path.join(PROFILE, "pixels.db"), "wb") as pixels:
        pixels.write(b"x" * 65536)
    w = Window(PROGRAM, ["--profile", PROFILE], log=os.path.join(PICTURES, "accounts-damaged.log"))
    w.enter("wrong horse", "Passphrase")
    w.press("Unlock", "button")
    w.find(contains="rong")
    assert not w.look("Set Aside and Go On…", "button")
    w.enter("correct horse", "Passphrase")
    w.press("Unlock", "button")
    w.find("Set Aside and Go On…", "button", patience_s=60)
    picture("damaged")
    w.press("Set Aside and Go On…", "button")
    w.find(contains="Nothing is deleted")
    picture("set-aside-question")
    w.type("wrong horse")
    w.press("Set Aside", "button")
    w.find(contains="rong")
    assert not any("aside" in name or "damaged" in name for name in os.listdir(PROFILE)), os.listdir(PROFILE)
    w.press("Set Aside and Go On…", "button")
    w.find(contains="Nothing is deleted")
    w.type("correct horse")
    w.press("Set Aside", "button")
    w.find("The damaged cache was set aside", patience_s=60)
    w.find(contains="1 change that was not sent yet")
    picture("set-aside")
    aside = [name for name in os.listdir(PROFILE) if name.startswith("set-aside-")]
    assert len(aside) == 1
    with open(os.path.join(PROFILE, aside[0], "pixels.db"), "rb") as kept:
        assert kept.read() == b"x" * 65536
    w.press("Go On", "button")
    w.find(contains="MUSTER")
    w.find(contains="1 to send")


def main():
    for name, step in (("an account is made, with its recovery key", account_is_made),
                       ("a patient is created", patient_is_created),
                       ("a wrong passphrase opens nothing", wrong_passphrase_is_refused),
                       ("the recovery key opens", recovery_key_opens),
                       ("a server that is not there is said", absent_server_is_said),
                       ("the desktop's keyring is turned on with the passphrase", keyring_is_turned_on),
                       ("the keyring opens once, and never after a lock", keyring_opens_once),
                       ("a keyring without the key leaves the passphrase", lost_keyring_falls_back),
                       ("a damaged cache is set aside", damaged_cache_is_set_aside)):
        if not tap.run(name, step):
            try:
                picture("failed-" + name.replace(" ", "-"))
            except Exception:  # noqa: BLE001 the window may be gone
                pass
    w.close()
    tap.end()


main()
