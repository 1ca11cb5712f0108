# SPDX-License-Identifier: GPL-3.0-or-later
#
# The one table that every bench here prints into: goal, what, ours, the peer's own figure, the ratio, the goal and
# whether it was reached. A peer that this machine lacks is named and its row skipped: it is never taken as reached.

import json
import subprocess
import sys

WIDTHS = (4, 45, 12, 24, 8, 20)


def line(*cells):
    print("  ".join(f"{c:<{w}}" for c, w in zip(cells, WIDTHS)) + "  " + cells[-1], flush=True)


def head():
    line("", "work", "ours", "peer", "ratio", "goal", "")
    line(*("-" * w for w in WIDTHS), "------")


def row(goal, what, ours, peer="", ratio="", limit="", ok=True):
    line(goal, what, ours, peer, ratio, limit, "ok" if ok else "MISSED")


def skip(goal, what, why):
    line(goal, what, "", "", "", "", f"skipped: {why}")


def fraction(factor):
    return f"1/{1 / factor:.3g}" if 0 < factor < 1 else f"{factor:.3g} x"


def against(goal, what, ours, name, peer, factor, unit="ms"):
    """Ours may be at most factor times the peer's figure; peer is None where the machine lacks it."""
    if peer is None:
        skip(goal, what, f"{name} is not here")
        return
    row(goal, what, f"{ours:.4g} {unit}", f"{name} {peer:.4g} {unit}", fraction(ours / peer), f"<= {fraction(factor)}",
        ours <= factor * peer)


def below(goal, what, ours, limit, unit="ms", beside=""):
    """Ours may be at most the limit itself; beside is what to see it next to."""
    row(goal, what, f"{ours:.4g} {unit}", beside, "", f"<= {limit:g} {unit}", ours <= limit)


def note(text):
    print(f"      {text}", flush=True)


def try_peer(measure, *args):
    """What the peer took, or None where its module or its program is not installed."""
    try:
        return measure(*args)
    except (ImportError, FileNotFoundError):
        return None


def run(build, program, *args, env=None):
    """What our program said in its last line, a JSON object."""
    p = subprocess.run([f"{build}/tests/{program}", *map(str, args)], check=True, stdout=subprocess.PIPE, text=True, env=env)
    return json.loads(p.stdout.splitlines()[-1])


def build_folder():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} BUILD")
    return sys.argv[1]


if __name__ == "__main__":
    head()
