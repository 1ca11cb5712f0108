# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 in the middle of imports and edits: the cache opens, the trail holds, and nothing that was
acknowledged (exit 0, or a line on stdout) is missing."""

import json
import random
import subprocess
import time

from ctl import EXE, Profile, main, person, shared

random.seed(20240101)   # the moments spread evenly; the machine makes them differ anyway


def kill_after(argv, seconds, stdin=None):
    """Runs, kills after so many seconds; gives the exit code (−9 when the kill came in time) and stdout."""
    process = subprocess.Popen([EXE, *[str(a) for a in argv]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    if stdin is not None:
        process.stdin.write(stdin.encode())
    process.stdin.close()
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    out = process.stdout.read().decode()
    process.stdout.close()
    return process.wait(timeout=60), out


def test_during_import():
    folder = shared("fhir-synthea-vitals")
    with Profile() as p:
        began = time.monotonic()
        with Profile() as other:
            other("import", folder)
            complete = other.counts()
        whole = time.monotonic() - began
        killed, moments = 0, 12
        done = set()
        for i in range(moments):
            code, out = kill_after([*p.options, "--json", "import", folder], whole * (i + 0.5) / moments)
            assert code in (0, -9), code
            killed += code == -9
            lines = [json.loads(line) for line in out.splitlines() if line.endswith("}")]
            done |= {line["path"] for line in lines if line.get("status") in ("imported", "unchanged")}
            p.verify()
            # What was told as done is there: doing it again changes nothing.
            for path in sorted(done)[:4]:
                assert p.json("import", path).lines[0]["status"] == "unchanged", path
            if code == 0:
                break
        assert killed > 0
        p("import", folder)
        assert p.counts() == complete
        assert {line["status"] for line in p.json("import", folder).lines[:-1]} == {"unchanged"}
        p.verify()


def test_during_import_of_scans():
    folder = shared("mr-t1-studyforrest")
    with Profile() as p:
        for i in range(4):
            kill_after([*p.options, "import", folder], 0.1 + 0.15 * i)
            p.verify()
        p("import", folder)
        assert {line["status"] for line in p.json("import", folder).lines[:-1]} == {"unchanged"}
        file = sorted(folder.iterdir())[0]
        sop = p.json("scans", "info", file).only["sop"]
        from_cache = p.json("scans", "pixels", sop, "--out", p.top / "cache").only["sha256"]
        assert p.json("scans", "pixels", file, "--out", p.top / "file").only["sha256"] == from_cache


def test_during_edits():
    with Profile() as p:
        began = time.monotonic()
        p.put("Patient/p0", person(0))
        whole = time.monotonic() - began
        acknowledged, killed, count = {"p0": person(0)}, 0, 0
        for number in range(1, 41):
            resource = person(number, multipleBirthInteger=number)
            # One resource is changed again and again, the others are made.
            name = "p0" if number % 3 == 0 else f"p{number}"
            resource["id"] = name
            code, _ = kill_after([*p.options, "resource", "put", f"Patient/{name}"], random.uniform(0.2, 1.2) * whole,
                                 json.dumps(resource))
            assert code in (0, -9), code
            killed += code == -9
            count += 1
            if code == 0:
                acknowledged[name] = resource
            elif name in acknowledged:
                # It may have been written before the kill, but never by halves.
                there = json.loads(p("resource", "get", f"Patient/{name}").out)
                assert there in (acknowledged[name], resource), there
                acknowledged[name] = there
        assert 0 < killed < count, (killed, count)
        p.verify()
        got = p("resource", "get", *[f"Patient/{name}" for name in acknowledged]).out.splitlines()
        for resource, line in zip(acknowledged.values(), got, strict=True):
            assert json.loads(line) == resource, (resource, line)
        waiting = {row["id"] for row in p.json("outbox", "list").lines}
        assert waiting >= set(acknowledged)           # an edit and its message are one transaction


main(globals())
