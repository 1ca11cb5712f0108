#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes tests/data/dicom/charsets.tsv: Patient's Name of each character set file, as pydicom reads it.

usage: make-charsets-table.py DATA >charsets.tsv
"""
import os
import sys

import pydicom

folder = os.path.join(sys.argv[1], "dicom-charsets-pydicom")
print("# path\tsequence (or -)\ttag\ttext")
for name in sorted(os.listdir(folder)):
    if not name.endswith(".dcm"):
        continue
    ds = pydicom.dcmread(os.path.join(folder, name), force=True)
    ds.decode()
    for element in ds:
        if element.VR in ("PN", "LO", "SH", "ST", "LT", "UT") and element.value:
            values = element.value if element.VM > 1 else [element.value]
            text = "\\".join(str(v) for v in values)
            if any(ord(c) > 127 for c in text):
                print(f"dicom-charsets-pydicom/{name}\t-\t{int(element.tag):08X}\t{text}")
        elif element.VR == "SQ":
            for item in element.value[:1]:
                for inner in item:
                    if inner.VR in ("PN", "LO", "SH") and inner.value:
                        text = str(inner.value)
                        print(f"dicom-charsets-pydicom/{name}\t{int(element.tag):08X}\t{int(inner.tag):08X}\t{text}")
