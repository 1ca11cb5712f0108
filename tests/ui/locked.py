#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lock leaves behind: neither key nor passphrase nor patient in the memory of the window's program, and a
window that opens again as it was. Also: locked by idleness, by the desktop's screen lock and before sleep.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Tap, Window  # noqa: E402

PROGRAM, PICTURES, CTL = sys.argv[1:4]
SCAN = os.path.join(os.path.dirname(PICTURES), "scan-memory")
PROFILE = os.path.join(os.environ["HOME"], "account")
PASSPHRASE = "Zwiebelfisch 4711 auf Reisen"
FAMILY, NOTE = "Quittenbaum", "Sanddornallee 77"
tap = Tap()


def ctl(*arguments):
    with open(os.path.join(os.environ["HOME"], "pass"), "w") as out:
        out.write(PASSPHRASE)
    return subprocess.run([CTL, "--profile", PROFILE, "--passphrase-file", out.name, *arguments], text=True,
                          check=True, capture_output=True).stdout


def scan():
    """How often key, passphrase, family name and address stand in the program's memory; None: may not be read."""
    done = subprocess.run([SCAN, str(w.process.pid), PROFILE, PASSPHRASE, FAMILY, NOTE], capture_output=True, text=True)
    if done.returncode == 77:
        return None
    assert done.returncode == 0, done.stderr
    return [int(n) for n in done.stdout.split()]


def unlock():
    w.find("Unlock", "button")
    w.enter(PASSPHRASE, "Passphrase")
    w.press("Unlock", "button")
    w.find("Search patients", "entry", patience_s=60)


def show_patient():
    w.enter(FAMILY, "Search patients")
    w.find(contains=FAMILY.upper())
    w.key("Return")
    w.find(contains="QUITTENBAUM", role="heading")


def unlocked_memory_holds_them():
    global w
    ctl("profile", "create", "--name", "Dr L. Example", "--role", "physician")
    record = os.path.join(os.environ["HOME"], "canary.json")
    with open(record, "w") as out:
        out.write('{"resourceType":"Patient","id":"canary","name":[{"family":"%s","given":["Adele"]}],'
                  '"birthDate":"1950-05-05","address":[{"line":["%s"]}]}' % (FAMILY, NOTE))
    ctl("resource", "put", "Patient/canary", record)
    w = Window(PROGRAM, ["--profile", PROFILE], log=os.path.join(PICTURES, "locked.log"))
    unlock()
    show_patient()
    found = scan()
    if found is None:
        print("# SKIP the memory of another program may not be read here")
        return
    # The search itself must be able to find: what it finds after the lock is then believed.
    assert found[0] > 0 and found[2] > 0, found
    # No other program of this account may look, and no core file is left.
    with open(f"/proc/{w.process.pid}/limits") as limits:
        assert any(line.split()[:6] == ["Max", "core", "file", "size", "0", "0"] for line in limits)
    assert os.stat(f"/proc/{w.process.pid}/mem").st_uid == 0


def locked_memory_holds_nothing():
    pid = w.process.pid
    w.key("Control", "l")
    w.find("Unlock", "button")
    w.wait(lambda: "--profile" in open(f"/proc/{pid}/cmdline").read(), "the new image")
    w.find("Passphrase")
    assert not any(FAMILY.upper() in n.upper() for n in w.all_names())
    # The old image may still be closing the cache while its window is blank.
    found = w.wait(lambda: (lambda f: f is None or f == [0, 0, 0, 0])(scan()) or None, "the memory to be clean", 20)
    assert found
    w.shot(os.path.join(PICTURES, "locked.png"))


def it_opens_again():
    unlock()
    show_patient()
    assert w.process.poll() is None


def idleness_locks():
    global w
    w.close()
    w = Window(PROGRAM, ["--profile", PROFILE], environment={"ROUNDS_IDLE_SECONDS": "2"},
               log=os.path.join(PICTURES, "idle.log"))
    unlock()
    w.find(contains="without input")
    w.find("Unlock", "button")


def screen_lock_locks():
    from gi.repository import Gio, GLib
    global w
    w.close()
    w = Window(PROGRAM, ["--profile", PROFILE], log=os.path.join(PICTURES, "screen.log"))
    unlock()
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                  GLib.Variant("(su)", ("org.gnome.ScreenSaver", 0)), None, 0, -1, None)
    bus.emit_signal(None, "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver", "ActiveChanged", GLib.Variant("(b)", (True,)))
    bus.flush_sync()
    w.find(contains="Locked with the screen")
    w.find("Unlock", "button")
    w.close()


for name, step in (("an unlocked window holds the key and the patient", unlocked_memory_holds_them),
                   ("after the lock its memory holds neither", locked_memory_holds_nothing),
                   ("it opens again", it_opens_again),
                   ("idleness locks", idleness_locks),
                   ("the screen's lock locks", screen_lock_locks)):
    if not tap.run(name, step):
        try:
            w.shot(os.path.join(PICTURES, "failed-locked-%d.png" % tap.n))
        except Exception:  # noqa: BLE001 the window may be gone
            pass
tap.end()
