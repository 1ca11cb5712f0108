# SPDX-License-Identifier: GPL-3.0-or-later
#
# The noise that training adds. Four kinds, because scanners make four kinds: white
# Gaussian; Gaussian whose variance grows with the signal (photon counting); Gaussian
# with the short correlation that a CT reconstruction kernel leaves; and the Rician
# noise of magnitude MR. Each is scaled so that `sigma` is the standard deviation in a
# flat region of the patch, the figure that the program measures later.

import math

import torch
import torch.nn.functional as F

KINDS = ("gauss", "poisson", "kernel", "rice")
SHARES = {
    "CT": (0.60, 0.10, 0.30, 0.00),
    "MR": (0.60, 0.00, 0.10, 0.30),
    "CR": (0.65, 0.25, 0.10, 0.00),
}


def kernels(rng, n):
    """n x 1 x 5 x 5 random reconstruction kernels of unit energy: soft to sharp."""
    y, x = torch.meshgrid(torch.arange(-2.0, 3), torch.arange(-2.0, 3), indexing="ij")
    r2 = (x * x + y * y)[None]
    s1 = torch.from_numpy(rng.uniform(0.45, 1.1, (n, 1, 1))).float()
    edge = torch.from_numpy(rng.uniform(0.0, 0.6, (n, 1, 1))).float()
    g = torch.exp(-r2 / (2 * s1 ** 2))
    wide = torch.exp(-r2 / (2 * (1.8 * s1) ** 2))
    k = g / g.sum((1, 2), keepdim=True) - edge * wide / wide.sum((1, 2), keepdim=True)
    return (k / k.pow(2).sum((1, 2), keepdim=True).sqrt())[:, None]


def rice_mean(clean, sigma):
    """Expectation of |clean + complex Gaussian noise|: what a mean-preserving filter can reach."""
    t = (clean / sigma).pow(2) / 2
    return sigma * math.sqrt(math.pi / 2) * ((1 + t) * torch.special.i0e(t / 2) + t * torch.special.i1e(t / 2))


def add(clean, sigma, kinds, rng):
    """clean N x 1 x H x W, sigma N x 1 x 1 x 1 in model range, kinds: N indices -> noisy, target."""
    white = torch.randn_like(clean)
    noisy, target = clean + sigma * white, clean.clone()
    for kind in range(1, len(KINDS)):
        at = (kinds == kind).nonzero()[:, 0]
        if len(at) == 0:
            continue
        c, s, w = clean[at], sigma[at], white[at]
        if KINDS[kind] == "poisson":
            level = c.clamp(min=0.02)
            noisy[at] = c + s * (level / level.mean((2, 3), keepdim=True)).sqrt() * w
        elif KINDS[kind] == "kernel":
            k = kernels(rng, len(at))
            wide = torch.randn(1, len(at), c.shape[2] + 4, c.shape[3] + 4)
            noisy[at] = c + s * F.conv2d(wide, k, groups=len(at))[0][:, None]
        else:
            c = c.clamp(min=0)
            noisy[at] = ((c + s * w).pow(2) + (s * torch.randn_like(c)).pow(2)).sqrt()
            target[at] = rice_mean(c, s)
    return noisy, target
