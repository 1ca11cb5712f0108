# SPDX-License-Identifier: GPL-3.0-or-later
#
# Which patient is for learning, which for watching the learning, which for judging it.
#
# The split is by person, never by file, and is written down here rather than drawn:
# a reader can see that no judged person is in the training set. Only data whose
# licence lets a model made from it be given away is named; what is left out, and
# why, is in LEFT_OUT. Nothing that ever was a JPEG is used: its block pattern would
# be learned as anatomy.

import csv
import hashlib
from pathlib import Path

# subject -> role; every subject of imaging-train/denoise that is not named is "train".
ROLES = {
    # judged: never seen in training, not even for choosing a checkpoint
    "KiTS-00072": "test",            # CT upper abdomen, Siemens
    "RIDER-Pilot-0109": "test",      # CT chest, GE
    "torchio-1": "test",             # MR head, FLAIR-like
    "sct-ms": "test",                # MR cervical spine, T2
    "decub-1": "test",               # MR head, T1 FLASH
    # watched
    "StageII-Colorectal-CT-005": "val",
    "xa30-1": "val",
}

LEFT_OUT = {
    "invesalius-1": "GPL-2 only by its package's copyright file",
    "sct-multi-01": "licence of that folder not stated",
    "sct-multi-03": "licence of that folder not stated",
    "sct-multi-05": "licence of that folder not stated",
    "pyradiomics-brain1": "origin not stated",
    "pyradiomics-brain2": "origin not stated",
}

NYSBU_TEST = 2      # of 7 patients
HANNOVER_TEST = 14  # patients
HANNOVER_VAL = 4


def ordered(names):
    """An order that nobody chose: by the hash of the name."""
    return sorted(set(names), key=lambda s: hashlib.sha256(s.encode()).hexdigest())


def nifti_series(data: Path):
    """(path, subject, modality, role, licence) of each usable series of imaging-train."""
    with open(data / "imaging-train" / "MANIFEST.tsv", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t"):
            if row["group"] != "A-denoise" or row["subject_id"] in LEFT_OUT:
                continue
            yield (data / "imaging-train" / row["file"], row["subject_id"], row["modality"],
                   ROLES.get(row["subject_id"], "train"), row["licence"])


def hannover(data: Path):
    """(path, subject, role) of each chest X-ray."""
    with open(data / "cxr-hannover" / "data.csv", newline="") as f:
        rows = [(r["patient_id"], r["image_id"]) for r in csv.DictReader(f)]
    order = ordered(p for p, _ in rows)
    test = set(order[:HANNOVER_TEST])
    val = set(order[HANNOVER_TEST:HANNOVER_TEST + HANNOVER_VAL])
    for patient, image in rows:
        path = data / "cxr-hannover" / f"{image}.png"
        if path.exists():
            yield path, f"hannover-{patient}", "test" if patient in test else "val" if patient in val else "train"


def nysbu_roles(patients):
    order = ordered(patients)
    return {p: "test" if i < NYSBU_TEST else "train" for i, p in enumerate(order)}
