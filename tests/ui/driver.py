# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the real window as a person would: finds controls by the names that a screen reader says, presses
them and keys, waits for what should appear, and takes pictures. Needs a bus and a screen (env.sh makes them).
"""
import os
import signal
import subprocess
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

PATIENCE_S = float(os.environ.get("ROUNDS_UI_PATIENCE", "30"))


class Missing(AssertionError):
    pass


class Window:
    """The program and its one window."""

    def __init__(self, program, arguments=(), environment=None, log=None):
        env = dict(os.environ)
        env.update(environment or {})
        self.log = open(log, "w") if log else None
        self.process = subprocess.Popen([program, *arguments], env=env, stdout=self.log or None,
                                        stderr=self.log or None)
        Atspi.init()
        self.application = self.wait(self._application, "the application on the accessibility bus")

    def _application(self):
        if self.process.poll() is not None:
            raise Missing(f"the program ended with {self.process.returncode}")
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            child = desktop.get_child_at_index(i)
            if child and child.get_process_id() == self.process.pid and child.get_child_count():
                return child
        return None

    # --- waiting and finding ----------------------------------------------------------------------

    def wait(self, probe, what, patience_s=None):
        """Calls probe until it gives something; GLib events go on meanwhile."""
        deadline = time.monotonic() + (patience_s or PATIENCE_S)
        context = GLib.MainContext.default()
        while True:
            while context.iteration(False):
                pass
            try:
                found = probe()
            except GLib.Error:
                found = None  # it went away while we looked
            if found:
                return found
            if time.monotonic() > deadline:
                raise Missing(f"waited in vain for {what}")
            if self.process.poll() is not None:
                raise Missing(f"the program ended with {self.process.returncode} while waiting for {what}")
            time.sleep(0.05)

    def walk(self, node=None, depth=0):
        if node is None:
            # After a lock the program has put itself in its own place: the same process, another tree.
            self.application = self._application() or self.application
            node = self.application
        yield node
        if depth > 60:
            return
        for i in range(node.get_child_count()):
            child = node.get_child_at_index(i)
            if child is not None:
                yield from self.walk(child, depth + 1)

    @staticmethod
    def showing(node):
        return node.get_state_set().contains(Atspi.StateType.SHOWING)

    def look(self, name=None, role=None, contains=None, within=None):
        """The first showing control of that name, or None. role: "button", "text"…"""
        for node in self.walk(within):
            try:
                if role and node.get_role_name() != role:
                    continue
                title = node.get_name() or ""
                if name is not None and title != name:
                    continue
                if contains is not None and contains not in title:
                    continue
                if self.showing(node):
                    return node
            except GLib.Error:
                continue
        return None

    def find(self, name=None, role=None, contains=None, patience_s=None, within=None):
        what = f"{role or 'control'} “{name or contains}”"
        return self.wait(lambda: self.look(name, role, contains, within), what, patience_s)

    def gone(self, name=None, role=None, contains=None, patience_s=None):
        return self.wait(lambda: self.look(name, role, contains) is None, f"“{name or contains}” to go", patience_s)

    def text_of(self, node):
        interface = node.get_text_iface()
        return Atspi.Text.get_text(interface, 0, -1) if interface else node.get_name()

    def all_names(self):
        return [n.get_name() for n in self.walk() if n.get_name() and self.showing(n)]

    # --- acting -----------------------------------------------------------------------------------

    def press(self, name=None, role=None, contains=None, patience_s=None):
        """Does a control's first action ("click")."""
        node = self.find(name, role, contains, patience_s)
        self.act(node)
        return node

    def act(self, node):
        while node is not None:
            action = node.get_action_iface()
            if action is not None and Atspi.Action.get_n_actions(action) > 0:
                Atspi.Action.do_action(action, 0)
                return
            node = node.get_parent()
        raise Missing("nothing here can be pressed")

    def enter(self, text, name=None, role=None):
        """Sets the text of an entry."""
        def editable():
            for node in self.walk():
                try:
                    # A required field carries a star.
                    if name is not None and (node.get_name() or "").removesuffix(" *") != name:
                        continue
                    if role and node.get_role_name() != role:
                        continue
                    if not self.showing(node):
                        continue
                    for part in self.walk(node):
                        if part.get_editable_text_iface() is not None and self.showing(part):
                            return part
                except GLib.Error:
                    continue
            return None
        node = self.wait(editable, f"entry “{name}”")
        Atspi.EditableText.set_text_contents(node.get_editable_text_iface(), text)
        return node

    def key(self, *keysyms):
        """Presses a chord, for example key("Control", "f")."""
        codes = {"Control": 0xFFE3, "Shift": 0xFFE1, "Alt": 0xFFE9, "Return": 0xFF0D, "Escape": 0xFF1B,
                 "Tab": 0xFF09, "Up": 0xFF52, "Down": 0xFF54, "Left": 0xFF51, "Right": 0xFF53, "Home": 0xFF50,
                 "End": 0xFF57, "Page_Down": 0xFF56, "Page_Up": 0xFF55, "Delete": 0xFFFF, "F2": 0xFFBF,
                 "F9": 0xFFC6, "space": 0x20, "plus": 0x2B, "minus": 0x2D}
        values = [codes.get(k) or ord(k) for k in keysyms]
        for value in values[:-1]:
            self._key(value, True)
        self._key(values[-1], True)
        self._key(values[-1], False)
        for value in reversed(values[:-1]):
            self._key(value, False)
        self.settle()

    def type(self, text):
        """Types into what has the focus, as far as a plain keyboard goes."""
        names = {" ": 0x20, ".": 0x2E, ":": 0x3A, "/": 0x2F, "-": 0x2D}
        for letter in text:
            keysym = names.get(letter) or ord(letter)
            shift = letter.isupper() or letter in ":"
            if shift:
                self._key(0xFFE1, True)
            self._key(keysym, True)
            self._key(keysym, False)
            if shift:
                self._key(0xFFE1, False)
        self.settle()

    @staticmethod
    def _key(keysym, down):
        import ctypes
        if not hasattr(Window, "_x"):
            x = ctypes.CDLL("libX11.so.6")
            xtst = ctypes.CDLL("libXtst.so.6")
            x.XOpenDisplay.restype = ctypes.c_void_p
            x.XKeysymToKeycode.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
            x.XFlush.argtypes = [ctypes.c_void_p]
            xtst.XTestFakeKeyEvent.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong]
            xtst.XTestFakeMotionEvent.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                                                  ctypes.c_ulong]
            xtst.XTestFakeButtonEvent.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong]
            Window._x = (x, xtst, x.XOpenDisplay(None))
        x, xtst, display = Window._x
        xtst.XTestFakeKeyEvent(display, x.XKeysymToKeycode(display, keysym), int(down), 0)
        x.XFlush(display)

    def pointer(self, x, y, button=None, clicks=1):
        """Moves the pointer in pixels of the screen; presses a button there."""
        self._key(0xFFE1, False)
        lib, xtst, display = Window._x
        xtst.XTestFakeMotionEvent(display, -1, int(x), int(y), 0)
        for _ in range(clicks if button else 0):
            xtst.XTestFakeButtonEvent(display, button, 1, 0)
            xtst.XTestFakeButtonEvent(display, button, 0, 0)
        lib.XFlush(display)
        self.settle()

    def drag(self, x0, y0, x1, y1, button=1, steps=12):
        self.pointer(x0, y0)
        lib, xtst, display = Window._x
        xtst.XTestFakeButtonEvent(display, button, 1, 0)
        for i in range(1, steps + 1):
            xtst.XTestFakeMotionEvent(display, -1, int(x0 + (x1 - x0) * i / steps),
                                      int(y0 + (y1 - y0) * i / steps), 0)
            lib.XFlush(display)
            self.settle(0.02)
        xtst.XTestFakeButtonEvent(display, button, 0, 0)
        lib.XFlush(display)
        self.settle()

    def settle(self, seconds=0.15):
        """Lets events of both sides through; no condition is waited for here."""
        deadline = time.monotonic() + seconds
        context = GLib.MainContext.default()
        while time.monotonic() < deadline:
            while context.iteration(False):
                pass
            time.sleep(0.01)

    def shot(self, path):
        self.settle(0.4)
        subprocess.run(["import", "-window", "root", path], check=True)

    # --- ending -----------------------------------------------------------------------------------

    def kill(self):
        """As a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


class Tap:
    """Numbers test points and keeps on after a failure."""

    def __init__(self):
        self.n = 0
        self.failed = 0

    def point(self, ok, name):
        self.n += 1
        self.failed += not ok
        print(("ok" if ok else "not ok"), self.n, name, flush=True)

    def run(self, name, function):
        try:
            function()
            self.point(True, name)
            return True
        except Exception as error:  # noqa: BLE001 the point is what failed, whatever it was
            print(f"# {type(error).__name__}: {error}", flush=True)
            self.point(False, name)
            return False

    def end(self):
        print(f"1..{self.n}", flush=True)
        sys.exit(1 if self.failed else 0)
