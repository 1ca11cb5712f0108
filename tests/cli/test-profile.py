# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, keys, roles, exit codes, damage: what a script may rely on before it sees any record."""

import json
import os
import shutil
import subprocess
import time

from ctl import EXE, Profile, Skip, main, person, run


def test_usage_is_two():
    for argv in ([], ["nonsense"], ["resource"], ["resource", "get"], ["resource", "get", "Foo"], ["import"],
                 ["patients", "--limit", "x"], ["patients", "--nonsense"], ["audit"], ["scans", "pixels", "x"],
                 ["scans", "pixels", "x", "--out", "y", "--frame", "0"], ["enhance", "x"], ["vitals", "analyse", "x"],
                 ["cloud", "add", "x"], ["cloud", "probe"], ["quarantine", "retry"], ["--profile"],
                 ["--passphrase-fd", "x"], ["conflicts", "resolve", "x", "--keep", "both"],
                 ["profile", "create", "--name", "x", "--role", "surgeon"], ["profile", "info", "x"],
                 ["export", "x", "--out", "y", "--format", "pdf"], ["vitals", "plot", "x", "--out", "x.gif"]):
        answer = run("--profile", "/nonexistent", *argv, expect=2)
        assert answer.err.startswith("roundsctl: ") or not argv, (argv, answer.err)
        assert answer.out == "" or not argv, argv


def test_help_and_version_are_zero():
    assert run("--version").out.startswith("roundsctl ")
    help_text = run("--help").out
    for command in ("profile", "import", "export", "patients", "chart", "resource", "scans", "models", "enhance", "vitals",
                    "cloud", "sync", "outbox", "conflicts", "quarantine", "audit"):
        assert f"  {command} " in help_text, command
        answer = run(command, "--help")
        assert "Usage:" in answer.out and command in answer.out and answer.err == "", command
    for argv in (["scans", "info", "--help"], ["vitals", "list", "--help"], ["cloud", "list", "--help"],
                 ["profile", "info", "--help"]):
        assert "Usage:" in run(*argv).out


def test_what_is_not_there_yet_says_so_in_one_line():
    for argv in (["export", "x", "--out", "y", "--format", "ips"],
                 ["vitals", "analyse", "x", "--method", "stl", "--code", "HR", "--period", "4"],
                 ["vitals", "analyse", "x", "--method=forecast", "--code", "HR", "--horizon", "4"]):
        answer = run(*argv, expect=2)
        assert len(answer.err.splitlines()) == 1 and "not there yet" in answer.err, answer.err


def test_options_stand_before_or_after():
    with Profile() as p:
        p.put("Patient/p1", person(1))
        before = run("--json", *p.options, "resource", "get", "Patient/p1")
        after = run("resource", "get", "Patient/p1", "--json", *p.options)
        equals = run("resource", "get", f"--profile={p.folder}", f"--passphrase-file={p.key}", "--", "Patient/p1")
        assert before.out == after.out == equals.out != ""
        assert run("--", "patients", *p.options, expect=None).code != 0   # after -- nothing is an option


def test_passphrase_comes_by_descriptor_and_loses_one_line_end():
    with Profile() as p:
        for tail, code in (("", 0), ("\n", 0), ("\r\n", 0), ("\n\n", 3)):
            reading, writing = os.pipe()
            os.write(writing, (p.key.read_text().rstrip("\n") + tail).encode())
            os.close(writing)
            done = subprocess.run([EXE, "--profile", p.folder, "--passphrase-fd", str(reading), "profile", "unlock-test"],
                                  pass_fds=[reading], capture_output=True, timeout=60, check=False)
            os.close(reading)
            assert done.returncode == code, (repr(tail), done.stderr)


def test_locked_is_three_and_touches_nothing():
    with Profile() as p:
        database = (p.folder / "records.db").read_bytes()
        wrong = p.write("wrong", "not this one")
        run("--profile", p.folder, "patients", expect=3)
        run("--profile", p.folder, "--passphrase-file", p.top / "absent", "patients", expect=3)
        run("--profile", p.top / "absent", "--passphrase-file", p.key, "patients", expect=3)
        said = [run("--profile", p.folder, "--passphrase-file", wrong, "patients", expect=3).err for _ in range(8)]
        assert any("wait" in text for text in said), said    # throttled is 3 too
        assert (p.folder / "records.db").read_bytes() == database
        assert not (p.top / "absent").exists()


def test_info_needs_no_passphrase():
    with Profile("nurse", "Ward Three") as p:
        info = run("--profile", p.folder, "--json", "profile", "info").only
        assert info["name"] == "Ward Three" and info["role"] == "nurse" and "T" in info["created"], info


def test_a_new_passphrase_retires_the_old():
    with Profile() as p:
        new, recovery = p.write("new", "another one 8"), p.top / "recovery-2"
        p.put("Patient/p1", person(1))
        p("profile", "rewrap", "--new-passphrase-file", new, "--new-recovery-key", "--recovery-file", recovery)
        assert recovery.stat().st_mode & 0o777 == 0o600 and recovery.read_text() != p.recovery.read_text()
        p("profile", "unlock-test", expect=3)
        p.key = new
        assert p.counts() == {"Patient": 1}


def on_a_desktop(p, *command, expect=0):
    """A bus and, when there is one, a keyring that is open, in a home of its own."""
    home = p.top / "home"
    home.mkdir(exist_ok=True)
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    environment = dict(os.environ, HOME=str(home), XDG_RUNTIME_DIR=str(home / "run"), SECRET_BACKEND="service")
    # libsecret's own leaks are known by the whole stack only.
    environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":fast_unwind_on_malloc=0"
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "DBUS_SESSION_BUS_ADDRESS"):
        environment.pop(name, None)
    script = ("printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; "
              'exe=$1; shift; "$exe" "$@"; code=$?; exit $code')
    done = subprocess.run(["dbus-run-session", "--", "sh", "-c", script, "sh", EXE, *p.options, *command],
                          env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == expect, (command, done.returncode, done.stderr)
    return done


def test_the_keyring_is_turned_on_and_off():
    if not (shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon")):
        raise Skip("dbus-run-session or gnome-keyring-daemon is not installed")
    with Profile() as p:
        def status():
            return json.loads(on_a_desktop(p, "--json", "profile", "keyring", "status").stdout)
        assert status() == {"enabled": False, "opens": False, "why": None}
        wrong = p.write("wrong", "not this one")
        run("--profile", p.folder, "--passphrase-file", wrong, "profile", "keyring", "enable", expect=3)
        run("--profile", p.folder, "profile", "keyring", "enable", expect=3)
        on_a_desktop(p, "profile", "keyring", "enable")
        assert status() == {"enabled": True, "opens": True, "why": None}
        # Another home, as after the keyring was lost: said, and the passphrase opens.
        shutil.rmtree(p.top / "home")
        lost = status()
        assert lost["enabled"] and not lost["opens"] and "keyring" in lost["why"], lost
        p("profile", "unlock-test")
        on_a_desktop(p, "profile", "keyring", "disable")
        assert status()["enabled"] is False
        said = [line.get("action") for line in p.json("audit", "export").lines]
        assert said.count("keyring") == 2, said
        for argv in (["keyring"], ["keyring", "on"], ["keyring", "status", "x"]):
            run("--profile", p.folder, "profile", *argv, expect=2)


def test_no_other_program_of_this_account_may_look_into_it():
    """Where dumping is off, /proc hands a program's memory to root: as somebody else than root that can be seen."""
    with Profile() as p:
        somebody = 65534
        def as_somebody():
            if os.getuid() == 0:
                os.setgid(somebody)
                os.setuid(somebody)
        uid = somebody if os.getuid() == 0 else os.getuid()
        if os.getuid() == 0:
            for path in (p.top, p.folder, p.folder / "vault.json"):
                os.chmod(path, 0o755)
        def start(argv, pass_fds=()):
            return subprocess.Popen(argv, preexec_fn=as_somebody, pass_fds=pass_fds, stdin=subprocess.PIPE,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        plain = start(["cat"])
        reading, writing = os.pipe()
        ours = start([EXE, "--profile", p.folder, "--passphrase-fd", str(reading), "profile", "unlock-test"], [reading])
        try:
            assert os.stat(f"/proc/{plain.pid}/mem").st_uid == uid
            def hidden():
                assert ours.poll() is None, ours.stderr.read()
                return os.stat(f"/proc/{ours.pid}/mem").st_uid == 0
            # It waits for the passphrase; how long it takes to come there is the machine's affair.
            deadline = time.monotonic() + 30
            while not hidden() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert hidden()
            with open(f"/proc/{ours.pid}/limits") as limits:
                assert any(line.split()[:6] == ["Max", "core", "file", "size", "0", "0"] for line in limits)
        finally:
            for child in (plain, ours):
                child.kill()
                child.wait()
            os.close(reading)
            os.close(writing)


def test_a_recovery_file_is_never_overwritten():
    with Profile() as p:
        kept, other = p.write("kept", "the only copy"), p.top / "other"
        args = ["--passphrase-file", p.key, "profile", "create", "--name", "x", "--role", "nurse", "--recovery-file"]
        run("--profile", other, *args, kept, expect=1)
        assert kept.read_text() == "the only copy" and not other.exists()
        # An account that is there already leaves no empty file behind.
        run("--profile", p.folder, *args, p.top / "fresh", expect=1)
        assert not (p.top / "fresh").exists()
        new = p.write("new", "another one 8")
        p("profile", "rewrap", "--new-passphrase-file", new, "--new-recovery-key", "--recovery-file", kept, expect=1)
        p("profile", "unlock-test")


def test_damage_is_four_and_left_as_it_is():
    with Profile() as p:
        p.put("Patient/p1", person(1))
        whole = p.top / "whole"
        shutil.copytree(p.folder, whole)
        for name in ("records.db", "pixels.db", "vault.json"):
            size = (whole / name).stat().st_size
            for how in ("missing", "empty", "cut", "cut in a page", "changed"):
                shutil.rmtree(p.folder)
                shutil.copytree(whole, p.folder)
                path = p.folder / name
                if how == "missing":
                    path.unlink()
                elif how == "empty":
                    path.write_bytes(b"")
                elif how == "cut":
                    os.truncate(path, size // 2 // 65536 * 65536 or size // 2 // 4096 * 4096)
                elif how == "cut in a page":
                    os.truncate(path, size - 300)
                else:
                    data = bytearray(path.read_bytes())
                    data[100] ^= 0x55
                    path.write_bytes(data)
                left = path.read_bytes() if path.exists() else None
                answer = p("patients", expect=None)
                # A key file that was changed may also look like one that this passphrase does not open.
                allowed = (3, 4) if name == "vault.json" else (4,)
                assert answer.code in allowed, (name, how, answer.code, answer.err)
                assert answer.out == "" and len(answer.err.splitlines()) == 1, (name, how, answer.err)
                assert left == (path.read_bytes() if path.exists() else None), (name, how)


def test_a_trail_put_back_is_found():
    with Profile() as p:
        p.put("Patient/p1", person(1))
        assert p.verify()["rows"] >= 2
        older = p.top / "older"
        shutil.copytree(p.folder, older)
        p.put("Patient/p2", person(2))
        p.verify()
        (p.folder / "records.db").write_bytes((older / "records.db").read_bytes())
        bad = p.verify(ok=False)
        assert bad["first_bad"] is not None, bad


def test_a_trail_without_its_seal_is_found():
    with Profile() as p:
        p.put("Patient/p1", person(1))
        (p.folder / "audit.head").unlink()
        p.verify(ok=False)


def test_read_only_may_not_write_and_the_try_is_audited():
    with Profile("read-only") as p:
        p.put("Patient/p1", person(1), expect=1)
        p("import", p.write("one.json", '{"resourceType":"Patient","id":"p1"}'), expect=1)
        p("export", "p1", "--out", p.top / "out", expect=1)
        p("vitals", "export", "p1", "--format", "csv", expect=1)
        assert p.counts() == {}
        denied = [row for row in p.json("audit", "export").lines if row["action"] == "denied"]
        assert len(denied) >= 4, denied
        assert {"seq", "when", "who", "action", "type", "id", "detail", "hash"} <= set(denied[0]), denied[0]
        p.verify()


def test_a_nurse_writes_observations_not_prescriptions():
    with Profile("nurse") as p:
        p.put("Observation/o1", {"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "x"}})
        p.put("MedicationRequest/m1", {"resourceType": "MedicationRequest", "id": "m1", "status": "active",
                                       "intent": "order"}, expect=1)
        assert p.counts() == {"Observation": 1}


def test_views_are_audited():
    with Profile() as p:
        p.put("Patient/p1", person(1))
        p("resource", "get", "Patient/p1")
        p("chart", "p1")
        views = [row for row in p.json("audit", "export").lines if row["action"] == "view"]
        assert len(views) == 2 and all(row["id"] == "p1" for row in views), views


def test_an_answer_that_nobody_gets_is_an_error():
    with Profile() as p, open("/dev/full", "wb") as full:
        p.put("Patient/p1", person(1))
        done = subprocess.run([EXE, *p.options, "resource", "get", "Patient/p1"], stdout=full, stderr=subprocess.PIPE,
                              timeout=60, check=False)
        assert done.returncode == 1, done


def test_several_at_once_wait_for_each_other():
    with Profile() as p:
        running = []
        for number in range(6):
            file = p.write(f"{number}.json", f'{{"resourceType":"Patient","id":"p{number}"}}')
            running.append(subprocess.Popen([EXE, *p.options, "resource", "put", f"Patient/p{number}", file],
                                            stderr=subprocess.PIPE))
        codes = [process.wait(timeout=60) for process in running]
        for process in running:
            process.stderr.close()
        assert set(codes) <= {0, 1}, codes      # 1: busy, and said so
        assert p.counts()["Patient"] == codes.count(0) > 0
        p.verify()


def test_an_unreachable_cloud_is_five():
    with Profile() as p:
        p.put("Patient/p1", person(1))
        p("cloud", "add", "nowhere", "--fhir", "http://127.0.0.1:1/fhir")      # contacts nobody
        assert p.json("cloud", "list").only["name"] == "nowhere"
        p("cloud", "probe", "nowhere", expect=5)
        report = p.json("sync", "nowhere", "--once", expect=5).only
        assert report["pending"] == 1 and report["complete"] is False and report["pushed"] == 0, report
        p("sync", "other", "--once", expect=1)
        p("cloud", "add", "bad", "--fhir", "http://example.com/fhir", expect=1)  # no passwords in the clear
        p("cloud", "remove", "nowhere")
        assert p("cloud", "list").out == ""


main(globals())
