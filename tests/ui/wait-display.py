#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""wait-display.py COMMAND…: runs the command as soon as the display answers. xvfb-run sometimes says that its
server is ready a moment before it takes connections."""
import ctypes
import os
import sys
import time

x = ctypes.CDLL("libX11.so.6")
x.XOpenDisplay.restype = ctypes.c_void_p
x.XCloseDisplay.argtypes = [ctypes.c_void_p]
deadline = time.monotonic() + 30
while True:
    display = x.XOpenDisplay(None)
    if display:
        x.XCloseDisplay(display)
        break
    if time.monotonic() > deadline:
        sys.exit(f"the display {os.environ.get('DISPLAY')} does not answer")
    time.sleep(0.05)
os.execvp(sys.argv[1], sys.argv[1:])
