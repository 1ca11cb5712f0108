#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
#
# S4 of the goals: the first sync of a cloud's records over loopback into the encrypted cache (fetch, parse, index,
# store), beside curl fetching the same pages to /dev/null plus json-c parsing them; and what the program's memory
# grows by, against the same sync of an empty cloud.
#
#   sync.py BUILD          (ROUNDS_BENCH_RECORDS, by default 100000)

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from table import below, build_folder, note, row, skip

RECORDS = int(os.environ.get("ROUNDS_BENCH_RECORDS", 100000))
EACH = 49   # observations a patient
MAX_PAGE = 1000


def serve(texts, port):
    """Pages of what it holds; the port it listens on is put into the pipe."""
    types = sorted(texts) or ["Observation", "Patient"]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def page(self, kind, count, start):
            all_of = texts.get(kind, [])
            entries = ",".join(f'{{"resource":{t}}}' for t in all_of[start:start + count])
            links = ""
            if start + count < len(all_of):
                links = (f'"link":[{{"relation":"next","url":"http://127.0.0.1:{self.server.server_port}/fhir/{kind}'
                         f'?_count={count}&_start={start + count}"}}],')
            return f'{{"resourceType":"Bundle","type":"searchset","total":{len(all_of)},{links}"entry":[{entries}]}}'

        def do_GET(self):
            parts, query = urlsplit(self.path), parse_qs(urlsplit(self.path).query)
            kind = parts.path.rsplit("/", 1)[-1]
            count = min(int(query.get("_count", ["500"])[0]), MAX_PAGE)
            if kind == "metadata":
                answer = json.dumps({"resourceType": "CapabilityStatement", "status": "active", "kind": "instance",
                                     "fhirVersion": "4.0.1", "format": ["json"], "rest": [{"mode": "server", "resource": [
                                         {"type": t, "interaction": [{"code": c} for c in ("read", "search-type", "update")],
                                          "searchParam": [{"name": "_lastUpdated", "type": "date"}]} for t in types]}]})
            elif "_summary" in query:
                answer = json.dumps({"resourceType": "Bundle", "type": "searchset", "total": len(texts.get(kind, []))})
            else:
                answer = self.page(kind, count, int(query.get("_start", ["0"])[0]))
            data = answer.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.send(server.server_port)
    server.serve_forever()


class Server:
    def __init__(self, texts):
        ours, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(target=serve, args=(texts, theirs), daemon=True)
        self.process.start()
        self.url = f"http://127.0.0.1:{ours.recv()}/fhir"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.join()


def make(build, n):
    patients = max(n // (EACH + 1), 1)
    lines = subprocess.run([f"{build}/tests/store/make-people", "4", str(patients), "0", "0", str(EACH)], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {"Patient": [x for x in lines if x.startswith('{"resourceType":"Patient"')],
            "Observation": [x for x in lines if x.startswith('{"resourceType":"Observation"')]}


def sync(build, url, folder):
    """Seconds, processor seconds and the most memory (MB) of one pass into a fresh profile."""
    key = folder / "key"
    key.write_text("correct horse 7\n")
    base = [f"{build}/src/roundsctl", "--json", "--profile", str(folder / "p"), "--passphrase-file", str(key)]
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*base, "profile", "create", "--name", "Bench", "--role", "physician", "--recovery-file",
                    str(folder / "recovery")], **quiet)
    subprocess.run([*base, "cloud", "add", "ward", "--fhir", url], **quiet)
    start = time.monotonic()
    out, most_kb = folder / "out", 0
    with out.open("wb") as to:
        child = subprocess.Popen([*base, "sync", "ward", "--once"], stdout=to, stderr=subprocess.STDOUT)
        status = 0
        while True:
            # The kernel's own high-water mark; what wait4 says has this program's memory in it.
            try:
                for line in Path(f"/proc/{child.pid}/status").read_text().splitlines():
                    if line.startswith("VmHWM:"):
                        most_kb = max(most_kb, int(line.split()[1]))
            except OSError:
                pass
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.02)
    child.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - start
    text = out.read_text(errors="replace")
    if child.returncode != 0:
        sys.exit(f"sync: exit {child.returncode}: {text[-400:]}")
    return took, usage.ru_utime + usage.ru_stime, most_kb / 1024, json.loads(text.splitlines()[-1])


def curl_and_parse(build, url, texts, folder):
    """Seconds to fetch the same pages to /dev/null with one curl, and to parse them."""
    urls = [f"{url}/{kind}?_count=500&_start={start}" for kind, all_of in texts.items() for start in range(0, len(all_of), 500)]
    config = folder / "urls"
    config.write_text("".join(f'url = "{u}"\noutput = /dev/null\n' for u in urls))
    start = time.monotonic()
    subprocess.run(["curl", "-s", "-K", str(config)], check=True)
    fetched = time.monotonic() - start
    config.write_text("".join(f'url = "{u}"\noutput = "{folder}/page{i}"\n' for i, u in enumerate(urls)))
    subprocess.run(["curl", "-s", "-K", str(config)], check=True)
    pages = [str(folder / f"page{i}") for i in range(len(urls))]
    parsed = float(subprocess.run([f"{build}/tests/store/parse-run", *pages], check=True, stdout=subprocess.PIPE).stdout)
    return fetched, parsed


def main():
    build = build_folder()
    texts = make(build, RECORDS)
    n = sum(map(len, texts.values()))
    os.environ["ROUNDS_KDF_FLOOR"] = "1"
    folder = Path(tempfile.mkdtemp(prefix="rounds-bench-"))
    try:
        for name in ("none", "all", "peer"):
            (folder / name).mkdir()
        with Server({}) as empty:
            _, _, base_mb, _ = sync(build, empty.url, folder / "none")
        with Server(texts) as server:
            took, cpu, most_mb, report = sync(build, server.url, folder / "all")
            if report["pulled"] != n:
                sys.exit(f"sync: {report['pulled']} of {n} came")
            try:
                fetched, parsed = curl_and_parse(build, server.url, texts, folder / "peer")
            except FileNotFoundError:
                fetched = None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    note(f"{n:,} records of {sum(len(t) for x in texts.values() for t in x) // n} bytes over loopback, from a server on the same "
         "processors")
    row("S4", "first sync: fetch, parse, index, store", f"{n / took:.0f} /s", f"by cpu {n / cpu:.0f} /s", "", ">= 10000 /s",
        n / took >= 10000)
    below("S4", "memory growth", most_mb - base_mb, 64, unit="MB", beside=f"empty {base_mb:.0f} MB")
    if fetched is None:
        skip("S4", "the same pages by curl and json-c", "curl is not here")
    else:
        note(f"curl to /dev/null {fetched:.2f} s + json-c parse {parsed:.2f} s = {n / (fetched + parsed):.0f} /s: ours takes "
             f"{took / (fetched + parsed):.2f} x that; processor time of the sync {cpu:.2f} s")


if __name__ == "__main__":
    main()
