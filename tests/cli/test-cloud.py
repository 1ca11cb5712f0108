# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections as a script sees them: what is refused before anybody is asked, signing in and out, the key."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from ctl import EXE, Profile, main


class SignInServer:
    """Says where to sign in, gives tokens for the code "good", and refuses everything else."""

    def __enter__(self):
        outer = self
        self.revoked = []

        class Handler(BaseHTTPRequestHandler):
            def say(self, status, body):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                if self.path.endswith("/.well-known/smart-configuration"):
                    self.say(200, {"authorization_endpoint": outer.origin + "/auth",
                                   "token_endpoint": outer.origin + "/token",
                                   "revocation_endpoint": outer.origin + "/revoke",
                                   "code_challenge_methods_supported": ["S256"], "capabilities": ["permission-v2"]})
                else:
                    self.say(401, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "login"}]})

            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                if self.path == "/revoke":
                    outer.revoked.append(form["token"][0])
                    self.say(200, {})
                elif form.get("code") == ["good"] and len(form["code_verifier"][0]) >= 43:
                    self.say(200, {"access_token": "canary-access", "token_type": "Bearer", "expires_in": 3600,
                                   "refresh_token": "canary-refresh"})
                else:
                    self.say(400, {"error": "invalid_grant"})

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        self.url = self.origin + "/fhir"
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def begin(p):
    """A waiting sign-in and the address that it printed."""
    child = subprocess.Popen([EXE, *p.options, "--json", "cloud", "sign-in", "ward"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return child, json.loads(child.stdout.readline())["url"]


def bring(url, **answer):
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    answer = {"state": query["state"][0], **answer}
    with urllib.request.urlopen(query["redirect_uri"][0] + "?" + urllib.parse.urlencode(answer), timeout=30) as got:
        return got.status


def state(p):
    return p.json("cloud", "list").only["sign_in"]


def test_settings_that_cannot_work():
    with Profile(like=fresh) as p:
        fhir = ("--fhir", "https://h.example/fhir")
        for argv in (fhir + ("--auth", "smart"), fhir + ("--auth", "backend"), fhir + ("--auth", "magic"),
                     fhir + ("--client-cert", "x"), ("--dicomweb", "https://h.example/d", "--auth", "smart",
                                                     "--client-id", "x"), ()):
            p("cloud", "add", "ward", *argv, expect=2)
        for argv in (fhir + ("--auth", "smart", "--client-id", "a\nb"), fhir + ("--pin", "sha256//x"),
                     fhir + ("--auth", "smart", "--client-id", "a", "--scope", "a  b"),
                     fhir + ("--ca-file", "/nonexistent"), ("--fhir", "http://h.example/fhir")):
            p("cloud", "add", "ward", *argv, expect=1)
        assert p.json("cloud", "list").lines == []
        one = p("cloud", "add", "ward", *fhir, "--pin", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        assert "backup" in one.err, one.err
        second = p("cloud", "add", "other", *fhir, expect=1)
        assert "ward" in second.err, second.err
        p("cloud", "add", "images", "--dicomweb", "https://h.example/d")


def test_key():
    with Profile(like=fresh) as p:
        p("cloud", "add", "ward", "--fhir", "https://h.example/fhir", "--auth", "backend", "--client-id", "x")
        key = p.json("cloud", "key", "ward").only["keys"][0]
        assert key["kty"] == "EC" and key["alg"] == "ES384" and "d" not in key, key
        assert p.json("cloud", "key", "ward").only["keys"][0] == key
        assert p.json("cloud", "key", "ward", "--new").only["keys"][0]["kid"] != key["kid"]
        p("cloud", "sign-in", "ward", expect=5)


def test_sign_in_and_out():
    with SignInServer() as server, Profile(like=fresh) as p:
        p("cloud", "add", "ward", "--fhir", server.url, "--auth", "smart", "--client-id", "rounds")
        assert state(p) == "needed"
        p("sync", "ward", "--once", expect=5)
        child, url = begin(p)
        assert bring(url, code="good") == 200
        out, err = child.communicate(timeout=30)
        assert child.returncode == 0 and json.loads(out)["signed_in"] is True, (out, err)
        assert "canary" not in out + err
        assert state(p) == "done"
        p("cloud", "sign-out", "ward")
        assert server.revoked == ["canary-refresh"] and state(p) == "needed"


def test_answers_that_do_not_count():
    with SignInServer() as server, Profile(like=fresh) as p:
        p("cloud", "add", "ward", "--fhir", server.url, "--auth", "smart", "--client-id", "rounds")
        for answer in ({"code": "good", "state": "x"}, {"code": "bad"}, {"error": "access_denied"}):
            child, url = begin(p)
            bring(url, **answer)
            _, err = child.communicate(timeout=30)
            assert child.returncode == 5 and err.startswith("roundsctl: "), (child.returncode, err)
            assert state(p) == "needed"


def test_interrupted():
    with SignInServer() as server, Profile(like=fresh) as p:
        p("cloud", "add", "ward", "--fhir", server.url, "--auth", "smart", "--client-id", "rounds")
        child, url = begin(p)
        os.kill(child.pid, signal.SIGINT)
        child.communicate(timeout=30)
        assert child.returncode in range(1, 7), child.returncode
        try:
            bring(url, code="good")
            raise AssertionError("somebody still listens")
        except urllib.error.URLError:
            pass


with Profile() as fresh:
    main(globals())
