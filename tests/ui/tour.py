#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks the demo ward on a virtual display and leaves a picture of each stop: what ./dev run does where there is
nobody to look."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Window  # noqa: E402

PROGRAM, PICTURES = sys.argv[1:3]
number = 0


def stop(w, name):
    global number
    number += 1
    w.settle(0.8)
    w.shot(os.path.join(PICTURES, f"{number:02d}-{name}.png"))
    print(f"tour: {name}", file=sys.stderr)


def main():
    w = Window(PROGRAM, ["--demo", *sys.argv[3:]], log=os.path.join(PICTURES, "window.log"))
    w.find(contains="HICKLE", patience_s=180)
    stop(w, "the-ward")
    w.key("Control", "f")
    w.enter("hickle", "Search patients")
    w.settle(0.5)
    w.key("Return")
    w.find("HICKLE, Alfonzo", "heading")
    w.find(contains="CT chest")
    stop(w, "a-patient")

    w.key("Control", "2")
    w.press(contains="Add problem", role="button")
    w.enter("Acute kidney injury, stage 1", "Problem")
    w.settle(0.5)
    w.key("Control", "Return")
    w.find(contains="Acute kidney injury", role="table row")
    stop(w, "an-edit")

    w.key("Control", "3")
    w.find(contains="1 of 69", role="image")
    w.pointer(640, 560, 1)
    for _ in range(30):
        w.key("Down")
    w.find(contains="31 of 69", role="image")
    stop(w, "the-ct-scrolled")
    w.press("Enhance", "check box")
    w.find(contains=", enhanced", role="image", patience_s=60)
    stop(w, "enhanced")
    w.press("Wipe", "toggle button")
    stop(w, "wipe")
    w.press("Off", "toggle button")

    w.key("Control", "4")
    w.find("Latest values", "table")
    stop(w, "vitals")
    w.close()


main()
