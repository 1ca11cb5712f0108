#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# S6, S8 and S9 of the goals: opening a CT stack from the encrypted cache against pydicom
# reading and stacking the same files, window and level of a frame against copying its
# bytes, memory of an open stack.
#
#   scans.py BUILD          (BUILD/tests/scans/scans-run must be built)

import os
import time
from pathlib import Path

from table import against, below, build_folder, run, skip, try_peer

TOP = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ROUNDS_SHARED_DATA", TOP.parent / "shared" / "data"))


def pydicom_stack(folder):
    import numpy as np
    import pydicom

    start = time.perf_counter()
    sets = [pydicom.dcmread(p) for p in sorted(folder.iterdir()) if p.suffix == ".dcm"]
    sets.sort(key=lambda d: float(d.ImagePositionPatient[2]))
    np.stack([d.pixel_array for d in sets])
    return (time.perf_counter() - start) * 1000


def main():
    build = build_folder()
    folder = SHARED / "ct-chest-lidc0314"
    if folder.is_dir():
        ours = min((run(build, "scans/scans-run", "stack", folder) for _ in range(3)), key=lambda r: r["all_ms"])
        peer = try_peer(pydicom_stack, folder)
        n = ours["slices"]
        against("S6", f"{n} slices from the cache, all viewable", ours["all_ms"], "pydicom", peer, 1 / 4)
        against("S6", f"{n} slices from the cache, first image", ours["first_ms"], "pydicom", peer, 1 / 10)
        below("S6", "first image after the click", ours["first_ms"], 150)
        against("S9", "memory of the open stack", ours["cache_bytes"] / 2**20, "its pixels", ours["pixel_bytes"] / 2**20,
                1.3, "MiB")
    else:
        skip("S6", "opening a stack; S9, its memory", f"{folder} is not there")
    for side, limit in ((512, 2), (3000, 8)):
        r = run(build, "scans/scans-run", "window", side)
        beside = f"memcpy {r['memcpy_ms']:.3g} ms"
        below("S8", f"window and level, {side} x {side}", r["window_ms"], limit, beside=beside)
        below("S8", "the same drawn at half size or less", r["half_ms"], limit, beside=beside)


if __name__ == "__main__":
    main()
