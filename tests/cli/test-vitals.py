# SPDX-License-Identifier: GPL-3.0-or-later
"""Vitals: files in, series out, analyses against known figures, NEWS2, the plot."""

import csv
import io
import itertools
import statistics
import struct
from datetime import datetime, timedelta, timezone

from ctl import Profile, main, person, run, shared

VALUES = ["80", "82.50", "79", "85", "81.0", "90", "88", "84", "86", "83"]
COLUMNS = "respiratory_rate,spo2,scale,oxygen,systolic,pulse,consciousness,temperature"


def minutes(values, parameter="HR"):
    start = datetime(2024, 1, 1, 10, tzinfo=timezone.utc)
    lines = ["time,parameter,value,unit"]
    lines += [f"{(start + timedelta(minutes=i)).isoformat()},{parameter},{v},/min" for i, v in enumerate(values)]
    return "\n".join(lines) + "\n"


def near(a, b, tolerance=1e-9):
    assert abs(float(a) - b) <= tolerance * max(1, abs(b)), (a, b)


def analyse(path, *argv, **more):
    return run("--json", "vitals", "analyse", path, *argv, **more).only


def sampled(bundle):
    """All values of a bundle in order, whether they stand alone or as SampledData."""
    found = []
    for entry in bundle["entry"]:
        observation = entry["resource"]
        data = observation.get("valueSampledData")
        if data is None:
            found.append(float(observation["valueQuantity"]["value"]))
            continue
        origin, factor = float(data["origin"]["value"]), float(data.get("factor", 1))
        found += [round(origin + factor * float(word), 6) for word in data["data"].split()]
    return found


def test_import_list_and_export():
    with Profile() as p:
        p.put("Patient/p1", person(1))
        file = p.write("v.csv", minutes(VALUES))
        line = p.json("vitals", "import", file, "--patient", "p1").only
        assert (line["kind"], line["status"], line["count"]) == ("vitals-csv", "imported", 10), line
        assert p.json("vitals", "import", file, "--patient", "p1").only["status"] == "unchanged"
        series = p.json("vitals", "list", "p1").only
        assert (series["code"], series["unit"], series["n"]) == ("8867-4", "/min", 10), series
        assert series["first"].startswith("2024-01-01T10:00:00") and series["last"].startswith("2024-01-01T10:09:00")
        rows = list(csv.DictReader(io.StringIO(p("vitals", "export", "p1", "--format", "csv").out)))
        assert [float(row["value"]) for row in rows] == [float(v) for v in VALUES], rows
        with Profile() as q:
            q.put("Patient/p1", person(1))
            q("vitals", "import", q.write("again.csv", p("vitals", "export", "p1", "--format", "csv").out), "--patient",
              "p1")
            assert q.json("vitals", "list", "p1").only["n"] == 10
        bundle = p("vitals", "export", "p1", "--format", "fhir").lines[0]
        assert bundle["resourceType"] == "Bundle" and bundle["entry"], bundle
        assert sampled(bundle) == [float(v) for v in VALUES], bundle


def test_refused_rows_are_named_by_line():
    with Profile() as p:
        p.put("Patient/p1", person(1))
        bad = minutes(VALUES[:2]) + "\n".join([
            "2024-01-01T11:00:00Z,HR,NaN,/min", "2024-01-01T11:01:00Z,HR,0x50,/min", "2024-01-01T11:02:00Z,HR,,/min",
            "2024-01-01T11:03:00Z,HR,-1,/min", "yesterday,HR,80,/min", "2024-01-01T11:05:00Z,,80,/min",
            "2024-01-01T11:06:00Z,HR,Inf,/min", "2024-01-01T11:07:00Z,HR,77,/min", "2024-01-01T11:07:00Z,HR,78,/min"]) + "\n"
        line = p.json("vitals", "import", p.write("bad.csv", bad), "--patient", "p1", expect=1).only
        assert line["count"] == 4 and line["status"] == "imported", line
        for number in range(4, 11):
            assert f"line {number}" in line["detail"] or "more" in line["detail"], (number, line["detail"])
        assert p.json("vitals", "list", "p1").only["n"] == 4               # both of 11:07


def test_relative_times_want_a_start():
    folder = shared("vitals-physionet2012-set-a")
    file = sorted(folder.glob("*.txt"))[0]
    with Profile() as p:
        p.put("Patient/p1", person(1))
        p.json("vitals", "import", file, "--patient", "p1", expect=1)
        line = p.json("vitals", "import", file, "--patient", "p1", "--start", "2024-02-01T00:00:00Z", expect=None).only
        assert line["status"] == "imported", line
        wanted = sum(1 for row in csv.DictReader(file.open()) if row["Parameter"] == "HR")
        series = {s["code"]: s for s in p.json("vitals", "list", "p1").lines}
        assert series["8867-4"]["n"] == wanted, (series["8867-4"], wanted)
        p("vitals", "import", file, "--patient", "nobody", expect=1)


def test_wfdb_values_are_those_of_the_signal_file():
    folder = shared("vitals-mimic2-numerics")
    header = folder / "s00001-2896-10-10-00-31n.hea"
    raw = (folder / "3975656n.dat").read_bytes()
    heart = [v for v in struct.unpack(f"<{len(raw) // 2}h", raw)[::10] if v != -32768]
    got = analyse(header, "--method", "summary", "--code", "HR")["result"]
    assert got["n"] == len(heart)
    near(got["mean"], statistics.fmean(heart) / 10)
    near(got["sd"], statistics.stdev(heart) / 10)
    near(got["median"], statistics.median(heart) / 10)


def test_a_summary_is_that_of_r():
    numbers = [float(v) for v in VALUES]
    with Profile() as p:
        got = analyse(p.write("v.csv", minutes(VALUES)), "--method", "summary", "--code", "HR")
        assert (got["method"], got["n"], got["parameters"]["code"]) == ("summary", 10, "HR"), got
        result = got["result"]
        near(result["mean"], statistics.fmean(numbers))
        near(result["sd"], statistics.stdev(numbers))
        near(result["median"], statistics.median(numbers))
        middle = statistics.median(numbers)
        near(result["mad"], statistics.median(abs(v - middle) for v in numbers))
        q1, _, q3 = statistics.quantiles(numbers, n=4, method="inclusive")     # R's type 7
        near(result["q1"], q1)
        near(result["q3"], q3)
        assert (float(result["min"]), float(result["max"]), result["unit"]) == (79, 90, "/min")


def test_standardised_differenced_and_correlated():
    numbers = [float(v) for v in VALUES]
    n, mean, sd = len(numbers), statistics.fmean(numbers), statistics.stdev(numbers)
    with Profile() as p:
        file = p.write("v.csv", minutes(VALUES))
        points = analyse(file, "--method", "standardise", "--code", "HR")["result"]["points"]
        for point, value in zip(points, numbers, strict=True):
            near(point["value"], (value - mean) / sd)
        points = analyse(file, "--method", "difference", "--code", "HR", "--order", "2")["result"]["points"]
        for i, point in enumerate(points):
            near(point["value"], numbers[i + 2] - 2 * numbers[i + 1] + numbers[i])
        assert len(points) == n - 2 and points[0]["t"].startswith("2024-01-01T10:02")
        got = analyse(file, "--method", "acf", "--code", "HR", "--lags", "3")["result"]
        total = sum((v - mean) ** 2 for v in numbers)
        for point in got["points"]:
            k = point["lag"]
            near(point["acf"], sum((numbers[i] - mean) * (numbers[i + k] - mean) for i in range(n - k)) / total)
        near(got["band95"], 1.96 / n ** 0.5, 1e-4)
        near(got["points"][0]["pacf"], float(got["points"][0]["acf"]))


def test_a_regression_finds_its_line():
    temperatures = [36.5, 37.0, 37.8, 38.1, 36.9, 37.4, 38.6, 39.0]
    pulses = [70, 75, 90, 88, 72, 81, 99, 101]
    systolic = [200 - 2.0 * t + 0.5 * h for t, h in zip(temperatures, pulses, strict=True)]
    lines = ["time,Temp,HR,SBP"]
    lines += [f"{i * 60},{t},{h},{s:.2f}" for i, (t, h, s) in enumerate(zip(temperatures, pulses, systolic, strict=True))]
    with Profile() as p:
        file = p.write("wide.csv", "\n".join(lines) + "\n")
        got = analyse(file, "--method", "regress", "--y", "SBP", "--x", "Temp,HR", "--predict", "Temp=37,HR=80")
        result = got["result"]
        names = [c["name"] for c in result["coefficients"]]
        assert names == ["intercept", "Temp", "HR"] and result["n"] == 8 and result["df"] == 5, result
        for coefficient, wanted in zip(result["coefficients"], (200, -2, 0.5), strict=True):
            near(coefficient["estimate"], wanted, 1e-6)
            assert {"se", "t", "p", "lo95", "hi95"} <= set(coefficient)
        near(result["r2"], 1, 1e-6)
        near(result["prediction"]["mean"], 200 - 74 + 40, 1e-6)
        # No line to find: a sentence, not a number.
        flat = p.write("flat.csv", minutes(["80"] * 8))
        answer = analyse(flat, "--method", "standardise", "--code", "HR")
        assert isinstance(answer["result"]["withheld"], str), answer
        run("vitals", "analyse", file, "--method", "summary", "--code", "Nonsense", expect=2)
        run("vitals", "analyse", file, "--method", "nonsense", "--code", "HR", expect=2)


def test_an_outlier_is_flagged():
    values = ["80", "81", "79", "80", "82", "160", "81", "80", "79", "81", "80", "82"]
    with Profile() as p:
        file = p.write("v.csv", minutes(values))
        points = analyse(file, "--method", "anomalies", "--code", "HR", "--detector", "hampel", "--window", "7")
        points = points["result"]["points"]
        assert len(points) == 1 and float(points[0]["value"]) == 160 and points[0]["t"].startswith("2024-01-01T10:05")
        for detector in ("ewma", "cusum"):
            assert analyse(file, "--method", "anomalies", "--code", "HR", "--detector", detector)["result"]["points"]


def part(value, bounds):
    """Points of a NEWS2 part: the first bound that value does not exceed."""
    return next(points for limit, points in bounds if value <= limit)


def news2(rate, spo2, scale, oxygen, systolic, pulse, mind, temperature):
    """NEWS2 of the Royal College of Physicians (2017), written again from its chart."""
    inf = float("inf")
    if scale != 2:
        saturation = part(spo2, [(91, 3), (93, 2), (95, 1), (inf, 0)])
    elif spo2 <= 92 or oxygen == "air":
        saturation = part(spo2, [(83, 3), (85, 2), (87, 1), (inf, 0)])
    else:
        saturation = part(spo2, [(94, 1), (96, 2), (inf, 3)])
    return {
        "respiratory_rate": part(rate, [(8, 3), (11, 1), (20, 0), (24, 2), (inf, 3)]),
        "spo2": saturation,
        "oxygen": 2 if oxygen == "oxygen" else 0,
        "systolic": part(systolic, [(90, 3), (100, 2), (110, 1), (219, 0), (inf, 3)]),
        "pulse": part(pulse, [(40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (inf, 3)]),
        "consciousness": 0 if mind == "A" else 3,
        "temperature": part(temperature, [(35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), (inf, 2)]),
    }


def test_news2_at_every_edge():
    edges = {0: [8, 9, 11, 12, 20, 21, 24, 25], 4: [90, 91, 100, 101, 110, 111, 219, 220],
             5: [40, 41, 50, 51, 90, 91, 110, 111, 130, 131], 6: ["A", "C", "V", "P", "U"],
             7: [35.0, 35.1, 36.0, 36.1, 38.0, 38.1, 39.0, 39.1]}
    normal = [16, 97, 1, "air", 120, 70, "A", 37.0]
    cases = [normal]
    for column, values in edges.items():
        cases += [normal[:column] + [value] + normal[column + 1:] for value in values]
    for scale, oxygen, spo2 in itertools.product((1, 2), ("air", "oxygen"), range(82, 99)):
        cases.append([16, spo2, scale, oxygen, 120, 70, "A", 37.0])
    cases += [[25, 91, 1, "oxygen", 90, 131, "U", 35.0], [21, 94, "", "air", 100, 111, "A", 38.1]]
    with Profile() as p:
        text = COLUMNS + "\n" + "\n".join(",".join(str(c) for c in case) for case in cases) + "\n"
        lines = run("--json", "vitals", "news2", "--values", p.write("n.csv", text)).lines
        assert len(lines) == len(cases)
        for case, got in zip(cases, lines, strict=True):
            wanted = news2(*case)
            total = sum(wanted.values())
            assert got["parts"] == wanted and got["total"] == total and got["complete"] is True, (case, got, wanted)
            response = ("emergency" if total >= 7 else "urgent" if total >= 5 else "single" if 3 in wanted.values()
                        else "low" if total else "routine")
            assert got["response"] == response, (case, got)


def test_news2_tells_what_is_missing():
    text = COLUMNS + "\n16,97,1,air,120,,A,37.0\n25,91,,oxygen,,,U,\n999,97,1,air,120,70,A,37.0\n16,97,1,air,120,70,A,37.0\n"
    with Profile() as p:
        answer = run("--json", "vitals", "news2", "--values", p.write("n.csv", text), expect=1)
        first, second, last = answer.lines
        assert first["total"] is None and first["missing"] == ["pulse"] and first["parts"]["pulse"] is None, first
        assert first["complete"] is False and first["response"] is None, first
        assert second["total"] is None and second["response"] == "emergency", second     # 11 points are there already
        assert last["total"] == 0 and "line 4" in answer.err, (last, answer.err)


def test_news2_of_a_patient():
    names = {"RespRate": "16", "SpO2": "97", "NISysABP": "120", "HR": "70", "Temp": "37.0"}
    lines = ["time,parameter,value"] + [f"2024-01-01T10:00:00Z,{k},{v}" for k, v in names.items()]
    with Profile() as p:
        p.put("Patient/p1", person(1))
        p("vitals", "import", p.write("v.csv", "\n".join(lines) + "\n"), "--patient", "p1")
        got = p.json("vitals", "news2", "p1", "--at", "2024-01-01T10:05:00Z").only
        assert got["total"] is None and {"oxygen", "consciousness"} <= set(got["missing"]), got
        assert got["parts"]["respiratory_rate"] == 0 and got["parts"]["pulse"] == 0, got
        p("vitals", "news2", "p1", "--at", "soon", expect=2)


def test_the_plot_is_a_file_of_its_kind():
    with Profile() as p:
        p.put("Patient/p1", person(1))
        p("vitals", "import", p.write("v.csv", minutes(VALUES)), "--patient", "p1")
        for ending, start in (("png", b"\x89PNG\r\n\x1a\n"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
            out = p.top / f"plot.{ending}"
            p("vitals", "plot", "p1", "--out", out, "--size", "640x480", "--codes", "8867-4")
            data = out.read_bytes()
            assert data.startswith(start) and len(data) > 1000, ending
            if ending == "png":
                assert struct.unpack(">II", data[16:24]) == (640, 480)
        p("vitals", "plot", "p1", "--out", p.top / "x.png", "--codes", "nonsense", expect=1)
        p("vitals", "plot", "p1", "--out", p.top / "x.png", "--from", "2024-01-02", "--to", "2024-01-01", expect=2)
        assert not (p.top / "x.png").exists()


main(globals())
