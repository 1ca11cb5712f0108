#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# S5 of the goals: each class of search at 10,000 patients beside what the Android FHIR SDK publishes for it (Pixel 7,
# milliseconds), and type-ahead at 100,000, from the first letter after opening on.
#
#   search.py BUILD          (BUILD/tests/store/search-run must be built; ROUNDS_BENCH_PATIENTS, by default 100000)

import os

from table import build_folder, below, note, row, run

MANY = int(os.environ.get("ROUNDS_BENCH_PATIENTS", 100000))
PUBLISHED = (("name", 11), ("date", 5.7), ("quantity", 3.1), ("has", 105), ("sorted by name", 497), ("by last change", 428))


def main():
    r = run(build_folder(), "store/search-run", 10000, MANY)
    for name, theirs in PUBLISHED:
        ours = r["classes"][name]
        # The processor's time: other work on the machine is not the search's.
        row("S5", f"search: {name} ({ours['n']} records)", f"{ours['cpu_ms']:.3g} ms", f"Android {theirs:g} ms",
            f"1/{theirs / ours['cpu_ms']:.3g}", "<= 1/10", ours["cpu_ms"] <= theirs / 10)
    note("medians of processor time; by the clock " + ", ".join(f"{n} {r['classes'][n]['ms']:.3g} ms" for n, _ in PUBLISHED))
    note("first pages of 50: " + ", ".join(f"{n[:-5]} {c['cpu_ms']:.3g} ms" for n, c in r["classes"].items() if n.endswith(" page")))
    note("the first search by a parameter builds its index: " +
         ", ".join(f"{n} {r['classes'][n]['first_ms']:.0f} ms" for n in ("name", "date", "quantity", "has")))
    typing = r["typing"]
    below("S5", f"type-ahead, {r['many']:,} patients, p99", typing["p99"], 20,
          beside=f"median {typing['median']:.2f}, cpu {typing['p99_cpu']:.2f}")
    below("S5", "type-ahead, first search after opening", typing["first"], 20, beside=f"slowest of 9 {typing['first_max']:.1f}")
    note(f"{typing['n']} keystrokes; memory of searching {r['memory_mb']:.0f} MB (SQLite's cache among it); importing them "
         f"{r['import_cpu_s']:.1f} s and packing their words once {r['pack_cpu_s']:.1f} s of processor time")


if __name__ == "__main__":
    main()
