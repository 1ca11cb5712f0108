#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes tests/data/dicom/pixels.tsv: what other programs make of every file of the codec collections.

usage: make-pixels-table.py DATA >pixels.tsv      (DATA holds dicom-codecs-pydicom and dicom-codecs-dicomparser)

Truth is what pydicom (with its numpy, gdcm and Pillow handlers, each on its own) and DCMTK (dcmdjpeg, dcmdjpls,
dcmdrle, dcmconv, then read as uncompressed) give: grey as stored, palettes as indices, colours as RGB. A row lists
each different answer with the programs that gave it; Rounds must give one of them. Files that none of them decodes
get the reason. Nothing of Rounds is used here.
"""
import hashlib
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pydicom
from pydicom.pixel_data_handlers import gdcm_handler, numpy_handler, pillow_handler
from pydicom.pixel_data_handlers.util import convert_color_space, reshape_pixel_array

warnings.simplefilter("ignore")
COLLECTIONS = ("dicom-codecs-pydicom", "dicom-codecs-dicomparser")
HANDLERS = (("numpy", numpy_handler), ("gdcm", gdcm_handler), ("pillow", pillow_handler))
DCMTK = {
    "1.2.840.10008.1.2.5": ("dcmdrle",),
    **{f"1.2.840.10008.1.2.4.{n}": ("dcmdjpeg", "+cp") for n in (50, 51, 53, 55, 57, 70)},
    **{f"1.2.840.10008.1.2.4.{n}": ("dcmdjpls", "+cp") for n in (80, 81)},
}
# Answers that are none, looked into by hand.
NO_ANSWER = {
    ("JPEG2000-embedded-sequence-delimiter.dcm", "gdcm"):
        "gdcm: reports a damaged header (3,722,445,056 columns) and returns memory that it never wrote",
}
DTYPES = {"u": "uint", "i": "int", "f": "float"}


def settle(ds, arr):
    """Rows from top to bottom, samples together, unused bits away, colours as RGB."""
    photometric = ds.PhotometricInterpretation
    samples = ds.get("SamplesPerPixel", 1)
    stored, allocated = ds.get("BitsStored", 0), ds.get("BitsAllocated", 0)
    if samples == 3 and photometric in ("YBR_FULL", "YBR_FULL_422"):
        arr = convert_color_space(arr, photometric, "RGB")
        photometric = "RGB"
    elif samples == 3:
        photometric = "RGB"
    frames = int(ds.get("NumberOfFrames", 1) or 1)
    if arr.dtype.kind in "ui" and 1 < stored < allocated and not ds.file_meta.TransferSyntaxUID.startswith("1.2.840.10008.1.2.4.9"):
        low = ds.get("HighBit", stored - 1) + 1 - stored
        arr = arr >> low
        if arr.dtype.kind == "u":
            arr = arr & arr.dtype.type((1 << stored) - 1)
        else:
            up = arr.dtype.itemsize * 8 - stored
            arr = (arr << up) >> up
    arr = np.ascontiguousarray(arr)
    dtype = DTYPES[arr.dtype.kind] + str(arr.dtype.itemsize * 8)
    data = arr.astype(arr.dtype.newbyteorder("<")).tobytes()
    shape = f"{ds.Rows}x{ds.Columns}x{samples}"
    return f"{frames}\t{dtype}\t{shape}\t{photometric}\t{hashlib.sha256(data).hexdigest()}"


def read(path):
    ds = pydicom.dcmread(path, force=True)
    if not hasattr(ds, "file_meta") or "TransferSyntaxUID" not in ds.file_meta:
        ds.file_meta = getattr(ds, "file_meta", pydicom.dataset.FileMetaDataset())
        explicit = not ds.is_implicit_VR
        ds.file_meta.TransferSyntaxUID = ("1.2.840.10008.1.2.1" if explicit else "1.2.840.10008.1.2")
    return ds


def by_handler(path, handler):
    ds = read(path)
    if not handler.is_available() or not handler.supports_transfer_syntax(ds.file_meta.TransferSyntaxUID):
        raise ValueError("syntax not supported")
    arr = handler.get_pixeldata(ds)
    return settle(ds, reshape_pixel_array(ds, arr))


def by_dcmtk(path, folder):
    syntax = read(path).file_meta.TransferSyntaxUID
    out = os.path.join(folder, "out.dcm")
    if os.path.exists(out):
        os.unlink(out)
    tool = DCMTK.get(str(syntax), ("dcmconv", "+te"))
    if tool[0] == "dcmconv" and pydicom.uid.UID(syntax).is_encapsulated:
        raise ValueError("syntax not supported")
    done = subprocess.run([tool[0], *[o for o in tool[1:] if o != "+cp"], path, out], capture_output=True, text=True)
    if done.returncode != 0:
        raise ValueError((done.stderr.strip().splitlines() or ["failed"])[-1])
    return by_handler(out, numpy_handler)


def main(data):
    print("# path\tframes\tdtype\tshape\tphotometric\tsha256\twho, or: path\t-\twhy no program decodes it")
    with tempfile.TemporaryDirectory() as folder:
        for collection in COLLECTIONS:
            for name in sorted(os.listdir(os.path.join(data, collection))):
                path = os.path.join(data, collection, name)
                answers, reasons = {}, []
                try:
                    ds = read(path)
                    if not any(k in ds for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
                        raise ValueError("no pixel data")
                    ways = [(n, lambda h=h: by_handler(path, h)) for n, h in HANDLERS]
                    ways.append(("dcmtk", lambda: by_dcmtk(path, folder)))
                except Exception as error:
                    ways, reasons = [], [str(error).splitlines()[0] if str(error) else "unreadable"]
                for who, way in ways:
                    if (name, who) in NO_ANSWER:
                        reasons.append(NO_ANSWER[name, who])
                        continue
                    try:
                        answers.setdefault(way(), []).append(who)
                    except Exception as error:
                        reason = (str(error).splitlines() or [type(error).__name__])[0]
                        if "not supported" not in reason:
                            reasons.append(f"{who}: {reason}".replace("\t", " ").replace(path, name))
                for answer, who in answers.items():
                    print(f"{collection}/{name}\t{answer}\t{','.join(who)}")
                if not answers:
                    print(f"{collection}/{name}\t-\t{'; '.join(reasons) or 'syntax not supported by any'}"[:220])
                sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
