# SPDX-License-Identifier: GPL-3.0-or-later
"""A small FHIR server in memory on loopback, enough for roundsctl to sync with; a test changes what it holds
as another client would (write, remove) and makes it refuse (refuse)."""

import json
import threading
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TYPES = ("Patient", "Observation", "Condition")


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status, self.text = status, text


class FhirServer:
    def __init__(self):
        self.lock = threading.RLock()
        self.now = datetime(2024, 1, 1, tzinfo=timezone.utc)
        self.versions = {}           # (type, id) → all versions, oldest first; None in place of one = deleted
        self.refuse = lambda resource: None     # a text: refused with 422
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                # One clock: what it says it is must fit when it says things changed.
                return format_datetime(outer.now, usegmt=True)

            def work(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                try:
                    with outer.lock:
                        status, answer, etag = outer.answer(self.command, self.path, self.headers.get("If-Match"), body)
                except Refused as why:
                    status, etag = why.status, None
                    answer = outcome(why.text)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/fhir+json")
                self.send_header("Content-Length", str(len(data)))
                if etag:
                    self.send_header("ETag", etag)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_DELETE = work

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}/fhir"
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.httpd.shutdown()
        self.httpd.server_close()

    # --- what it holds -------------------------------------------------------------------------------

    def current(self, kind, name):
        found = self.versions.get((kind, name))
        return found[-1][0] if found else None

    def write(self, resource):
        """A new version, as another client would make it."""
        with self.lock:
            kind, name = resource["resourceType"], resource["id"]
            self.now += timedelta(seconds=1)
            versions = self.versions.setdefault((kind, name), [])
            stamp = self.now.isoformat(timespec="milliseconds")
            resource = {**resource, "meta": {**resource.get("meta", {}), "versionId": str(len(versions) + 1), "lastUpdated": stamp}}
            versions.append((resource, stamp))
            return resource

    def remove(self, kind, name):
        with self.lock:
            self.now += timedelta(seconds=1)
            self.versions[kind, name].append((None, self.now.isoformat(timespec="milliseconds")))

    # --- what it answers ------------------------------------------------------------------------------

    def answer(self, method, target, if_match, body):
        parts = urlsplit(target)
        path = [p for p in parts.path.split("/") if p][1:]
        query = parse_qs(parts.query)
        if path == ["metadata"]:
            return 200, capabilities(), None
        if method == "POST" and not path:
            return 200, self.batch(body), None
        if method == "GET" and path and path[-1] == "_history":
            return 200, self.history(path[:-1], query), None
        if method == "GET" and len(path) == 1:
            return 200, self.search(path[0], query), None
        if len(path) == 2:
            return self.one(method, path[0], path[1], if_match, body)
        raise Refused(404, f"no {target}")

    def one(self, method, kind, name, if_match, body):
        there = self.current(kind, name)
        if method == "GET":
            if there is None:
                raise Refused(410 if (kind, name) in self.versions else 404, "not here")
            return 200, there, tag(there)
        if if_match and (there is None or if_match != tag(there)):
            raise Refused(412, "another version is here")
        if method == "DELETE":
            if there is not None:
                self.remove(kind, name)
            return 200, outcome("deleted"), None
        why = self.refuse(body)
        if why:
            raise Refused(422, why)
        resource = self.write(body)
        return (200 if there else 201), resource, tag(resource)

    def batch(self, bundle):
        answers = []
        for entry in bundle["entry"]:
            request = entry["request"]
            target = "/fhir/" + request["url"].lstrip("/")
            try:
                status, answer, etag = self.answer(request["method"], target, request.get("ifMatch"), entry.get("resource"))
                answers.append({"resource": answer, "response": {
                    "status": str(status), "etag": etag,
                    "location": f"{request['url']}/_history/{answer.get('meta', {}).get('versionId', '')}",
                    "lastModified": answer.get("meta", {}).get("lastUpdated")}})
            except Refused as why:
                if bundle["type"] == "transaction":
                    raise
                answers.append({"response": {"status": str(why.status), "outcome": outcome(why.text)}})
        return {"resourceType": "Bundle", "type": f"{bundle['type']}-response", "entry": answers}

    def search(self, kind, query):
        since = [text[2:] for text in query.get("_lastUpdated", []) if text[:2] in ("ge", "gt")]
        found = [v[-1] for (k, _), v in self.versions.items() if k == kind and v[-1][0] is not None]
        found = sorted((stamp, r["id"], r) for r, stamp in found if all(when(stamp) >= when(s) for s in since))
        return {"resourceType": "Bundle", "type": "searchset", "total": len(found),
                "entry": [{"fullUrl": f"{self.url}/{kind}/{name}", "resource": r, "search": {"mode": "match"}}
                          for _, name, r in found]}

    def history(self, path, query):
        since = query.get("_since", [])
        found = []
        for (kind, name), versions in self.versions.items():
            if path and (kind != path[0] or (len(path) > 1 and name != path[1])):
                continue
            for resource, stamp in versions:
                if all(when(stamp) >= when(s) for s in since):
                    entry = {"fullUrl": f"{self.url}/{kind}/{name}",
                             "request": {"method": "PUT" if resource else "DELETE", "url": f"{kind}/{name}"},
                             "response": {"status": "200", "lastModified": stamp}}
                    if resource:
                        entry["resource"] = resource
                        entry["response"]["etag"] = tag(resource)
                    found.append((stamp, entry))
        found.sort(key=lambda pair: pair[0], reverse=True)
        return {"resourceType": "Bundle", "type": "history", "total": len(found), "entry": [e for _, e in found]}


def when(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def tag(resource):
    return f'W/"{resource["meta"]["versionId"]}"'


def outcome(text):
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing", "diagnostics": text}]}


def capabilities():
    verbs = [{"code": c} for c in ("read", "update", "delete", "create", "search-type", "history-type", "history-instance",
                                   "vread")]
    return {"resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "fhirVersion": "4.0.1",
            "format": ["json"], "software": {"name": "test server", "version": "1"},
            "rest": [{"mode": "server", "interaction": [{"code": c} for c in ("transaction", "batch", "history-system")],
                      "resource": [{"type": t, "versioning": "versioned-update", "updateCreate": True, "readHistory": True,
                                    "interaction": verbs,
                                    "searchParam": [{"name": "_lastUpdated", "type": "date"}]} for t in TYPES]}]}
