#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# S6, S8 and S9 of the goals: opening a CT stack from the encrypted cache against pydicom
# reading and stacking the same files, window and level of a frame against copying its
# bytes, memory of an open stack.
#
#   scans.py BUILD          (BUILD/tests/scans/scans-run must be built)

import json
import os
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ROUNDS_SHARED_DATA", TOP.parent / "shared" / "data"))


def run(build, *args):
    p = subprocess.run([f"{build}/tests/scans/scans-run", *args], check=True, capture_output=True, text=True)
    return json.loads(p.stdout.splitlines()[-1])


def row(name, figure, peer, goal, ok):
    print(f"{name:44} {figure:>18} {peer:>26} {goal:>22}  {'ok' if ok else 'MISSED'}", flush=True)


def pydicom_stack(folder):
    import numpy as np
    import pydicom

    start = time.perf_counter()
    sets = [pydicom.dcmread(p) for p in sorted(folder.iterdir()) if p.suffix == ".dcm"]
    sets.sort(key=lambda d: float(d.ImagePositionPatient[2]))
    stack = np.stack([d.pixel_array for d in sets])
    return (time.perf_counter() - start) * 1000, stack


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build-release"
    folder = SHARED / "ct-chest-lidc0314"
    if folder.is_dir():
        ours = min((run(build, "stack", str(folder)) for _ in range(3)), key=lambda r: r["all_ms"])
        peer, stack = pydicom_stack(folder)
        row(f"S6 {ours['slices']} slices, all viewable", f"{ours['all_ms']:.0f} ms", f"pydicom {peer:.0f} ms",
            "<= 1/4", ours["all_ms"] <= peer / 4)
        row("S6 first image", f"{ours['first_ms']:.1f} ms", f"pydicom {peer:.0f} ms", "<= 1/10, <= 150 ms",
            ours["first_ms"] <= min(150, peer / 10))
        row("S9 memory of the open stack", f"{ours['cache_bytes'] / 2**20:.0f} MiB",
            f"pixels {ours['pixel_bytes'] / 2**20:.0f} MiB", "<= 1.3 x", ours["cache_bytes"] <= 1.3 * ours["pixel_bytes"])
    else:
        print(f"scans.py: {folder} is not there: S6 and S9 left out")
    for side, limit in ((512, 2.0), (3000, 8.0)):
        r = run(build, "window", str(side))
        row(f"S8 window and level, {side} x {side}", f"{r['window_ms']:.2f} ms", f"memcpy {r['memcpy_ms']:.2f} ms",
            f"<= {limit:g} ms", r["window_ms"] <= limit)
        row(f"S8 the same at half size or less", f"{r['half_ms']:.2f} ms", f"memcpy {r['memcpy_ms']:.2f} ms",
            f"<= {limit:g} ms", r["half_ms"] <= limit)


if __name__ == "__main__":
    main()
