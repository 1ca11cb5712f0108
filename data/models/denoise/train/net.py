# SPDX-License-Identifier: GPL-3.0-or-later
#
# The network: a small residual U-Net of plain 3x3 convolutions that works on half
# resolution (its first layer is "unshuffle x2, then 3x3", written as one 6x6
# convolution of stride 2), with the noise level as a second input plane.
#
# Without biases and with ReLU it is homogeneous: f(a x, a s) = a f(x, s). Units and
# gains of scanners therefore do not matter, only what is called zero. Widths are
# multiples of 16 and every operation but the last reshuffle stays in ONNX Runtime's
# blocked layout, which is where the speed comes from.

import torch
from torch import nn
import torch.nn.functional as F

WIDTHS = (32, 64, 96, 128)
BOTTOM_BLOCKS = 2
ALIGN = 16   # height and width must be multiples of this
REACH = 144  # no output pixel depends on an input pixel farther away than this


def conv(i, o, k=3, s=1, p=1):
    return nn.Conv2d(i, o, k, s, p, bias=False)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.b = conv(c, c), conv(c, c)

    def forward(self, x):
        return x + self.b(F.relu(self.a(x)))


class Denoiser(nn.Module):
    """[N, 2, H, W] (image in model range, noise sigma) -> [N, 1, H, W] (the noise)."""

    def __init__(self):
        super().__init__()
        w = WIDTHS
        self.head = conv(2, w[0], 6, 2, 2)
        self.enc = nn.ModuleList(Block(c) for c in w[:-1])
        self.down = nn.ModuleList(conv(w[i], w[i + 1], 2, 2, 0) for i in range(3))
        self.bottom = nn.Sequential(*(Block(w[3]) for _ in range(BOTTOM_BLOCKS)))
        self.up = nn.ModuleList(conv(w[i + 1], w[i], 1, 1, 0) for i in range(3))
        self.dec = nn.ModuleList(Block(c) for c in w[:-1])
        self.tail = conv(w[0], 4)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
        for m in self.modules():
            if isinstance(m, Block):
                m.b.weight.data.mul_(0.1)
        self.tail.weight.data.mul_(0.1)

    def forward(self, x):
        x = self.head(x)
        kept = []
        for enc, down in zip(self.enc, self.down):
            x = enc(x)
            kept.append(x)
            x = down(x)
        x = self.bottom(x)
        for i in (2, 1, 0):
            x = F.interpolate(self.up[i](x), scale_factor=2.0, mode="nearest") + kept[i]
            x = self.dec[i](x)
        return F.pixel_shuffle(self.tail(x), 2)
