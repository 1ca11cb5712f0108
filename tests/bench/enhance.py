#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# S10 to S12 of the goals: denoising a slice, against the bare call of the same graph in
# python3-onnxruntime and against scikit-image's NLM in the same run; quality and
# fidelity of the whole of what the program does (measured level, limit, flat means) on
# persons that the training never saw.
#
#   enhance.py BUILD        (BUILD/tests/enhance/enhance-run must be built)

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from table import against, below, build_folder, note, row, skip, try_peer

try:
    import numpy as np
except ImportError:
    skip("S10", "denoising; S11 and S12, its quality", "numpy is not here, it makes the images")
    sys.exit(0)

TOP = Path(__file__).resolve().parents[2]
MODEL = TOP / "data" / "models" / "denoise"
SHARED = Path(os.environ.get("ROUNDS_SHARED_DATA", TOP.parent / "shared" / "data"))
sys.dont_write_bytecode = True
sys.path.insert(0, str(MODEL / "train"))


def program(build, modality, image, repeats=1, threads=2, sigma=None):
    with tempfile.TemporaryDirectory() as d:
        image.astype("<f4").tofile(f"{d}/in")
        call = [f"{build}/tests/enhance/enhance-run", modality, *map(str, image.shape), str(threads), str(repeats),
                f"{d}/in", f"{d}/out"] + ([] if sigma is None else [str(sigma)])
        p = subprocess.run(call, check=True, capture_output=True, text=True,
                           env={**os.environ, "ROUNDS_MODELS_DIR": str(MODEL.parent)})
        return np.fromfile(f"{d}/out", "<f4").reshape(image.shape), json.loads(p.stdout)


def quietly(f):
    """Debian's ONNX Runtime talks on descriptor 2 when it makes its first session."""
    saved = os.dup(2)
    with open(os.devnull, "wb") as null:
        os.dup2(null.fileno(), 2)
    try:
        return f()
    finally:
        os.dup2(saved, 2)


def best(f, n):
    times = []
    for _ in range(n):
        t = time.perf_counter()
        f()
        times.append((time.perf_counter() - t) * 1000)
    return min(times)


def slice_512():
    piece = np.fromfile(TOP / "tests/data/enhance/ct-192x192.i16", "<i2").reshape(192, 192).astype(np.float32)
    big = np.tile(np.block([[piece, piece[:, ::-1]], [piece[::-1], piece[::-1, ::-1]]]), (2, 2))[:512, :512]
    return big + np.random.default_rng(1).normal(0, 40, big.shape).astype(np.float32)


def onnxruntime_ms(image):
    import onnxruntime
    o = onnxruntime.SessionOptions()
    o.intra_op_num_threads = 2
    o.add_session_config_entry("session.intra_op.allow_spinning", "0")
    peer = quietly(lambda: onnxruntime.InferenceSession(str(MODEL / "model.onnx"), o, providers=["CPUExecutionProvider"]))
    x = np.stack([(image + 1024) / 2000, np.full_like(image, 0.02)])[None]
    peer.run(None, {"input": x})
    return best(lambda: peer.run(None, {"input": x}), 15)


def nlm_ms(image):
    from skimage.restoration import denoise_nl_means
    unit = ((image + 1024) / 2000).astype(np.float64)
    return best(lambda: denoise_nl_means(unit, h=0.016, sigma=0.02), 3)  # its defaults: fast, patch 7, distance 11


def speed(build):
    image = slice_512()
    python = try_peer(onnxruntime_ms, image)
    _, said = program(build, "CT", image, 31)
    below("S10", "denoise one 512 x 512 slice, 2 threads", said["ms"], 100, beside=f"first use +{said['load_ms']:.0f} ms")
    against("S10", "the same, median", said["ms_median"], "the bare call", said["bare_ms_median"], 1.05)
    against("S10", "the same", said["ms"], "python3-onnxruntime", python, 1.05)
    against("S10", "the same", said["ms"], "scikit-image NLM", try_peer(nlm_ms, image), 1 / 10)


def flat_shift(before, after, sigma):
    """Largest move of the mean of a 32 x 32 region whose own spread is hardly more than the noise."""
    worst = 0.0
    for y in range(0, before.shape[0] - 31, 16):
        for x in range(0, before.shape[1] - 31, 16):
            b = before[y:y + 32, x:x + 32]
            if -1000 < b.mean() and b.std() < 1.25 * sigma:
                worst = max(worst, abs(float((after[y:y + 32, x:x + 32] - b).mean())))
    return worst


def edge_50(image):
    """Frequency (cycles per pixel) at which the modulation of a slightly tilted vertical edge is a half."""
    h, w = image.shape
    y, x = np.mgrid[:h, :w]
    at = np.round((x - w / 2 - (y - h / 2) * 0.07) * 4).astype(int)  # distance from the edge, quarter pixels
    keep = np.abs(at) <= 80
    profile = np.bincount(at[keep] + 80, image[keep]) / np.bincount(at[keep] + 80)
    spread = np.abs(np.fft.rfft(np.diff(profile) * np.hanning(160)))
    spread /= spread[0]
    k = int(np.argmax(spread < 0.5))
    return (k - 1 + (spread[k - 1] - 0.5) / (spread[k - 1] - spread[k])) * 4 / 160


def fidelity(build):
    """MTF at an edge of 300 HU, and whether a disc of 20 HU is found as well as before, in noise of 20 HU."""
    rng, n = np.random.default_rng(3), 24
    y, x = np.mgrid[:256, :256].astype(np.float32)
    edge = 150 * np.tanh((x - 128 - (y - 128) * 0.07) / 1.0).astype(np.float32)
    raw, done = np.zeros_like(edge), np.zeros_like(edge)
    for _ in range(n):
        noisy = edge + rng.normal(0, 20, edge.shape).astype(np.float32)
        raw += noisy / n
        done += program(build, "CT", noisy)[0] / n
    a, b = edge_50(raw), edge_50(done)
    row("S12", "MTF50 shift, edge of 300 HU in 20 HU", f"{100 * (b / a - 1):+.1f} %", f"{a:.3f} cycles/pixel", "",
        "within 2 %", abs(b / a - 1) <= 0.02)

    # a matched filter of the disc's own shape, at 64 places with and 64 without; 3 pixels across, 20 HU
    disc = ((np.mgrid[-8:8, -8:8] + 0.5) ** 2).sum(0) <= 1.6 ** 2
    scores = {"raw": ([], []), "done": ([], [])}
    for _ in range(8):
        noisy = 40 + rng.normal(0, 20, (256, 256)).astype(np.float32)
        for k in range(128):
            r, c = k // 16 * 32 + 8, k % 16 * 16
            if k % 2:
                noisy[r:r + 16, c:c + 16] += 20 * disc
        out = program(build, "CT", noisy)[0]
        for k in range(128):
            r, c = k // 16 * 32 + 8, k % 16 * 16
            for name, im in (("raw", noisy), ("done", out)):
                cut = im[r:r + 16, c:c + 16]
                scores[name][k % 2].append(cut[disc].mean() - cut[~disc].mean())
    auc = {m: np.mean(np.asarray(s[1])[:, None] > np.asarray(s[0])[None]) for m, s in scores.items()}
    row("S12", "AUC of a 3-pixel disc of 20 HU in 20 HU", f"{auc['done']:.3f}", f"original {auc['raw']:.3f}", "",
        "original - 0.005", auc["done"] >= auc["raw"] - 0.005)


def quality(build):
    from skimage.restoration import denoise_nl_means
    from prepare import read_nifti
    from scale import to_model_range
    from PIL import Image
    import split
    sets = {"CT": [("ct-abdomen-kits72", 4), ("ct-chest-rider0109", 8)], "MR": [("mr-t2flair-ax", 8), ("mr-cspine-t2-ax-ms", 9)]}
    images = [(m, read_nifti(SHARED / "imaging-train/denoise" / f"{n}.nii.gz")[i]) for m, s in sets.items() for n, i in s]
    tests = [p for p, _, role in split.hannover(SHARED) if role == "test"]
    images += [("CR", np.asarray(Image.open(p).convert("L"), np.float32)) for p in tests[:2]]
    gains, shift, worst_clamp = {15: [], 25: [], 50: []}, 0.0, 0.0
    for modality, image in images:
        unit, low, span = to_model_range(image, modality)
        clean = np.clip(unit, 0, 1)
        for level, found in gains.items():
            s = level / 255
            noisy = clean + s * np.random.default_rng(level).standard_normal(clean.shape).astype(np.float32)
            out, said = program(build, modality, noisy * span + low)
            out = (out - low) / span
            nlm = max(10 * np.log10(1 / np.mean((denoise_nl_means(noisy, patch_size=5, patch_distance=6, h=h * s, sigma=s,
                                                                  fast_mode=True) - clean) ** 2)) for h in (0.6, 0.8))
            found.append((modality, 10 * np.log10(1 / np.mean((out - clean) ** 2)) - nlm))
        out, said = program(build, modality, image)  # the original with the noise it came with
        worst_clamp = max(worst_clamp, float(np.abs(out.astype(np.float64) - image).max()) / said["limit"] if said["limit"] else 0)
        if modality == "CT":
            shift = max(shift, flat_shift(image, out, said["sigma"]))
    for level, found in gains.items():
        mean = np.mean([np.mean([g for k, g in found if k == m]) for m in ("CT", "MR", "CR")])
        each = ", ".join(f"{m} {np.mean([g for k, g in found if k == m]):+.2f}" for m in ("CT", "MR", "CR"))
        if level == 25:
            row("S11", f"over NLM, sigma {level}, level measured", f"{mean:+.2f} dB", "NLM", "", ">= +1 dB", mean >= 1)
        else:
            note(f"over NLM, sigma {level}: {mean:+.2f} dB")
        note(each)
    below("S12", "flat 32 x 32 mean, held-out CT", shift, 1, "HU")
    below("S12", "change over its limit", worst_clamp, 1, "x")


if __name__ == "__main__":
    where = build_folder()
    speed(where)
    fidelity(where)
    if not (SHARED / "imaging-train" / "denoise").is_dir():
        skip("S11", "quality; S12, flat means", f"{SHARED}/imaging-train/denoise is not there")
    else:
        try:
            quality(where)
        except ImportError as e:
            skip("S11", "quality; S12, flat means", f"{e.name} is not here")
