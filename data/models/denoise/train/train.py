# SPDX-License-Identifier: GPL-3.0-or-later
#
# Trains the denoiser: L1 to the clean patch, AdamW, one cosine, a running average of
# the weights. Every batch is drawn from (seed, step), so a run that was stopped goes
# on from its last checkpoint with the batches it would have had.
#
# The length is a number of steps (--steps) or a time (--minutes; the cosine then
# follows the clock, for a machine that is shared and must be done by then).

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

import noise
from net import Denoiser
from scale import to_model_range

PATCH, BATCH, SEED = 96, 16, 20251
PEAK = 1.2e-3  # 2e-3 diverged after some 3,700 steps
SIGMA_MAX = 55 / 255
SHARE = {"CT": 0.45, "MR": 0.30, "CR": 0.25}


class Data:
    """Training slices in model range, by modality; a series counts by the root of its length."""

    def __init__(self, folder, role):
        self.slices = {m: [] for m in SHARE}
        self.weights = {m: [] for m in SHARE}
        for f in sorted(Path(folder).glob("*.npz")):
            z = np.load(f)
            if str(z["role"]) != role:
                continue
            m = str(z["modality"])
            s = [to_model_range(v, m) for v in z["slices"] if min(v.shape) >= PATCH]
            # the last slices of a head are nearly empty: their percentiles mean nothing
            usual = np.median([span for _, _, span in s]) if s else 0
            s = [v for v, _, span in s if span > 0.2 * usual and np.abs(v).max() < 20]
            if not s:
                continue
            self.slices[m] += s
            self.weights[m] += [len(s) ** -0.5] * len(s)
        for m, w in self.weights.items():
            self.weights[m] = np.cumsum(w) / np.sum(w)

    def patch(self, rng, m):
        for attempt in range(4):
            v = self.slices[m][int(np.searchsorted(self.weights[m], rng.random()))]
            y = rng.integers(0, v.shape[0] - PATCH + 1)
            x = rng.integers(0, v.shape[1] - PATCH + 1)
            p = v[y:y + PATCH, x:x + PATCH]
            if p.std() > 0.02 or attempt == 3:
                break
        if rng.random() < 0.5:
            p = p.T
        if rng.random() < 0.5:
            p = p[::-1]
        if rng.random() < 0.5:
            p = p[:, ::-1]
        if m == "CR" and rng.random() < 0.3:
            p = 1 - p
        return p * np.float32(rng.uniform(0.7, 1.3))

    def batch(self, rng):
        m = rng.choice(list(SHARE), BATCH, p=list(SHARE.values()))
        clean = torch.from_numpy(np.stack([self.patch(rng, k) for k in m])[:, None])
        u = rng.random(BATCH)
        sigma = np.where(rng.random(BATCH) < 0.5, u, u * u) * SIGMA_MAX
        kinds = torch.tensor([rng.choice(4, p=noise.SHARES[k]) for k in m])
        sigma = torch.from_numpy(np.maximum(sigma, 0.0005).astype(np.float32)).reshape(-1, 1, 1, 1)
        noisy, target = noise.add(clean, sigma, kinds, rng)
        # the program measures the level, and is a few per cent off
        told = sigma * torch.from_numpy(np.where(rng.random((BATCH, 1, 1, 1)) < 0.5, 1.0, rng.uniform(
            0.92, 1.08, (BATCH, 1, 1, 1))).astype(np.float32))
        return torch.cat([noisy, told.expand_as(noisy)], 1), noisy - target


def validate(net, data):
    """Mean PSNR gain in dB over the noisy patch at sigma 25, on the watched persons."""
    rng, gains = np.random.default_rng(7), []
    torch.manual_seed(7)
    with torch.no_grad():
        for m in SHARE:
            for _ in range(12):
                c = torch.from_numpy(np.ascontiguousarray(data.patch(rng, m)))[None, None]
                s = 25 / 255
                n = s * torch.randn_like(c)
                r = n - net(torch.cat([c + n, torch.full_like(c, s)], 1))
                gains.append(10 * torch.log10(n.pow(2).mean() / r.pow(2).mean()).item())
    return float(np.mean(gains))


def main():
    a = argparse.ArgumentParser()
    a.add_argument("data")
    a.add_argument("work")
    a.add_argument("--steps", type=int, default=0)
    a.add_argument("--minutes", type=float, default=0)
    a.add_argument("--threads", type=int, default=2)
    o = a.parse_args()
    work = Path(o.work)
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(o.threads)
    torch.manual_seed(SEED)
    data, watch = Data(o.data, "train"), Data(o.data, "val")
    net = Denoiser().to(memory_format=torch.channels_last)
    average = Denoiser()
    average.load_state_dict(net.state_dict())
    opt = torch.optim.AdamW(net.parameters(), lr=PEAK, betas=(0.9, 0.99), weight_decay=1e-4)
    step, spent, usual = 0, 0.0, 0.0
    last = work / "last.pt"
    if last.exists():
        s = torch.load(last, weights_only=False)  # our own file
        net.load_state_dict(s["net"]); average.load_state_dict(s["average"]); opt.load_state_dict(s["opt"])
        step, spent, usual = s["step"], s["spent"], s.get("usual", 0.0)
        print(f"going on from step {step}", flush=True)
    began, loss_sum, loss_n = time.monotonic() - spent, 0.0, 0
    while True:
        done = step / o.steps if o.steps else (time.monotonic() - began) / 60 / o.minutes
        if done >= 1:
            break
        rng = np.random.default_rng((SEED, step))
        torch.manual_seed(SEED + step)
        x, r = data.batch(rng)
        for g in opt.param_groups:
            g["lr"] = float(PEAK * min(1, (step + 1) / 300) * (0.5 + 0.5 * np.cos(np.pi * done)) + 1e-6)
        with torch.autocast("cpu", torch.bfloat16):
            y = net(x.to(memory_format=torch.channels_last))
        loss = (y.float() - r).abs().mean()
        opt.zero_grad(set_to_none=True)
        if not loss.item() < 0.5:  # it has gone astray: back to the last checkpoint is all that helps
            raise SystemExit(f"step {step}: loss {loss.item()}; start again from {last}")
        loss.backward()
        # a network without normalisation can be thrown off by one steep batch: clip to what is usual
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 1.5 * usual if usual > 0 and step > 100 else 0.1).item()
        usual = norm if usual == 0 else 0.98 * usual + 0.02 * min(norm, 3 * usual)
        opt.step()
        step += 1
        with torch.no_grad():
            k = min(0.999, step / (step + 20))
            for p, q in zip(average.parameters(), net.parameters()):
                p.lerp_(q, 1 - k)
        loss_sum += loss.item(); loss_n += 1
        if step % 100 == 0:
            spent = time.monotonic() - began
            print(f"step {step} {spent / 60:.1f} min loss {loss_sum / loss_n:.5f}", flush=True)
            loss_sum, loss_n = 0.0, 0
        if step % 500 == 0:
            print(f"step {step} watched gain {validate(average, watch):.2f} dB", flush=True)
            keep(last, net, average, opt, step, time.monotonic() - began, usual)
    spent = time.monotonic() - began
    keep(last, net, average, opt, step, spent, usual)
    torch.save(average.state_dict(), work / "weights.pt")
    (work / "training.json").write_text(json.dumps({
        "steps": step, "minutes": round(spent / 60, 1), "batch": BATCH, "patch": PATCH, "seed": SEED,
        "slices": {m: len(s) for m, s in data.slices.items()}, "watched_gain_db": round(validate(average, watch), 2),
        "torch": torch.__version__, "schedule": "steps" if o.steps else "clock"}, indent=1) + "\n")


def keep(path, net, average, opt, step, spent, usual):
    torch.save({"net": net.state_dict(), "average": average.state_dict(), "opt": opt.state_dict(),
                "step": step, "spent": spent, "usual": usual}, str(path) + ".new")
    Path(str(path) + ".new").replace(path)


if __name__ == "__main__":
    main()
