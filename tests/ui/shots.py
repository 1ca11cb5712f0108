#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of every screen for one kind of display: shots.py PROGRAM FOLDER KIND. Controls are found by role and
place rather than by name, so that the same walk works in every language."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Missing, Window  # noqa: E402

PROGRAM, FOLDER, KIND = sys.argv[1:4]
WIDTH, HEIGHT = (int(v) for v in os.environ["ROUNDS_SHOT_SIZE"].split("x"))


def shot(w, name):
    w.settle(1.2)
    w.shot(os.path.join(FOLDER, f"{name}-{KIND}.png"))


def section(w, words):
    w.key("Control", "k")
    w.settle(0.4)
    for letter in words:
        w.key(letter)
    w.settle(0.5)
    w.key("Return")
    w.settle(0.8)


def main():
    w = Window(PROGRAM, ["--demo"], log=os.path.join(FOLDER, KIND + ".log"))
    w.wait(lambda: w.look(role="list"), "the ward", 180)
    shot(w, "ward")
    w.key("Control", "k")
    w.settle(0.5)
    for letter in "hickle":
        w.key(letter)
    w.settle(1.0)
    shot(w, "palette")
    w.key("Return")
    w.wait(lambda: w.look(contains="HICKLE", role="heading"), "the patient")
    shot(w, "summary")
    for page, key in (("chart", "2"), ("scans", "3"), ("vitals", "4")):
        w.key("Control", key)
        shot(w, page)
    w.key("Control", "2")
    w.key("Alt", "3")
    w.settle(0.6)
    shot(w, "medications")
    w.key("n")
    shot(w, "prescribe")
    w.key("Escape")
    w.key("Control", "3")
    w.settle(1.0)
    w.pointer(WIDTH // 2, HEIGHT // 2, 1)
    try:
        # The switch of the enhancement panel is the one check box of the page; narrow windows fold it away.
        w.press(role="check box", patience_s=3)
        w.settle(4.0)
        shot(w, "enhanced")
        if KIND == "dark":
            w.press(name="Wipe", patience_s=3)
            w.settle(2.0)
            shot(w, "wipe")
    except Missing:
        pass
    w.key("Control", "Shift", "s")
    shot(w, "sync")
    w.key("Control", "l")
    shot(w, "unlock")
    w.close()


main()
