# SPDX-License-Identifier: GPL-3.0-or-later
"""roundsctl search: FHIR's syntax, its refusals, and that what is shown is audited."""

import json
import tempfile
from pathlib import Path

from ctl import Profile, main

PEOPLE = [
    {"resourceType": "Patient", "id": "a", "name": [{"family": "Álvarez"}], "gender": "female", "birthDate": "1950-03-01"},
    {"resourceType": "Patient", "id": "b", "name": [{"family": "Meyer"}], "gender": "male", "birthDate": "1980"},
    {"resourceType": "Encounter", "id": "e", "status": "in-progress", "subject": {"reference": "Patient/b"}},
]


def filled():
    p = Profile()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.ndjson"
        path.write_text("\n".join(json.dumps(r) for r in PEOPLE), encoding="utf-8")
        p("import", path)
    return p


def ids(p, query):
    return [json.loads(line)["id"] for line in p("search", query).out.splitlines()]


def test_finds_counts_and_orders():
    with filled() as p:
        assert ids(p, "Patient?name=alv") == ["a"]
        assert ids(p, "Patient?birthdate=ge1960") == ["b"]
        assert ids(p, "Patient?_has:Encounter:subject:status=in-progress") == ["b"]
        assert ids(p, "Patient?_sort=-name") == ["b", "a"]
        assert ids(p, "Patient?_unsynced=true&_sort=birthdate&_count=1") == ["a"]
        assert p("search", "Patient?gender=male", "--count").out.strip() == "1"
        assert p.json("search", "Patient?_summary=count").only == {"type": "Patient", "count": 2}
        trail = [row for row in p.json("audit", "export").lines if row.get("action") == "view"]
        assert trail and "alv" not in json.dumps(trail), trail


def test_refuses_what_it_does_not_know():
    with filled() as p:
        for query in ("Patient?colour=red", "Patient?birthdate=soon", "Nobody?name=x", "Patient?name:near=x"):
            answer = p("search", query, expect=2)
            assert answer.err and not answer.out, query
        p("search", expect=2)



main(globals())
