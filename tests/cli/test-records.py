# SPDX-License-Identifier: GPL-3.0-or-later
"""Records: what goes in comes out, digit for digit; what is bad is named and the rest goes on."""

import json
import os
import re
from collections import Counter

from ctl import Profile, main, person, shared

SAME = ("fhir-synthea-vitals", "mr-t1-studyforrest", "vitals-mimic2-numerics")


def count_entries(folder):
    """Resources per type in a folder of bundles, counted without any code of Rounds."""
    found = Counter()
    for path in sorted(folder.glob("*.json")):
        bundle = json.loads(path.read_text(encoding="utf-8"))
        for entry in bundle["entry"]:
            resource = entry["resource"]
            found[resource["resourceType"], resource["id"]] += 1
    return Counter(kind for kind, _ in found)


def test_shared_data_goes_in_whole_and_only_once():
    folders = [shared(name) for name in SAME]
    with Profile() as p:
        first = p.json("import", *folders).lines
        again = p.json("import", *folders).lines
        for lines in (first, again):
            summary = lines[-1]["summary"]
            assert summary["status"]["rejected"] == 0, [x for x in lines if x.get("status") == "rejected"]
            assert summary["files"] == len(lines) - 1 == sum(summary["kind"].values())
            assert summary["kind"]["fhir"] == 5 and summary["kind"]["dicom"] == 40 and summary["kind"]["wfdb"] == 4
        paths = [line["path"].encode() for line in first[:-1]]
        assert paths == sorted(paths)
        assert {line["status"] for line in again[:-1]} == {"unchanged"}
        assert sum(line["count"] for line in first if line.get("kind") == "dicom") == 40
        p.verify()


def test_counts_are_those_of_the_bundles():
    for name in ("fhir-synthea-vitals", "fhir-synthea-smart"):
        folder = shared(name)
        with Profile() as p:
            lines = p.json("import", folder).lines
            expected = count_entries(folder)
            assert p.counts() == dict(expected), (name, p.counts(), expected)
            assert sum(line["count"] for line in lines[:-1]) >= sum(expected.values())
            waiting = p.json("outbox", "list").lines
            assert len(waiting) == sum(expected.values()) and {row["verb"] for row in waiting} == {"create"}
            people = p.json("patients").lines
            assert len(people) == expected["Patient"]
            assert {"id", "name", "birth_date", "sex", "identifiers"} == set(people[0]), people[0]
            assert len(p.json("patients", "--limit", "2").lines) == 2


def test_every_number_of_the_bundles_keeps_its_digits():
    folder = shared("fhir-synthea-vitals")
    number = re.compile(r'(?<=[:\[,])\s*-?\d+\.\d+(?:[eE][+-]?\d+)?(?=\s*[,}\]])')
    with Profile() as p:
        p("import", folder)
        checked = 0
        for path in sorted(folder.glob("*.json")):
            bundle = json.loads(path.read_text(encoding="utf-8"), parse_float=lambda digits: f"\x01{digits}")
            wanted = [e["resource"] for e in bundle["entry"] if "\x01" in json.dumps(e["resource"], ensure_ascii=False)
                      or "\\u0001" in json.dumps(e["resource"])][:40]
            answer = p("resource", "get", *[f"{r['resourceType']}/{r['id']}" for r in wanted])
            for resource, line in zip(wanted, answer.out.splitlines(), strict=True):
                before = sorted(re.findall(r'"\\u0001([^"]+)"', json.dumps(resource)))
                after = sorted(text.strip() for text in number.findall(line))
                assert before == after, (resource["id"], before, after)
                checked += len(before)
        assert checked > 20, checked


def test_what_is_put_comes_back_to_the_digit():
    text = ('{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},'
            '"valueQuantity":{"value":1.10,"unit":"mg"},"extension":[{"url":"http://x","valueDecimal":100.00}],'
            '"ours":{"a":1.0e5,"b":-0.0,"c":123456789012345678.90,"d":0.000000000000000000001}}')
    with Profile() as p:
        p.put("Observation/o1", text)
        assert p("resource", "get", "Observation/o1").out == text + "\n"
        file = p.write("o1.json", text.replace("1.10", "1.100"))
        p("resource", "put", "Observation/o1", file)
        assert '"value":1.100,' in p("resource", "get", "Observation/o1").out


def test_put_without_an_id_takes_that_of_the_reference():
    with Profile() as p:
        p.put("Patient/p7", {"resourceType": "Patient"})
        assert p("resource", "get", "Patient/p7").lines[0]["id"] == "p7"
        p.put("Patient/p8", person(7), expect=1)
        p.put("Observation/p7", person(7), expect=1)
        p("resource", "put", "Patient/p7", "/nonexistent", expect=1)
        p("resource", "put", "Patient/p7", p.top, expect=1)
        assert p.counts() == {"Patient": 1}


def test_history_is_newest_first_with_differences():
    with Profile(name="Dr One") as p:
        p.put("Patient/p1", person(1))
        p.put("Patient/p1", person(1, birthDate="1970-01-03"))
        p.put("Patient/p1", person(1, birthDate="1970-01-03"))     # no edit: nothing changed
        p("resource", "delete", "Patient/p1")
        lines = p.json("resource", "history", "Patient/p1").lines
        assert [line["version"] for line in lines] == [3, 2, 1], lines
        assert {line["who"] for line in lines} == {"Dr One"} and lines[0]["deleted"] is True
        assert lines[1]["diff"] == [{"path": "birthDate", "old": "1970-01-02", "new": "1970-01-03"}], lines[1]
        assert p("resource", "get", "Patient/p1", expect=1).out == ""
        assert p.counts() == {}
        p("resource", "delete", "Patient/p1", expect=1)
        p("resource", "history", "Patient/never", expect=1)


def test_get_of_several_prints_what_is_there():
    with Profile() as p:
        p.put("Patient/p1", person(1))
        p.put("Patient/p2", person(2))
        answer = p("resource", "get", "Patient/p1", "Patient/none", "Patient/p2", expect=1)
        assert [line["id"] for line in answer.lines] == ["p1", "p2"] and "Patient/none" in answer.err


def test_the_outbox_has_one_row_a_resource():
    with Profile() as p:
        p.put("Patient/p1", person(1))
        p.put("Patient/p1", person(1, gender="male"))
        p.put("Patient/p2", person(2))
        p("resource", "delete", "Patient/p2")          # never left: nothing to send
        row = p.json("outbox", "list").only
        assert set(row) == {"seq", "type", "id", "verb", "state", "attempts", "last_status", "reason"}, row
        assert (row["type"], row["id"], row["verb"], row["state"]) == ("Patient", "p1", "create", "pending"), row
        assert p("conflicts", "list").out == "" and p.json("quarantine", "list").out == ""
        p("conflicts", "show", "Patient/p1", expect=1)
        p("quarantine", "retry", "Patient/p1", expect=1)
        p("quarantine", "discard", "--all")


def test_a_bundle_is_put_in_one_transaction():
    bundle = {"resourceType": "Bundle", "type": "transaction",
              "entry": [{"resource": person(n)} for n in (1, 2)]}
    with Profile() as p:
        p.put("Bundle/b", bundle, expect=None)
        before = p.counts()
        p.put("Patient/p1", bundle)
        assert p.counts()["Patient"] == 2, (before, p.counts())
        bundle["entry"] += [{"resource": person(3)}, {"resource": {"resourceType": "Nonsense", "id": "x"}}]
        p.put("Patient/p3", bundle, expect=1)
        assert p.counts()["Patient"] == 2


def test_bad_files_are_named_and_the_rest_goes_on():
    with Profile() as p:
        top = p.top / "in"
        files = {
            "01-bom": (b"\xef\xbb\xbf" + json.dumps(person(1)).encode(), "fhir", "imported", 1),
            "02-cut.json": (b'{"resourceType":', "fhir", "rejected", 0),
            "03-empty": (b"", "unknown", "rejected", 0),
            "04-noise.dcm": (bytes(range(256)) * 4, "unknown", "rejected", 0),
            "05-deep.json": (b'{"resourceType":"Patient","id":"d","x":' + b"[" * 70 + b"]" * 70 + b"}", "fhir", "rejected",
                             0),
            "06-bomb.json": (b"[" * 200000, None, "rejected", 0),
            "07.ndjson": (json.dumps(person(2)).encode() + b"\n{bad\n" + json.dumps(person(3)).encode() + b"\n", "ndjson",
                          "imported", 2),
            "08-twice.json": (b'{"resourceType":"Patient","id":"a","id":"b"}', "fhir", "rejected", 0),
            "09-type.json": (b'{"resourceType":"Nonsense","id":"a"}', "fhir", "rejected", 0),
            "10-id.json": (json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [
                {"resource": person(4)}, {"resource": {"resourceType": "Patient", "id": "not an id"}}]}).encode(),
                "fhir", "imported", 1),
            "11-outcome.json": (b'{"resourceType":"OperationOutcome"}', "fhir", "rejected", 0),
            "12.hl7": (b"MSH|^~\\&|A|B|C|D|2020||ADT^A01|1|P|2.5\rPID|1||1\r", "hl7v2", "rejected", 0),
            "13.csv": (b"time,HR\n2024-01-01T10:00:00Z,80\n2024-01-01T10:01:00Z,many\n", "vitals-csv", "imported", 1),
        }
        for name, (content, *_) in files.items():
            p.write(f"in/{name}", content)
        os.symlink("/etc/passwd", top / "14-link")
        os.mkfifo(top / "15-pipe")
        (top / "16 sub\nfolder").mkdir()
        p.write("in/16 sub\nfolder/x", json.dumps(person(5)))
        answer = p.json("import", top, expect=1)
        by_name = {os.path.basename(line["path"]): line for line in answer.lines[:-1]}
        for name, (_, kind, status, count) in files.items():
            line = by_name[name]
            assert line["status"] == status and line["count"] == count, line
            assert kind is None or line["kind"] == kind, line
            assert "\n" not in (line["detail"] or ""), line
            assert line["detail"] or status != "rejected", line
        assert by_name["x"]["status"] == "imported"
        for name in ("14-link", "15-pipe"):
            assert name not in by_name or by_name[name]["status"] == "rejected"
        assert "line 2" in by_name["07.ndjson"]["detail"] and "line 3" in by_name["13.csv"]["detail"], by_name
        counts = p.counts()
        again = p.json("import", top, expect=1).lines
        assert {line["status"] for line in again[:-1]} == {"unchanged", "rejected"}, again
        assert p.counts() == counts
        missing = p.json("import", p.top / "absent", p.top / "in/01-bom", expect=1).lines
        assert [line["status"] for line in missing[:-1]] == ["rejected", "unchanged"], missing
        p.verify()


def test_references_by_full_url_find_their_resource():
    url = "urn:uuid:aaaaaaaa-0000-4000-8000-000000000001"
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"resource": {"resourceType": "Observation", "status": "final", "code": {"text": "t"}, "subject": {"reference": url}},
         "request": {"method": "DELETE", "url": "Observation"}},
        {"fullUrl": url, "resource": {"resourceType": "Patient"}},
        {"resource": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": person(9)}]}}]}
    with Profile() as p:
        file = p.write("bundle", json.dumps(bundle))
        line = p.json("import", file).lines[0]
        assert line["status"] == "imported" and line["count"] == 3, line
        assert p.counts() == {"Observation": 1, "Patient": 2}
        row = next(row for row in p.json("outbox", "list").lines if row["type"] == "Observation")
        subject = p("resource", "get", f"Observation/{row['id']}").lines[0]["subject"]["reference"]
        assert subject.startswith("Patient/"), subject
        p("resource", "get", subject)
        assert p.json("import", file).lines[0]["status"] == "unchanged"


def test_other_content_is_an_update_and_as_known_does_not_wait():
    with Profile() as p:
        first, second = p.write("1", json.dumps(person(1))), p.write("2", json.dumps(person(1, gender="male")))
        p("import", "--as-known", first)
        assert p("outbox", "list", "--json").out == ""
        assert p.json("import", second).lines[0]["status"] == "updated"
        assert p.json("outbox", "list").only["verb"] == "update"
        assert len(p.json("resource", "history", "Patient/p1").lines) == 2
        assert p.json("import", second).lines[0]["status"] == "unchanged"


def test_a_chart_tells_its_sections():
    folder = shared("fhir-synthea-vitals")
    with Profile() as p:
        p("import", folder)
        hit = p.json("patients", "hickle").only
        chart = p.json("chart", hit["id"]).only
        assert set(chart) >= {"patient", "problems", "allergies", "medications", "encounters", "notes", "results", "vitals",
                              "studies", "unsynced"}, chart.keys()
        assert chart["patient"]["id"] == hit["id"] and chart["problems"] and chart["encounters"] and chart["vitals"]
        text = p("chart", "Hickle").out
        assert "(null)" not in text and "HICKLE" in text, text
        p("chart", "nobody at all", expect=1)
        # Both forms hold every record of the patient that the cache has.
        out = p.top / "out"
        line = p.json("export", hit["id"], "--out", out).only
        assert line["type"] == "Bundle" and line["count"] == len(json.loads(open(line["path"]).read())["entry"])
        lines = p.json("export", hit["id"], "--out", out, "--format", "ndjson").lines
        assert sum(x["count"] for x in lines) == line["count"] and [x["type"] for x in lines] == sorted(
            x["type"] for x in lines)
        with Profile() as fresh:
            fresh("import", line["path"])
            assert fresh.counts() == {x["type"]: x["count"] for x in lines}


main(globals())
