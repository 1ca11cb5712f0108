#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of what sync shows, on an account with a server: shots-sync.py PROGRAM FOLDER KIND CTL."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Window  # noqa: E402
from ward import PASSPHRASE, Ward, patient, problem  # noqa: E402

PROGRAM, FOLDER, KIND, CTL = sys.argv[1:5]


def shot(w, name):
    w.settle(1.0)
    w.shot(os.path.join(FOLDER, f"{name}-{KIND}.png"))


def unlock(ward):
    w = Window(PROGRAM, ["--profile", ward.profile], log=os.path.join(FOLDER, f"sync-{KIND}.log"))
    w.find(role="button")
    w.settle(0.8)
    w.type(PASSPHRASE)
    w.key("Return")
    w.wait(lambda: ward.name not in " ".join(w.all_names()) and w.look(role="entry"), "the ward", 60)
    w.settle(1.5)
    return w


def decide(w, i):
    """Opens the i-th conflict of the list by keys: they stand first, and a small window shows few at once."""
    w.key("Home")
    for _ in range(i):
        w.key("Down")
    w.key("Return")
    w.settle(0.8)


def unlinked():
    ward = Ward(CTL, os.path.join(os.environ["HOME"], "unlinked"), link=False)
    w = unlock(ward)
    shot(w, "empty-start")
    w.key("Control", "Shift", "s")
    shot(w, "sync-unlinked")
    w.key("Escape")
    w.key("Control", "Shift", "c")
    shot(w, "connection-empty")
    w.key("Return")
    w.settle(0.5)
    w.type("ward")
    w.key("Tab")
    w.type("http://127.0.0.1:9/fhir")
    shot(w, "connection-form")
    w.key("Control", "Return")
    w.settle(1.5)
    shot(w, "connection-error")
    w.close()


def first_sync():
    ward = Ward(CTL, os.path.join(os.environ["HOME"], "first"))
    for i in range(5):
        ward.server.write(patient(i))
    for i in range(400):
        ward.server.write(problem(f"c{i}", f"Problem {i}", f"p{i % 5}"))
    answer = ward.server.answer

    def problems_take_long(method, target, if_match, body):
        if "/Condition?" in target and "_summary" not in target:
            time.sleep(8)
        return answer(method, target, if_match, body)

    ward.server.answer = problems_take_long
    w = unlock(ward)
    w.key("Control", "Shift", "s")
    w.settle(3.0)
    shot(w, "sync-first")
    w.key("Control", "f")
    w.settle(1.0)
    w.key("Down")
    w.settle(0.5)
    w.key("Return")
    shot(w, "summary-first")
    w.close()


def sign_in():
    ward = Ward(CTL, os.path.join(os.environ["HOME"], "sign-in"), link=False)
    ward.put(patient(0))
    ward.ctl("cloud", "add", "ward", "--fhir", "http://127.0.0.1:9/fhir", "--auth", "smart", "--client-id", "rounds")
    w = unlock(ward)
    w.key("Control", "Shift", "s")
    shot(w, "sync-sign-in")
    w.close()


def linked():
    ward = Ward(CTL, os.path.join(os.environ["HOME"], "linked"))
    ward.fill()
    w = unlock(ward)
    w.settle(1.5)
    w.key("Control", "Shift", "s")
    shot(w, "sync-nothing")
    w.key("Control", "Shift", "c")
    shot(w, "connection-profile")
    w.close()
    ward.put_server_back()
    ward.change_in_two_places()
    ward.delete_there()
    ward.delete_here()
    ward.refuse()
    ward.put(patient(3))
    ward.refuse_at_length()
    ward.sync()
    ward.down = 503
    ward.wait_for_night(60)
    w = unlock(ward)
    w.settle(1.5)
    w.key("Control", "Shift", "s")
    shot(w, "sync-full")
    conflicts = ward.ctl("conflicts", "list")
    for i, _ in enumerate(conflicts):
        decide(w, i)
        shot(w, f"conflict-{conflicts[i]['id']}")
        if i == 0:
            w.key("m")
            shot(w, "conflict-half")
            w.key("Alt", "t")
            shot(w, "conflict-decided")
        w.key("Escape")
        w.settle(0.3)
    w.key("End")
    shot(w, "sync-end")
    w.close()


def main():
    unlinked()
    first_sync()
    sign_in()
    linked()


main()
