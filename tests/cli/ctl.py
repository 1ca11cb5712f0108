# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of roundsctl share: a profile in a temporary folder, the program run in it, and TAP.

A test is a function that raises on failure (assert) or raises Skip; main() runs all that the caller's
module names test_*, in order, each under its own profile unless it shares one on purpose.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

EXE = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "roundsctl"
SHARED = Path(os.environ.get("ROUNDS_SHARED_DATA", "/nonexistent"))
SOURCES = Path(__file__).resolve().parent.parent
PASSPHRASE = "correct horse 7"
os.environ["ROUNDS_KDF_FLOOR"] = "1"   # a test must not spend a second on every unlock
os.environ["LC_ALL"] = "C.UTF-8"


class Skip(Exception):
    pass


def shared(name):
    """A folder of the shared data, or the test is skipped."""
    folder = SHARED / name
    if not folder.is_dir():
        raise Skip(f"{name} is not here")
    return folder


class Answer:
    def __init__(self, done, argv):
        self.argv, self.code = argv, done.returncode
        self.out, self.err = done.stdout.decode(), done.stderr.decode(errors="replace")

    @property
    def lines(self):
        """The JSON objects, numbers as the digits that were printed."""
        return [json.loads(line, parse_float=str) for line in self.out.splitlines()]

    @property
    def only(self):
        found = self.lines
        assert len(found) == 1, f"{self.argv}: {len(found)} lines instead of one: {self.out[:300]}{self.err[:300]}"
        return found[0]


def run(*argv, stdin=None, expect=0, timeout=120):
    """roundsctl as it is; expect is the exit code that it must have (None: any of the contract's)."""
    argv = [str(a) for a in argv]
    done = subprocess.run([EXE, *argv], input=stdin.encode() if isinstance(stdin, str) else stdin or b"",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False)
    answer = Answer(done, argv)
    allowed = range(7) if expect is None else [expect]
    assert answer.code in allowed, f"{argv}: exit {answer.code}, not {expect}: {answer.err[:600]}"
    return answer


class Profile:
    """An account in a temporary folder that is gone with it."""

    def __init__(self, role="physician", name="Test Account", like=None):
        """like: a profile to start from as it is now, which saves making one."""
        self.top = Path(tempfile.mkdtemp(prefix="rounds-ctl-"))
        self.folder = self.top / "profile"
        self.key = self.top / "passphrase"
        self.recovery = self.top / "recovery"
        if like is not None:
            shutil.copytree(like.top, self.top, dirs_exist_ok=True)
            return
        self.write("passphrase", PASSPHRASE + "\n")
        self("profile", "create", "--name", name, "--role", role, "--recovery-file", self.recovery)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)

    def write(self, name, content):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    @property
    def options(self):
        return ["--profile", str(self.folder), "--passphrase-file", str(self.key)]

    def __call__(self, *argv, **more):
        return run(*self.options, *argv, **more)

    def json(self, *argv, **more):
        return self("--json", *argv, **more)

    def put(self, reference, resource, **more):
        text = resource if isinstance(resource, str) else json.dumps(resource)
        return self("resource", "put", reference, "-", stdin=text, **more)

    def counts(self):
        return {line["type"]: line["count"] for line in self.json("resource", "count").lines}

    def verify(self, ok=True):
        answer = self.json("audit", "verify", expect=0 if ok else 4)
        assert answer.only["ok"] is ok, answer.out
        return answer.only


def person(number, **more):
    return {"resourceType": "Patient", "id": f"p{number}", "name": [{"family": f"Family{number}", "given": ["Test"]}],
            "gender": "female", "birthDate": "1970-01-02", **more}


def main(scope):
    tests = [(name, value) for name, value in scope.items() if name.startswith("test_") and callable(value)]
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    for number, (name, test) in enumerate(tests, 1):
        words = name[len("test_"):].replace("_", " ")
        try:
            test()
            print(f"ok {number} - {words}", flush=True)
        except Skip as why:
            print(f"ok {number} - {words} # SKIP {why}", flush=True)
        except Exception:   # an assertion, a timeout, an answer that is no JSON: all mean "not ok"
            failed += 1
            print(f"not ok {number} - {words}", flush=True)
            for line in traceback.format_exc().splitlines():
                print(f"# {line[:1000]}", flush=True)
    sys.exit(1 if failed else 0)
