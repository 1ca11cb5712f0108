# SPDX-License-Identifier: GPL-3.0-or-later
#
# Modality units to model range and what counts as padding. src/enhance/denoise.c does
# the same in C: change both together.
#
# CT has units of its own, so its range is fixed and all slices of a series are treated
# alike. MR and X-ray have none: the 0.5 and 99.5 percentiles of the pixels that are not
# padding become 0 and 1. Nothing else is clipped, so the inverse is exact.

import numpy as np

CT_LOW, CT_SPAN = -1024.0, 2000.0
CT_PADDING = -1024.0  # an image's lowest value is padding when it is below this and there many times


def to_model_range(v, modality):
    """-> (float32 image in model range, low, span); v = low + span * image."""
    v = np.asarray(v, np.float32)
    if modality == "CT":
        low, span = CT_LOW, CT_SPAN
        v = np.maximum(v, CT_LOW)  # padding; the sources have no other value below
    else:
        low, high = np.percentile(v, (0.5, 99.5))
        span = max(float(high - low), 1e-6)
        low = float(low)
    return ((v - np.float32(low)) / np.float32(span)).astype(np.float32), low, span
