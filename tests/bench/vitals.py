#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# S13, S14 and the regression of S16: 166,650 points to a PNG against matplotlib and gnuplot in the same run (their
# start and imports not counted), frames over 10 million points, a regression against R and statsmodels.
#
#   vitals.py BUILD          (BUILD/tests/vitals/vitals-run must be built)

import math
import os
import random
import struct
import subprocess
import tempfile
import time

from table import against, below, build_folder, run, try_peer

N = 166650


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
    build = build_folder()
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        data, value = os.path.join(folder, "data"), 80.0
        with open(data, "wb") as f:
            for i in range(N):
                value += 0.02 * (80 - value) + rng.gauss(0, 1)
                f.write(struct.pack("=dd", i, value))
        ours = run(build, "vitals/vitals-run", "plot", data, os.path.join(folder, "ours.png"))["plot_ms"]
        what = f"{N:,} points to PNG, 1600 x 600"
        peer = try_peer(matplotlib_ms, data, os.path.join(folder, "mpl.png"))
        against("S13", what, ours, "matplotlib", peer, 1 / 8)
        peer = try_peer(gnuplot_ms, data, os.path.join(folder, "gp.png"))
        against("S13", what, ours, "gnuplot", peer, 1 / 15)

        r = run(build, "vitals/vitals-run", "pan", 10000000)
        below("S14", "10 million points, frame p99 (CPU)", r["frame_p99_ms"], 8)
        below("S14", "10 million points, pyramid", r["build_ms"], 60)
        below("S14", "10 million points, memory over raw", r["memory_ratio"], 1.2, "x")

        for rows in (2000, 20000):
            csv = os.path.join(folder, "r.csv")
            with open(csv, "w") as f:
                f.write("y,a,b\n")
                for _ in range(rows):
                    a, b = rng.gauss(37, 0.7), rng.gauss(85, 12)
                    f.write(f"{120 - 3 * (a - 37) + 0.2 * b + rng.gauss(0, 9):.3f},{a:.3f},{b:.3f}\n")
            ours = run(build, "vitals/vitals-run", "regress", csv)["regress_ms"]
            against("S16", f"regression, {rows:,} rows", ours, "R", try_peer(r_ms, csv), 2)
            against("S16", f"regression, {rows:,} rows", ours, "statsmodels", try_peer(statsmodels_ms, csv), 1 / 20)


if __name__ == "__main__":
    main()
