#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in with a real OpenID provider from the real window: the desktop's browser is a script that goes where it is
sent, denies, or never answers. Skipped where node or the provider's packages cannot be had."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from driver import Tap, Window  # noqa: E402
from ward import PASSPHRASE, Ward, drug, patient  # noqa: E402

PROGRAM, PICTURES, CTL = sys.argv[1:4]
HOME = os.environ["HOME"]
MOOD = os.path.join(HOME, "mood")          # what the browser does: login, deny, sleep
VISITED = os.path.join(HOME, "visited")    # where it was sent
WAITS = "waits for you to sign in"
tap = Tap()
w = ward = None

BROWSER = r'''
import http.cookiejar, os, sys, urllib.parse, urllib.request
url, mood, visited = sys.argv[1], open(sys.argv[2]).read().strip(), sys.argv[3]
with open(visited, "a") as f:
    f.write(url + "\n")
jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)
if mood == "login":
    opener.open(url, timeout=20).read()
elif mood == "deny":
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    parts = urllib.parse.urlsplit(url)
    answer = {"error": "access_denied", "state": query["state"][0], "iss": f"{parts.scheme}://{parts.netloc}"}
    opener.open(query["redirect_uri"][0] + "?" + urllib.parse.urlencode(answer), timeout=20).read()
'''


def install_browser():
    applications = os.path.join(os.environ["XDG_DATA_HOME"], "applications")
    os.makedirs(applications, exist_ok=True)
    script = os.path.join(HOME, "browser.py")
    with open(script, "w", encoding="utf-8") as f:
        f.write(BROWSER)
    with open(os.path.join(applications, "test-browser.desktop"), "w", encoding="utf-8") as f:
        f.write("[Desktop Entry]\nType=Application\nName=Browser of the test\n"
                f"Exec={sys.executable} {script} %u {MOOD} {VISITED}\nMimeType=x-scheme-handler/http;\n")
    os.makedirs(os.environ["XDG_CONFIG_HOME"], exist_ok=True)
    with open(os.path.join(os.environ["XDG_CONFIG_HOME"], "mimeapps.list"), "w", encoding="utf-8") as f:
        f.write("[Default Applications]\nx-scheme-handler/http=test-browser.desktop\n")


def browser(mood):
    with open(MOOD, "w", encoding="utf-8") as f:
        f.write(mood)


def visits():
    if not os.path.exists(VISITED):
        return []
    with open(VISITED, encoding="utf-8") as f:
        return f.read().splitlines()


def start_provider(upstream):
    """The provider's process and base, or None where it cannot be had."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cloud", "oidc", "oidc.sh")
    process = subprocess.Popen([script, upstream], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    for line in process.stdout:
        if line.startswith("ready: "):
            return process, line.split(maxsplit=1)[1].strip()
    assert process.wait() == 3, f"the provider ended with {process.returncode}"
    return None, None


def picture(name):
    w.shot(os.path.join(PICTURES, "sign-in-" + name + ".png"))


def asked_at_once():
    global w
    w = Window(PROGRAM, ["--profile", ward.profile], environment={"ROUNDS_SIGN_IN_PATIENCE_S": "8"},
               log=os.path.join(PICTURES, "sign-in.log"))
    w.enter(PASSPHRASE, "Passphrase")
    w.press("Unlock", "button")
    w.find("Search patients", "entry", patience_s=60)
    w.find(contains="Sign in…", role="button")
    w.key("Control", "Shift", "s")
    w.find(contains=WAITS)
    picture("asked")
    assert not visits(), "the browser was opened without being asked for"


def denied_is_told():
    browser("deny")
    w.press("Sign In…", "button")
    w.wait(lambda: len(visits()) == 1, "the browser")
    w.find(contains="What waits to be sent goes on waiting")
    picture("denied")
    w.gone(contains="Waiting for the browser")


def silence_is_told():
    browser("sleep")
    w.press("Sign In…: ward", "button")
    w.find("Waiting for the browser…")
    picture("waiting")
    w.gone("Waiting for the browser…", patience_s=30)
    w.find(contains="What waits to be sent goes on waiting")
    picture("silent")


def cancel_ends_it():
    w.press("Sign In…: ward", "button")
    w.wait(lambda: len(visits()) == 3, "the browser")
    w.press("Cancel: ward", "button")
    w.gone("Waiting for the browser…")
    w.find("Sign In…: ward", "button")


def one_press_signs_in():
    browser("login")
    w.press(contains="Sign in…", role="button")
    w.find(contains="Practitioner/12", patience_s=60)
    w.gone(contains="Sign in…", role="button")
    w.find(contains="test server 1")
    picture("in")
    w.key("Escape")
    w.find(contains="VEGA", patience_s=60)
    w.gone(contains=WAITS)
    names = " ".join(w.all_names())
    assert "code=" not in names and "eyJ" not in names


def what_is_written_goes_out():
    ward.server.write(drug())
    w.key("Control", "r")
    w.wait(lambda: any(r["type"] == "MedicationRequest" for r in ward.ctl("resource", "count")), "what another wrote")


def out_and_asked_again():
    w.key("Control", "Shift", "c")
    w.press("Sign Out: ward", "button")
    w.find("Sign In…: ward", "button")
    w.find(contains="Sign in…", role="button")
    assert ward.ctl("cloud", "list")[0]["auth"] == "smart"
    picture("out")


def key_is_copied():
    w.press("Add…", "button")
    w.enter("institute", "Name (letters, digits, dots, dashes)")
    w.enter("http://127.0.0.1:9/fhir", "Address for records: FHIR R4 (https://…)")
    w.key("Escape")
    ward.ctl("cloud", "remove", "ward")
    ward.ctl("cloud", "add", "institute", "--fhir", "http://127.0.0.1:9/fhir", "--auth", "backend", "--client-id", "b")
    w.key("Escape")
    w.key("Control", "Shift", "c")
    w.press("Copy Public Key: institute", "button")
    w.find(contains="Public key copied")
    known = json.dumps(ward.ctl("cloud", "key", "institute")[0])
    assert '"d"' not in known and "P-384" in known, known


def main():
    global ward
    install_browser()
    ward = Ward(CTL, os.path.join(HOME, "ward"), link=False)
    ward.server.write(patient(0))
    process, base = start_provider(ward.server.url + "/")
    if process is None:
        print("1..0 # SKIP node, npm or the packages of the OpenID provider are not here")
        return
    ward.ctl("cloud", "add", "ward", "--fhir", base, "--auth", "smart", "--client-id", "rounds-ward")
    for name, step in (("a sign-in is asked for", asked_at_once), ("a denied sign-in is told", denied_is_told),
                       ("a browser that never answers is told", silence_is_told),
                       ("Cancel ends the waiting", cancel_ends_it),
                       ("one press signs in, and it syncs", one_press_signs_in),
                       ("what others write arrives", what_is_written_goes_out),
                       ("after signing out it asks again", out_and_asked_again),
                       ("the public key is copied", key_is_copied)):
        if not tap.run(name, step):
            try:
                picture("failed-" + name.replace(" ", "-"))
            except Exception:  # noqa: BLE001 the window may be gone
                pass
    w.close()
    process.stdin.close()
    process.wait(10)
    tap.end()


main()
