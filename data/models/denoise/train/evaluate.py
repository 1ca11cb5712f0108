# SPDX-License-Identifier: GPL-3.0-or-later
#
# Measures the exported ONNX file on the held-out persons and writes what was measured
# into manifest.json and MODEL-CARD.md, so that no figure in them was typed by hand.
#
# White Gaussian noise of 15, 25 and 50 of 255 is added to held-out slices in model
# range cut to 0..1; every method is given the same image and the true level. NLM and
# median get the best of three and two settings, chosen on the very images they are judged by.

import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
from scipy.ndimage import median_filter
from skimage.metrics import structural_similarity
from skimage.restoration import denoise_nl_means

import split
from net import ALIGN, REACH
from scale import CT_LOW, CT_PADDING, CT_SPAN, to_model_range
from train import SIGMA_MAX

VERSION = "1.0.0"
LEVELS = (15, 25, 50)
PER_SERIES = 5
NAMES = {"CT": "CT", "MR": "MR", "CR": "X-ray"}


def held_out(data):
    """(modality, series, slice) of every judged person."""
    for f in sorted(Path(data).glob("*.npz")):
        z = np.load(f)
        if str(z["role"]) != "test":
            continue
        m, s = str(z["modality"]), z["slices"]
        pick = sorted(set(np.linspace(0.1 * (len(s) - 1), 0.9 * (len(s) - 1), PER_SERIES).round().astype(int)))
        for i in pick:
            yield m, f"{f.stem}[{i}]", np.clip(to_model_range(s[i], m)[0], 0, 1)


class Model:
    def __init__(self, path, threads):
        o = onnxruntime.SessionOptions()
        o.intra_op_num_threads = threads
        o.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(str(path), o, providers=["CPUExecutionProvider"])

    def __call__(self, image, sigma):
        h, w = image.shape
        p = np.pad(image, ((0, -h % ALIGN), (0, -w % ALIGN)), mode="edge")
        x = np.stack([p, np.full_like(p, sigma)])[None].astype(np.float32)
        return image - self.session.run(None, {"input": x})[0][0, 0, :h, :w]


def psnr(a, b):
    return 10 * np.log10(1 / np.mean((a - b) ** 2, dtype=np.float64))


def measure(model, data, quick):
    rows = []
    for k, (m, name, clean) in enumerate(held_out(data)):
        if quick and k % 4:
            continue
        for level in LEVELS:
            s = level / 255
            seed = int(hashlib.sha256(f"{name}{level}".encode()).hexdigest()[:8], 16)
            noisy = (clean + s * np.random.default_rng(seed).standard_normal(clean.shape)).astype(np.float32)
            out = {"noisy": noisy, "model": model(noisy, s)}
            for size in (3, 5):
                out[f"median{size}"] = median_filter(noisy, size)
            for patch, distance, h in ((5, 6, 0.6), (5, 6, 0.8), (7, 11, 0.6)):
                out[f"nlm{patch}{h}"] = denoise_nl_means(noisy, patch_size=patch, patch_distance=distance, h=h * s,
                                                         sigma=s, fast_mode=True)
            for method, v in out.items():
                rows.append((m, level, method, psnr(v, clean),
                             structural_similarity(clean, v.astype(np.float32), data_range=1.0)))
        print(m, name, flush=True)
    return rows


def table(rows):
    """figures[modality][level][method] = {psnr, ssim}; 'mean' is the mean of the three modalities."""
    t = {}
    for m in NAMES:
        for level in LEVELS:
            at = [r for r in rows if r[0] == m and r[1] == level]
            if not at:
                continue
            means = {x: (float(np.mean([r[3] for r in at if r[2] == x])), float(np.mean([r[4] for r in at if r[2] == x])))
                     for x in {r[2] for r in at}}
            for kind in ("median", "nlm"):
                best = max((x for x in means if x.startswith(kind)), key=lambda x: means[x][0])
                means = {**{x: v for x, v in means.items() if not x.startswith(kind)}, kind: means[best]}
            t.setdefault(m, {})[str(level)] = {x: {"psnr": round(v[0], 2), "ssim": round(v[1], 4)} for x, v in means.items()}
    t["mean"] = {str(level): {x: {q: round(float(np.mean([t[m][str(level)][x][q] for m in NAMES if m in t])), 4)
                                  for q in ("psnr", "ssim")} for x in ("noisy", "median", "nlm", "model")}
                 for level in LEVELS}
    return t


def slice_ms(path):
    """Best of 40 for one 512 x 512 slice on 2 threads: the machine is shared, the least is the truth."""
    model, x, best = Model(path, 2), np.random.default_rng(0).random((512, 512)).astype(np.float32), 1e9
    for _ in range(40):
        t = time.perf_counter()
        model(x, 0.1)
        best = min(best, time.perf_counter() - t)
    return round(best * 1000, 1)


def manifest(path, training, figures, ms):
    grey = {"kind": "percentile", "flat_tolerance": 0.001, "noise": "white", "noise_min_snr": 0}
    return {
        "format": 1, "name": "denoise", "title": "Noise reduction for CT, MR and radiography", "version": VERSION,
        "task": "denoise", "file": "model.onnx", "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "licence": "GPL-3.0-or-later", "card": "MODEL-CARD.md", "body_part": "any", "labels": [],
        "intended_use": "Reading beside the original image. Not for primary diagnosis, measurement or quantitation.",
        "modalities": {
            "CT": {"kind": "fixed", "low": CT_LOW, "span": CT_SPAN, "padding_below": CT_PADDING, "flat_tolerance": 0.25,
                   "noise": "correlated", "noise_floor": -950, "noise_min_snr": 0},
            "MR": {**grey, "noise_min_snr": 3}, "CR": grey, "DX": grey},
        "input": {"units": "modality", "min_size": 32, "max_size": 8192, "max_bits": 16},
        "network": {"align": ALIGN, "reach": REACH, "whole_max": 1024, "sigma_max": round(SIGMA_MAX, 6)},
        "training": training, "ms_512_2threads": ms, "figures": figures}


def card(training, figures, ms, persons):
    def block(q, digits):
        head = "| data | σ of 255 | noisy | median | NLM | **this model** | over NLM |\n|---|---|---|---|---|---|---|\n"
        out = []
        for m in (*NAMES, "mean"):
            for level in LEVELS:
                r = figures.get(m, {}).get(str(level))
                if r:
                    v = {x: r[x][q] for x in ("noisy", "median", "nlm", "model")}
                    out.append(f"| {NAMES.get(m, '**mean of the three**')} | {level} | "
                               + " | ".join(f"{v[x]:.{digits}f}" for x in ("noisy", "median", "nlm"))
                               + f" | **{v['model']:.{digits}f}** | {v['model'] - v['nlm']:+.{digits}f} |")
        return head + "\n".join(out)

    text = (Path(__file__).parent / "card.md").read_text()
    for key, value in {
            "VERSION": VERSION, "PSNR": block("psnr", 2), "SSIM": block("ssim", 3), "MS": f"{ms:g}",
            "STEPS": f"{training['steps']:,}", "MINUTES": f"{training['minutes']:g}", "SEED": str(training["seed"]),
            "SLICES": ", ".join(f"{n} {NAMES[m]}" for m, n in training["slices"].items()),
            "TORCH": training["torch"], "TEST": persons["test"], "TRAIN": persons["train"], "VAL": persons["val"],
            "LEFT_OUT": "\n".join(f"- `{k}`: {v}" for k, v in split.LEFT_OUT.items())}.items():
        text = text.replace("{{" + key + "}}", value)
    return text


def persons_of(data):
    """Who is in which part: the series of CT and MR by name, X-ray by the number of persons."""
    out = {}
    for role in ("train", "val", "test"):
        names, cr = [], set()
        for f in sorted(Path(data).glob("*.npz")):
            z = np.load(f)
            if str(z["role"]) == role and not f.stem.endswith("-half"):
                if str(z["modality"]) == "CR":
                    cr.add(str(z["subject"]))
                else:
                    names.append(f"`{f.stem}`")
        out[role] = ", ".join(names) + f", and {len(cr)} persons of `cxr-hannover`"
    return out


def main(data, work, out, quick=False, only_time=False):
    path = out / "model.onnx"
    if (work / "training.json").exists():
        training = json.loads((work / "training.json").read_text())
    else:
        training = {"steps": 0, "minutes": 0, "seed": 0, "slices": {}, "torch": "", "note": "unfinished"}
    if only_time:  # the quality was measured on a busy machine, the time is taken on a quiet one
        figures = json.loads((out / "manifest.json").read_text())["figures"]
    else:
        figures = table(measure(Model(path, 2), data, quick))
    ms = slice_ms(path)
    text = json.dumps(manifest(path, training, figures, ms), indent=1, ensure_ascii=False) + "\n"
    (out / "manifest.json").write_text(text)
    (out / "MODEL-CARD.md").write_text(card(training, figures, ms, persons_of(data)))
    for level in LEVELS:
        r = figures["mean"][str(level)]
        print(f"sigma {level}: model {r['model']['psnr']:.2f} dB, NLM {r['nlm']['psnr']:.2f}, median "
              f"{r['median']['psnr']:.2f}, noisy {r['noisy']['psnr']:.2f}; {ms} ms a slice")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), "--quick" in sys.argv, "--time" in sys.argv)
