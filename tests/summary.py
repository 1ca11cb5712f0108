#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up what meson's test logs say: every TAP point counts, a test without TAP counts once.

Prints failed and skipped points by name, then "N passed, N failed, N skipped" as the last line.
"""
import glob
import json
import os
import re
import sys

POINT = re.compile(r"^(ok|not ok)\s+\d+\s*(.*)$")
DIRECTIVE = re.compile(r"#\s*(SKIP|TODO)\b\s*(.*)$", re.IGNORECASE)


def points(entry):
    """(result, name) for every point of one test program."""
    found = []
    for line in (entry.get("stdout") or "").splitlines():
        match = POINT.match(line)
        if not match:
            continue
        name = match.group(2)
        directive = DIRECTIVE.search(name)
        if directive:
            found.append(("skip", name))
        else:
            found.append(("pass" if match.group(1) == "ok" else "fail", name))
    result = entry["result"]
    if not found:
        if result in ("OK", "EXPECTEDFAIL"):
            return [("pass", entry["name"])]
        if result == "SKIP":
            return [("skip", entry["name"])]
        return [("fail", entry["name"])]
    # A program that died after its last point has failed once more than its points say.
    if result not in ("OK", "SKIP", "EXPECTEDFAIL") and not any(r == "fail" for r, _ in found):
        found.append(("fail", entry["name"] + ": " + result.lower()))
    return found


def main(folder):
    count = {"pass": 0, "fail": 0, "skip": 0}
    lines = []
    for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
        run = os.path.basename(path)[:-5]
        with open(path, encoding="utf-8") as f:
            for line in f:
                entry = json.loads(line)
                for result, name in points(entry):
                    count[result] += 1
                    if result != "pass":
                        lines.append(f"{result}: [{run}] {entry['name']}: {name}")
    extra = os.path.join(folder, "extra-failed")
    if os.path.exists(extra):
        for line in open(extra, encoding="utf-8"):
            count["fail"] += 1
            lines.append("fail: " + line.strip())
    for line in lines:
        print(line)
    print(f"{count['pass']} passed, {count['fail']} failed, {count['skip']} skipped")
    return 1 if count["fail"] or not count["pass"] else 0


sys.exit(main(sys.argv[1]))
