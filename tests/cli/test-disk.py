# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk fails, fills up, or lies; the program dies; nobody finds a patient's name in a file. All with the program
as it is shipped: strace makes single system calls fail or kills at them."""

import base64
import json
import os
import re
import shutil
import subprocess

from ctl import EXE, PASSPHRASE, Profile, Skip, main, person, run

CANARY = "Zanzibarcanary"


def strace(*options, argv, cwd=None, env=None):
    tool = shutil.which("strace")
    if tool is None:
        raise Skip("strace is not here")
    done = subprocess.run([tool, "-f", "-qq", "-o", "/dev/null", *options, EXE, *map(str, argv)], cwd=cwd, env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
    if b"ptrace" in done.stderr or b"Operation not permitted" in done.stderr:
        raise Skip("strace may not trace here")
    return done


def copy(whole, folder):
    shutil.rmtree(folder)
    shutil.copytree(whole, folder)


def put_file(p):
    return p.write("p9.json", json.dumps(person(9)))


# Every call of these, in turn, fails so. The first of each kind and then some are of the loader or of unlocking: those
# may fail too, in one line.
FAULTS = [("fsync,fdatasync", "EIO"), ("fsync,fdatasync", "ENOSPC"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC"),
          ("rename,renameat,renameat2", "EIO"), ("ftruncate", "EIO")]


def test_every_sync_write_and_rename_fails_in_turn():
    counts = {}
    with Profile() as p:
        p.put("Patient/p1", person(1))
        whole, source = p.top / "whole", put_file(p)
        shutil.copytree(p.folder, whole)
        for calls, error in FAULTS:
            misses, n = 0, 1
            while misses == 0 and n < 200:
                copy(whole, p.folder)
                log = p.top / "log"
                done = strace("-o", log, "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}:when={n}",
                              argv=[*p.options, "import", source])
                hit = "INJECTED" in log.read_text(errors="replace")
                misses += not hit
                lines = done.stderr.decode().splitlines()
                there = p("resource", "get", "Patient/p9", expect=None).code == 0
                if done.returncode == 0:
                    assert there, (calls, error, n, "said to be saved and is not there")
                else:
                    assert hit and 0 < len(lines) <= 3, (calls, error, n, lines)
                assert p("resource", "get", "Patient/p1").code == 0
                p.verify()
                counts[f"{calls.split(',')[0]} {error}"] = counts.get(f"{calls.split(',')[0]} {error}", 0) + hit
                n += 1 if calls != "pwrite64" or n < 6 else max(1, n // 3)
    print("#", ", ".join(f"{n} × {what}" for what, n in counts.items()))
    assert counts["fsync EIO"] > 1 and counts["pwrite64 EIO"] > 5, counts


def damage(folder):
    path = folder / "records.db"
    data = bytearray(path.read_bytes())
    for page in range(8, len(data) // 16384, 11):
        data[page * 16384 + 50] ^= 4
    path.write_bytes(data)
    return bytes(data)


def test_a_damaged_cache_is_set_aside():
    with Profile() as p:
        for number in range(30):
            p.put(f"Patient/p{number}", person(number)) if number < 3 else None
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": person(n)} for n in range(3, 300)]}
        p("import", p.write("many.json", json.dumps(bundle)))
        answer = p("profile", "set-aside", expect=1)
        assert "in order" in answer.err, answer.err
        assert p.json("profile", "check").only["ok"] is True
        left = damage(p.folder)
        found = p.json("profile", "check", expect=4)
        # What the opening does not find, the check does.
        assert found.out == "" or (found.only["ok"] is False and found.only["problems"]), found.out
        done = [line for line in p.json("profile", "set-aside").lines if "folder" in line][0]
        assert done["changes"] > 100 and done["complete"] is False, done
        aside = [f for f in p.folder.iterdir() if f.name.startswith("set-aside-")]
        assert len(aside) == 1 and (aside[0] / "records.db").read_bytes() == left
        assert len(p.json("outbox", "list").lines) == done["changes"]
        p.verify()
        assert p.json("profile", "check").only["ok"] is True


def test_setting_aside_is_killed_at_each_rename():
    kills = 0
    with Profile() as p:
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": person(n)} for n in range(1, 60)]}
        p("import", p.write("many.json", json.dumps(bundle)))
        whole = p.top / "whole"
        shutil.copytree(p.folder, whole)
        (whole / "pixels.db").write_bytes(b"x" * 65536)   # damaged; the records can be read
        for n in range(1, 30):
            copy(whole, p.folder)
            done = strace("-e", "trace=rename", "-e", f"inject=rename:signal=KILL:when={n}",
                          argv=[*p.options, "profile", "set-aside"])
            killed = done.returncode in (-9, 137)
            kills += killed
            assert killed or done.returncode == 0, done.stderr
            again = p("profile", "set-aside", expect=None)
            # Either it had come to its end, or the old cache is still there or half away: then this ends it.
            assert again.code in (0, 1), (n, again.err)
            assert len(p.json("outbox", "list").lines) == 59, n
            p.verify()
            assert any(b"x" * 65536 == (f / "pixels.db").read_bytes() for f in p.folder.glob("set-aside-*")
                       if (f / "pixels.db").exists()), n
            if not killed:
                break
    print(f"# {kills} kills while a cache was set aside")
    assert kills > 4


def forms(text):
    """How a text may stand in a file: as it is, in any case, as UTF-16, in base64 at three offsets."""
    for word in (text, text.upper(), text.lower()):
        yield word.encode()
        yield word.encode("utf-16-le")
        for pad in range(3):
            inner = base64.b64encode(b"x" * pad + word.encode() + b"xx")
            yield inner[4 if pad else 0:len(inner) - 8]


def search(top, words, without):
    needles = [form for word in words for form in forms(word) if len(form) >= 8]
    for path in sorted(top.rglob("*")):
        if path.is_file() and path not in without:
            data = path.read_bytes()
            for needle in needles:
                assert needle not in data, (path, needle)


def a_day(p, env):
    """What somebody does in a day, with words that must be nowhere afterwards."""
    patient = {**person(1), "name": [{"family": CANARY, "given": ["Canarygiven"]}],
               "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": "MRNCANARY77"}]}
    note = {"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "Canarycode"},
            "subject": {"reference": "Patient/p1"}, "valueString": "Canaryvalue", "effectiveDateTime": "2024-01-01"}
    inputs = p.top / "inputs"
    inputs.mkdir()
    (inputs / "a.json").write_text(json.dumps(patient))
    (inputs / "b.json").write_text(json.dumps(note))
    (inputs / "broken.json").write_text('{"resourceType":"Patient","id":"x","name":[{"family":"' + CANARY + '"')
    (inputs / "secret").write_text("Canarytoken-0123456789\n")
    (inputs / "wrong").write_text("Canarywrongpass\n")
    said = []

    def do(*argv, stdin=None):
        done = subprocess.run([EXE, *p.options, *map(str, argv)], input=stdin or b"", stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=env, timeout=60, check=False)
        said.append(done.stderr)
        return done.returncode

    assert do("import", inputs / "a.json", inputs / "b.json") == 0
    assert do("import", inputs / "broken.json") == 1
    for argv in (["patients"], ["patients", CANARY], ["chart", "p1"], ["resource", "get", "Observation/o1"],
                 ["outbox", "list"], ["audit", "list"], ["audit", "verify"], ["vitals", "list", "p1"], ["conflicts", "list"],
                 ["profile", "check"], ["resource", "get", "Observation/none"]):
        do(*argv)
    assert do("resource", "put", "Observation/o1", "-", stdin=json.dumps({**note, "valueString": "Canaryother"}).encode()) == 0
    assert do("resource", "put", "Observation/o2", "-", stdin=b'{"Canarybroken') != 0
    assert do("cloud", "add", "ward", "--fhir", "http://127.0.0.1:9/", "--auth", "bearer", "--token-file",
              inputs / "secret") == 0
    do("sync", "--once")
    subprocess.run([EXE, "--profile", p.folder, "--passphrase-file", inputs / "wrong", "patients"], env=env, check=False,
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return inputs, b"".join(said)


def test_a_canary_of_a_day_is_in_no_file():
    with Profile() as p:
        places = {}
        for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "TMPDIR"):
            places[name] = p.top / name.lower()
            places[name].mkdir(mode=0o700)
        env = {**os.environ, **{name: str(path) for name, path in places.items()}, "SQLITE_TMPDIR": str(places["TMPDIR"]),
               "G_MESSAGES_DEBUG": "all"}
        inputs, said = a_day(p, env)
        words = ["Zanzibarcanary", "Canarygiven", "MRNCANARY77", "Canarycode", "Canaryvalue", "Canaryother", "Canarybroken",
                 "Canarytoken", "Canarywrongpass", PASSPHRASE]
        search(p.top, words, {*inputs.iterdir(), p.key})
        for word in words:
            assert word.encode() not in said, (word, said[-800:])
        # The search itself finds what is there.
        try:
            search(inputs, words, set())
        except AssertionError:
            pass
        else:
            raise AssertionError("the search finds nothing")


def test_no_file_but_those_of_the_profile_is_written():
    with Profile() as p:
        bundle = {"resourceType": "Bundle", "type": "collection",
                  "entry": [{"resource": {**person(n), "name": [{"family": CANARY + str(n) + "x" * 3000}]}} for n in range(1, 1500)]}
        source = p.write("many.json", json.dumps(bundle))
        log = p.top / "calls"
        for argv in (["import", source], ["patients", "--limit", "2000"], ["patients", "zanzi"], ["outbox", "list"]):
            strace("-o", log, "-e", "trace=open,openat,creat,memfd_create,mknod", argv=[*p.options, *argv])
            for line in log.read_text(errors="replace").splitlines():
                if re.search(r"O_WRONLY|O_RDWR|O_CREAT|creat\(|O_TMPFILE|memfd_create", line) and " = -1 " not in line:
                    names = re.findall(r'"([^"]*)"', line)
                    assert names and (names[0].startswith(str(p.folder)) or names[0].startswith("/dev/")), line
        search(p.folder, [CANARY], set())


def test_a_path_in_an_id_or_name_leads_nowhere():
    with Profile() as p:
        for bad in ("../../evil", "a/b", "..\\evil", "/etc/evil", "evil\n", "x" * 65, ""):
            source = p.write("bad.json", json.dumps({**person(1), "id": bad}))
            p("import", source, expect=1)
            assert p("resource", "put", f"Patient/{bad}", "-", stdin=json.dumps({**person(1), "id": bad}), expect=None).code != 0
        # Ids and names that R4 allows, and what could be taken for a path in them.
        named = {**person(1), "id": "..", "name": [{"family": "../../evil", "given": ["/etc"]}],
                 "identifier": [{"system": "../evil", "value": "../../../evil"}],
                 "photo": [{"contentType": "image/png", "title": "../../evil.png", "url": "file:///etc/passwd", "data": "AAAA"}]}
        p("import", p.write("good.json", json.dumps(named)))
        before = {f for f in p.top.rglob("*")}
        out = p.top / "out" / "deep"
        out.mkdir(parents=True)
        p("export", "..", "--out", out)
        new = {f for f in p.top.rglob("*")} - before - {out, out.parent}
        written = {f for f in new if p.folder not in f.parents}
        assert written and all(out in f.resolve().parents for f in written), written
        assert not list(p.top.parent.glob("evil*"))


main(globals())
