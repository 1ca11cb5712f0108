#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# S1 to S3 of the goals: inserting, a chart and a scan in the encrypted cache against the same C program on plain
# sqlite3; then what the store itself does: importing and opening with the stored key.
#
#   store.py BUILD          (BUILD/tests/store/store-run must be built; ROUNDS_BENCH_RECORDS, by default 100000)

import os

from table import against, below, build_folder, note, row, run

RECORDS = int(os.environ.get("ROUNDS_BENCH_RECORDS", 100000))


def main():
    r = run(build_folder(), "store/store-run", RECORDS, 2)
    peers = {p["name"]: p for p in r["peers"]}
    ours, plain = peers["SHA-256"], peers.get("plain sqlite3", {})
    n, name = r["records"], "sqlite3"
    note(f"{n:,} Observations of {r['bytes']} bytes, 2 indexes; every peer has the same pragmas, ours larger pages")
    against("S1", "insert", ours["insert_s"], name, plain.get("insert_s"), 1.2, "s")
    against("S1", "insert, processor time", ours["insert_cpu_s"], name, plain.get("insert_cpu_s"), 1.2, "s")
    against("S2", "warm query of a chart", ours["chart_ms"], name, plain.get("chart_ms"), 1.1)
    against("S2", "warm query of a chart, through the store", r["chart_ms"], name, plain.get("chart_ms"), 1.1)
    against("S2", "cold scan", ours["scan_ms"], name, plain.get("scan_ms"), 2.5)
    against("S2", "cold scan, processor time", ours["scan_cpu_ms"], name, plain.get("scan_cpu_ms"), 2.5)
    for other in ("no key", "small pages", "SHA-512"):
        p = peers[other]
        note(f"SQLCipher, {other}: insert {p['insert_s']:.2f} s, chart {p['chart_ms']:.3f} ms, scan {p['scan_ms']:.0f} ms")
    below("S3", "open with the stored key", r["open_ms"], 5)
    for what, seconds in (("as known by the server", r["import_s"]), ("as to be sent", r["import_to_send_s"])):
        row("S1", f"parse, index, store {what}", f"{n / seconds:.0f} /s", "", "", ">= 10000 /s", n / seconds >= 10000)
    note(f"memory {r['memory_mb']} MB with the records themselves in it")


if __name__ == "__main__":
    main()
