# SPDX-License-Identifier: GPL-3.0-or-later
"""Each role by each command that changes something, takes something out or opens something: who may does, who may
not is told, changes nothing and stands in the audit trail."""

import json

from ctl import SOURCES, Profile, main, person
from fhirserver import FhirServer

ROLES = ("physician", "radiologist", "nurse", "read-only", "administrator")
SCAN = SOURCES / "data/dicom/liver_nonbyte_aligned_rle.dcm"
CONFIDENTIAL = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
VITALS = "time,parameter,value,unit\n2024-01-01T10:00:00Z,HR,80,/min\n2024-01-01T10:01:00Z,HR,81,/min\n"
REASON = "Unconscious in the emergency room"


def pulse(number, value=80, **more):
    return {"resourceType": "Observation", "id": f"o{number}", "status": "final", "subject": {"reference": "Patient/p1"},
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
            "effectiveDateTime": f"2024-01-02T03:04:{number:02}Z",
            "valueQuantity": {"value": value, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}, **more}


def trail(p, action):
    return [row for row in p.json("audit", "export").lines if row["action"] == action]


# What is tried, the files it needs, and who may: physician, radiologist, nurse, read-only, administrator.
COMMANDS = (
    ("cloud add", "+++++", lambda p, url: ("cloud", "add", "second", "--dicomweb", url)),
    ("sync", "+++++", lambda p, url: ("sync", "ward", "--once")),
    ("cloud remove", "+++++", lambda p, url: ("cloud", "remove", "second")),
    ("put Patient", "+----", lambda p, url: ("resource", "put", "Patient/p1", p.write("p.json", json.dumps(
        person(1, gender="male"))))),
    ("put Observation", "+++--", lambda p, url: ("resource", "put", "Observation/o1", p.write("o.json", json.dumps(
        pulse(1, 90))))),
    ("delete Condition", "+----", lambda p, url: ("resource", "delete", "Condition/c1")),
    ("delete Observation", "+++--", lambda p, url: ("resource", "delete", "Observation/o2")),
    ("import FHIR", "+---+", lambda p, url: ("import", p.write("new.json", json.dumps(person(7))))),
    ("import DICOM", "++--+", lambda p, url: ("import", SCAN)),
    ("import vitals", "+++-+", lambda p, url: ("vitals", "import", p.write("v.csv", VITALS), "--patient", "p1")),
    ("export", "+++-+", lambda p, url: ("export", "p1", "--out", p.top / "out")),
    ("export vitals", "+++-+", lambda p, url: ("vitals", "export", "p1", "--format", "csv")),
    ("plot", "+++-+", lambda p, url: ("vitals", "plot", "p1", "--out", p.top / "plot.svg")),
    ("break the glass", "+++--", lambda p, url: ("break-glass", "start", "--reason", REASON, "--patient", "p1")),
)


def filled(role, server):
    server.write(person(1))
    server.write({"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"}})
    server.write({"resourceType": "Condition", "id": "c2", "meta": CONFIDENTIAL, "subject": {"reference": "Patient/p1"}})
    for number in (1, 2, 3, 4):
        server.write(pulse(number))
    p = Profile(role)
    p("cloud", "add", "ward", "--fhir", server.url)
    p("sync", "ward", "--once")
    return p


def state(p):
    return len(trail(p, "denied")), p.counts(), p.json("outbox", "list").out


def test_each_role_by_each_command():
    for place, role in enumerate(ROLES):
        with FhirServer() as server, filled(role, server) as p:
            for name, may, command in COMMANDS:
                before = None if may[place] == "+" else state(p)
                answer = p(*command(p, server.url), expect=None)
                if before is None:
                    assert answer.code == 0, (role, name, answer.code, answer.err)
                else:
                    assert answer.code == 1 and "may not" in answer.err, (role, name, answer.code, answer.err)
                    after = state(p)
                    assert after == (before[0] + 1, *before[1:]), (role, name, before, after)
            assert (p.top / "out").exists() == (p.top / "plot.svg").exists() == (role != "read-only"), role
            p.verify()


def test_decisions_are_edits():
    """A conflict and a refusal are settled by who may change the record, and by nobody else."""
    for role in ("physician", "nurse", "read-only", "administrator"):
        with FhirServer() as server, filled(role, server) as p:
            server.write(pulse(3, 70))
            server.refuse = lambda resource: "no" if resource["id"] == "o4" else None
            if role == "administrator":
                # An administrator takes files in, and what others then decide differently stays undecided.
                for number in (3, 4):
                    p("import", p.write("o.json", json.dumps(pulse(number, 95))))
            elif role != "read-only":
                for number in (3, 4):
                    p.put(f"Observation/o{number}", pulse(number, 95))
            report = p.json("sync", "ward", "--once", expect=0 if role == "read-only" else 6).only
            assert (report["conflicts"], report["quarantined"]) == ((0, 0) if role == "read-only" else (1, 1)), (role, report)
            may = role not in ("read-only", "administrator")
            for argv in (("conflicts", "resolve", "Observation/o3", "--keep", "mine"),
                         ("quarantine", "discard", "Observation/o4")):
                answer = p(*argv, expect=0 if may else 1)
                assert may or answer.err, (role, argv)
            if role == "administrator":
                assert len(trail(p, "denied")) == 2
                assert len(p.json("conflicts", "list").lines) == len(p.json("quarantine", "list").lines) == 1
            p.verify()


def test_what_is_restricted_is_in_no_answer():
    """Every command that prints what is kept, before the glass is broken and after."""
    secret = "hidden-illness"
    with FhirServer() as server, Profile() as p:
        server.write(person(1))
        server.write({"resourceType": "Condition", "id": "c1", "meta": CONFIDENTIAL, "code": {"text": secret},
                      "subject": {"reference": "Patient/p1"}})
        p("cloud", "add", "ward", "--fhir", server.url)
        p("sync", "ward", "--once")
        p("break-glass", "start", "--reason", REASON, "--patient", "p1")
        # One change that waits on the restricted record, and then one that collides.
        changed = {"resourceType": "Condition", "id": "c1", "meta": CONFIDENTIAL, "code": {"text": secret + " mine"},
                   "subject": {"reference": "Patient/p1"}}
        p.put("Condition/c1", changed)
        server.write({**changed, "code": {"text": secret + " theirs"}})
        p("sync", "ward", "--once", expect=6)
        readers = (("resource", "get", "Condition/c1"), ("resource", "history", "Condition/c1"), ("chart", "p1"),
                   ("search", "Condition?code:text=hidden"), ("search", "Condition"), ("conflicts", "list"),
                   ("conflicts", "show", "Condition/c1"), ("outbox", "list"), ("export", "p1", "--out", p.top / "x"))

        def said():
            found = {}
            for argv in readers:
                answer = p.json(*argv, expect=None)
                files = "".join(f.read_text() for f in sorted((p.top / "x").rglob("*")) if f.is_file()) \
                    if argv[0] == "export" else ""
                found[argv[:2]] = (secret in answer.out + answer.err + files
                                   or '"c1"' in answer.out, answer.err)
            return found

        seen = said()
        assert sum(shown for shown, _ in seen.values()) >= len(readers) - 1, seen
        p("break-glass", "stop")
        p.write("x/none", "")
        for old in (p.top / "x").rglob("*"):
            if old.is_file():
                old.unlink()
        hidden = said()
        assert not any(shown for shown, _ in hidden.values()), hidden
        # And who looks for what waits is told that there is something.
        for argv in (("outbox", "list"), ("conflicts", "list")):
            assert "1 change that waits is restricted and not shown" in hidden[argv][1], hidden[argv]
        assert secret not in p.json("audit", "export").out
        refused = p("conflicts", "resolve", "Condition/c1", "--keep", "mine", expect=1)
        assert refused.err and secret not in refused.err


main(globals())
