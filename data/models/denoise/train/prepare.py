# SPDX-License-Identifier: GPL-3.0-or-later
#
# Reads the source images once and keeps them as arrays: one .npz per series with the
# slices in modality units, the person, and the role (split.py). The chest CT of 1 mm
# slices is averaged over three neighbours, because a cleaner target teaches more;
# large CT and MR slices are also kept at half size, where their own noise is lower.

import gzip
import struct
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import split

NIFTI = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}


def read_nifti(path):
    raw = gzip.open(path).read()
    end = "<" if struct.unpack("<i", raw[:4])[0] == 348 else ">"
    dim = struct.unpack(end + "8h", raw[40:56])
    code = struct.unpack(end + "h", raw[70:72])[0]
    offset = int(struct.unpack(end + "f", raw[108:112])[0])
    slope, inter = struct.unpack(end + "2f", raw[112:120])
    shape = [max(1, n) for n in dim[1:1 + dim[0]]]
    a = np.frombuffer(raw, end + NIFTI[code], int(np.prod(shape)), offset)
    a = a.reshape(shape, order="F").squeeze().astype(np.float32)
    if slope not in (0.0, 1.0) or inter != 0.0:
        a = a * np.float32(slope or 1.0) + np.float32(inter)
    if a.ndim == 2:
        return a.T[None]
    axis = int(np.argmin(a.shape))
    return np.ascontiguousarray(np.moveaxis(a, axis, 0).transpose(0, 2, 1))


def read_dicoms(folder):
    """(patient, position, values) of every DICOM file of a folder."""
    import pydicom
    out = []
    for f in sorted(Path(folder).glob("*.dcm")):
        d = pydicom.dcmread(f)
        v = d.pixel_array.astype(np.float32)
        v = v * float(d.get("RescaleSlope", 1)) + float(d.get("RescaleIntercept", 0))
        pos = float(d.ImagePositionPatient[2]) if "ImagePositionPatient" in d else 0.0
        out.append((str(d.get("PatientID", "")) or f.stem.split("-")[0], pos, v))
    return out


def half(v):
    h, w = v.shape[-2] // 2 * 2, v.shape[-1] // 2 * 2
    v = v[..., :h, :w]
    return (v[..., ::2, ::2] + v[..., 1::2, ::2] + v[..., ::2, 1::2] + v[..., 1::2, 1::2]) / 4


def save(out, name, modality, subject, role, slices):
    slices = np.stack(slices).astype(np.float32)
    np.savez(out / f"{name}.npz", slices=slices, modality=modality, subject=subject, role=role)
    print(f"{role:5} {modality} {subject:28} {name:32} {slices.shape}", flush=True)
    if role == "train" and modality != "CR" and min(slices.shape[1:]) >= 448:
        np.savez(out / f"{name}-half.npz", slices=half(slices), modality=modality, subject=subject, role=role)


def main(data, out):
    out.mkdir(parents=True, exist_ok=True)
    for f in out.glob("*.npz"):
        f.unlink()

    for path, subject, modality, role, _ in split.nifti_series(data):
        save(out, path.name.split(".")[0], modality, subject, role, list(read_nifti(path)))

    lidc = sorted(read_dicoms(data / "ct-chest-lidc0314"), key=lambda t: t[1])
    v = [t[2] for t in lidc]
    save(out, "ct-chest-lidc0314", "CT", "LIDC-0314", "train",
         [np.mean(v[i - 1:i + 2], axis=0) for i in range(1, len(v) - 1, 3)])

    save(out, "ct-head-ge", "CT", "head-ge", "train", [t[2] for t in read_dicoms(data / "ct-head-ge")])
    save(out, "mr-t1-studyforrest", "MR", "studyforrest", "train",
         [t[2] for t in read_dicoms(data / "mr-t1-studyforrest")])

    nysbu = read_dicoms(data / "ct-chest-nysbu")
    roles = split.nysbu_roles(t[0] for t in nysbu)
    for i, p in enumerate(sorted(roles)):
        save(out, f"ct-chest-nysbu-{i}", "CT", f"nysbu-{p}", roles[p], [t[2] for t in nysbu if t[0] == p])

    by_subject = {}
    for path, subject, role in split.hannover(data):
        im = np.asarray(Image.open(path).convert("L"), dtype=np.float32)
        by_subject.setdefault((subject, role), []).append(im)
    for (subject, role), ims in sorted(by_subject.items()):
        for i, im in enumerate(ims):
            save(out, f"cr-{subject}-{i}", "CR", subject, role, [im])
    (out / "done").write_text("1\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
