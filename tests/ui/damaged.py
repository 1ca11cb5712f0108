#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache that is damaged where no opening reads: the window finds it by itself and says what to do."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Tap, Window  # noqa: E402

PROGRAM, PICTURES, CTL = sys.argv[1:4]
PROFILE = os.path.join(os.environ["HOME"], "account")
PASSPHRASE = "Zwiebelfisch 4711 auf Reisen"
PAGE = 16384
tap = Tap()


def ctl(*arguments, check=True):
    with open(os.path.join(os.environ["HOME"], "pass"), "w") as out:
        out.write(PASSPHRASE)
    return subprocess.run([CTL, "--profile", PROFILE, "--passphrase-file", out.name, *arguments], text=True,
                          check=check, capture_output=True)


def damage():
    """One byte of a page that only a check reads."""
    path = os.path.join(PROFILE, "records.db")
    whole = open(path, "rb").read()
    for page in range(len(whole) // PAGE - 1, 1, -1):
        changed = bytearray(whole)
        changed[page * PAGE + 500] ^= 1
        with open(path, "wb") as out:
            out.write(changed)
        if ctl("resource", "get", "Patient/p1", check=False).returncode == 0 and \
           ctl("profile", "check", check=False).returncode == 4:
            return
    raise AssertionError("no page that only a check reads")


def window_tells_of_damage():
    ctl("profile", "create", "--name", "Dr L. Example", "--role", "physician")
    record = os.path.join(os.environ["HOME"], "p1.json")
    with open(record, "w") as out:
        out.write('{"resourceType":"Patient","id":"p1","name":[{"family":"Quittenbaum","given":["Adele"]}]}')
    ctl("resource", "put", "Patient/p1", record)
    damage()
    w = Window(PROGRAM, ["--profile", PROFILE], environment={"ROUNDS_CHECK_AFTER_S": "0"},
               log=os.path.join(PICTURES, "damaged.log"))
    w.find("Unlock", "button")
    w.enter(PASSPHRASE, "Passphrase")
    w.press("Unlock", "button")
    w.find(contains="This cache is damaged", patience_s=60)
    w.find(contains="set-aside")
    # A line, not all that follows from it.
    assert all(len(name) < 500 for name in w.all_names()), [n for n in w.all_names() if len(n) >= 500]
    w.settle()
    w.shot(os.path.join(PICTURES, "damaged.png"))
    w.press("Close", "button")
    # Work goes on behind it.
    w.find("Search patients", "entry")
    w.close()


tap.run("the window tells of damage that no opening finds", window_tells_of_damage)
tap.end()
