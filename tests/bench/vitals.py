#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# S13, S14 and the regression of S16: 166,650 points to a PNG against matplotlib and gnuplot in the same run (their
# start and imports not counted), frames over 10 million points, a regression against R and statsmodels.
#
#   vitals.py BUILD          (BUILD/tests/vitals/vitals-run must be built)

import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
import time

N = 166650


def run(build, *args):
    p = subprocess.run([f"{build}/tests/vitals/vitals-run", *args], check=True, capture_output=True, text=True)
    return json.loads(p.stdout.splitlines()[-1])


def row(name, figure, peer, goal, ok):
    print(f"{name:44} {figure:>18} {peer:>26} {goal:>22}  {'ok' if ok else 'MISSED'}", flush=True)


def matplotlib_ms(path, out):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    best = math.inf
    for _ in range(4):
        start = time.perf_counter()
        data = np.fromfile(path).reshape(-1, 2)
        figure = plt.figure(figsize=(16, 6), dpi=100)
        axes = figure.add_subplot()
        axes.plot(data[:, 0], data[:, 1], linewidth=1)
        figure.savefig(out)
        plt.close(figure)
        best = min(best, (time.perf_counter() - start) * 1000)
    return best


def gnuplot_ms(path, out):
    setup = f"set terminal pngcairo size 1600,600; set output '{out}'; "
    best = {}
    for name, script in (("empty", setup + "plot 0 notitle"),
                         ("data", setup + f"plot '{path}' binary format='%double%double' using 1:2 with lines notitle")):
        best[name] = math.inf
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run(["gnuplot", "-e", script], check=True, stderr=subprocess.DEVNULL)
            best[name] = min(best[name], (time.perf_counter() - start) * 1000)
    return best["data"] - best["empty"]


def r_ms(path):
    script = (f"d <- read.csv('{path}'); f <- function() {{ m <- lm(y ~ a + b, d); s <- summary(m); confint(m) }}; f();"
              "cat(min(sapply(1:5, function(i) system.time(f())[['elapsed']])) * 1000)")
    return float(subprocess.run(["Rscript", "-e", script], check=True, capture_output=True, text=True).stdout.split()[-1])


def statsmodels_ms(path):
    import numpy as np
    import statsmodels.api as sm

    data = np.loadtxt(path, delimiter=",", skiprows=1)
    best = math.inf
    for _ in range(5):
        start = time.perf_counter()
        fit = sm.OLS(data[:, 0], sm.add_constant(data[:, 1:])).fit()
        fit.conf_int()
        fit.pvalues
        best = min(best, (time.perf_counter() - start) * 1000)
    return best


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build-release"
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        data, value = os.path.join(folder, "data"), 80.0
        with open(data, "wb") as f:
            for i in range(N):
                value += 0.02 * (80 - value) + rng.gauss(0, 1)
                f.write(struct.pack("=dd", i, value))
        ours = run(build, "plot", data, os.path.join(folder, "ours.png"))["plot_ms"]
        peer = matplotlib_ms(data, os.path.join(folder, "mpl.png"))
        row("S13 166,650 points to PNG, 1600 x 600", f"{ours:.1f} ms", f"matplotlib {peer:.0f} ms", "<= 1/8", ours <= peer / 8)
        peer = gnuplot_ms(data, os.path.join(folder, "gp.png"))
        row("S13 the same", f"{ours:.1f} ms", f"gnuplot {peer:.0f} ms", "<= 1/15", ours <= peer / 15)

        r = run(build, "pan", "10000000")
        row("S14 10 million points, frame p99 (CPU)", f"{r['frame_p99_ms']:.2f} ms", "", "<= 8 ms", r["frame_p99_ms"] <= 8)
        row("S14 pyramid", f"{r['build_ms']:.0f} ms", "", "<= 60 ms", r["build_ms"] <= 60)
        row("S14 memory", f"{r['memory_ratio']:.2f} x", "raw", "<= 1.2 x", r["memory_ratio"] <= 1.2)

        for rows in (2000, 20000):
            csv = os.path.join(folder, "r.csv")
            with open(csv, "w") as f:
                f.write("y,a,b\n")
                for _ in range(rows):
                    a, b = rng.gauss(37, 0.7), rng.gauss(85, 12)
                    f.write(f"{120 - 3 * (a - 37) + 0.2 * b + rng.gauss(0, 9):.3f},{a:.3f},{b:.3f}\n")
            ours = run(build, "regress", csv)["regress_ms"]
            peer = r_ms(csv)
            row(f"S16 regression, {rows:,} rows", f"{ours:.3f} ms", f"R {peer:.1f} ms", "<= 2 x", ours <= 2 * peer)
            peer = statsmodels_ms(csv)
            row("S16 the same", f"{ours:.3f} ms", f"statsmodels {peer:.1f} ms", "<= 1/20", ours <= peer / 20)


if __name__ == "__main__":
    main()
