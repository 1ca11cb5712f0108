# SPDX-License-Identifier: GPL-3.0-or-later
"""Two-way sync as a script sees it: the report, exit 6, conflicts and quarantine settled from the shell."""

from ctl import Profile, main, person
from fhirserver import FhirServer


def linked(server):
    p = Profile()
    p("cloud", "add", "ward", "--fhir", server.url)
    return p


def test_changes_go_both_ways():
    with FhirServer() as server, linked(server) as p:
        probed = p.json("cloud", "probe", "ward").only
        assert probed["name"] == "ward" and probed["capabilities"] and isinstance(probed["warnings"], list), probed
        server.write(person(1))
        p.put("Patient/p2", person(2))
        report = p.json("sync", "ward", "--once").only
        assert set(report) >= {"pulled", "pushed", "conflicts", "quarantined", "pending", "complete", "seconds"}, report
        assert (report["pushed"], report["pulled"], report["pending"], report["complete"]) == (1, 1, 0, True), report
        assert server.current("Patient", "p2")["birthDate"] == "1970-01-02"
        assert p.counts() == {"Patient": 2} and p("--json", "outbox", "list").out == ""
        server.remove("Patient", "p1")
        p("resource", "delete", "Patient/p2")
        report = p.json("sync", "--once").only
        assert p.counts() == {} and server.current("Patient", "p2") is None, (p.counts(), report, server.versions)
        report = p.json("sync", "ward", "--once").only
        assert (report["pushed"], report["pulled"], report["complete"]) == (0, 0, True), report


def test_a_reader_reads_and_takes_nothing_out():
    pulse = {"resourceType": "Observation", "id": "o1", "status": "final", "subject": {"reference": "Patient/p1"},
             "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
             "effectiveDateTime": "2024-01-02T03:04:05Z",
             "valueQuantity": {"value": 80, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}}
    with FhirServer() as server, Profile("read-only") as p:
        p("cloud", "add", "ward", "--fhir", server.url)
        server.write(person(1))
        server.write(pulse)
        p("sync", "ward", "--once")
        assert p.json("vitals", "list", "p1").only["n"] == 1
        for argv in (["vitals", "plot", "p1", "--out", p.top / "out.svg"], ["vitals", "export", "p1", "--format", "csv"],
                     ["export", "p1", "--out", p.top / "out"]):
            refused = p(*argv, expect=1)
            assert "may not export" in refused.err and not refused.out, refused.err
        assert not (p.top / "out").exists() and not (p.top / "out.svg").exists()
        p.put("Patient/p1", person(1, gender="male"), expect=1)
        p("resource", "delete", "Patient/p1", expect=1)
        assert p("--json", "outbox", "list").out == ""
        p.verify()


def diverge(server, p):
    """p1 with the birth date changed in both places, the gender only there, the name only here."""
    server.write(person(1))
    p("sync", "ward", "--once")
    server.write(person(1, birthDate="1970-03-03", gender="male"))
    p.put("Patient/p1", person(1, birthDate="1970-02-02", name=[{"family": "Here"}]))
    report = p.json("sync", "ward", "--once", expect=6).only
    assert report["conflicts"] == 1, report


def test_a_conflict_is_settled_each_way():
    for keep, birth in (("mine", "1970-02-02"), ("theirs", "1970-03-03"), ("base", "1970-01-02")):
        with FhirServer() as server, linked(server) as p:
            diverge(server, p)
            line = p.json("conflicts", "list").only
            assert set(line) == {"type", "id", "paths", "status"} and line["paths"] == ["birthDate"], line
            shown = p.json("conflicts", "show", "Patient/p1").only
            assert [shown[side]["birthDate"] for side in ("base", "mine", "theirs")] == [
                "1970-01-02", "1970-02-02", "1970-03-03"], shown
            p("conflicts", "resolve", "p1", "--keep", keep)
            assert p.json("conflicts", "list").out == ""
            got = p("resource", "get", "Patient/p1").lines[0]
            assert (got["birthDate"], got["gender"], got["name"][0]["family"]) == (birth, "male", "Here"), (keep, got)
            report = p.json("sync", "ward", "--once").only
            assert report["pending"] == 0 and report["conflicts"] == 0, report
            there = server.current("Patient", "p1")
            assert (there["birthDate"], there["gender"], there["name"][0]["family"]) == (birth, "male", "Here"), there
            p.verify()


def test_what_was_kept_comes_back_to_a_server_that_deleted_it():
    with FhirServer() as server, linked(server) as p:
        server.write(person(1))
        p("sync", "ward", "--once")
        server.remove("Patient", "p1")
        p.put("Patient/p1", person(1, gender="male"))
        p("sync", "ward", "--once", expect=6)
        p("conflicts", "resolve", "Patient/p1", "--keep", "mine")
        p("sync", "ward", "--once")
        assert p.json("conflicts", "list").out == "" and p("--json", "outbox", "list").out == ""
        assert server.current("Patient", "p1")["gender"] == "male"


def test_what_the_server_refuses_waits_for_a_person():
    with FhirServer() as server, linked(server) as p:
        server.refuse = lambda resource: "the year is not plausible" if resource.get("birthDate") == "1670-01-01" else None
        p.put("Patient/p1", person(1, birthDate="1670-01-01"))
        p.put("Patient/p2", person(2))
        report = p.json("sync", "ward", "--once", expect=6).only
        assert report["quarantined"] == 1 and report["pushed"] == 1, report
        row = p.json("quarantine", "list").only
        assert (row["type"], row["id"], row["state"], row["last_status"]) == ("Patient", "p1", "quarantined", 422), row
        assert "plausible" in row["reason"], row
        server.refuse = lambda resource: None
        p("quarantine", "retry", "Patient/p1")
        p("sync", "ward", "--once")
        assert p.json("quarantine", "list").out == "" and server.current("Patient", "p1") is not None


def test_a_refused_change_can_be_given_up():
    with FhirServer() as server, linked(server) as p:
        server.write(person(1))
        p("sync", "ward", "--once")
        server.refuse = lambda resource: "no"
        p.put("Patient/p1", person(1, gender="other"))
        p("sync", "ward", "--once", expect=6)
        p("quarantine", "discard", "--all")
        assert p.json("outbox", "list").out == ""
        assert p("resource", "get", "Patient/p1").lines[0]["gender"] == "female"
        p("sync", "ward", "--once")


def test_a_server_that_went_away_is_five():
    with FhirServer() as server, linked(server) as p:
        server.write(person(1))
        p("sync", "ward", "--once")
        server.httpd.shutdown()
        server.httpd.server_close()
        p.put("Patient/p1", person(1, gender="male"))
        report = p.json("sync", "ward", "--once", expect=5).only
        assert report["pending"] == 1 and report["complete"] is False, report
        assert p("resource", "get", "Patient/p1").lines[0]["gender"] == "male"


main(globals())
