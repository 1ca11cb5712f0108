# SPDX-License-Identifier: GPL-3.0-or-later
"""A ward with a server, made through roundsctl and the small FHIR server of tests/cli: real conflicts, real refusals,
real waiting changes, so that the window shows what sync made and not what a test wrote into a table."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import fhirserver  # noqa: E402

fhirserver.TYPES = ("Patient", "Observation", "Condition", "MedicationRequest", "Encounter", "AllergyIntolerance",
                    "DocumentReference")
PASSPHRASE = "correct horse 7"
NAMES = (("Vega", "Ana", "female", "1961-03-14"), ("Okafor", "Chidi", "male", "1948-11-02"),
         ("王", "秀英", "female", "1959-07-21"), ("Brandt-Lindqvist von Hohenfels", "Maximiliane Theodora", "female",
                                              "1937-01-30"), ("Ruiz", "Teo", "male", "2009-05-05"))


def patient(n):
    family, given, gender, born = NAMES[n % len(NAMES)]
    return {"resourceType": "Patient", "id": f"p{n}", "name": [{"family": family, "given": [given]}], "gender": gender,
            "birthDate": born, "identifier": [{"type": {"coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}, "value": f"447{n}-0093"}]}


def drug(dose="5 mg, evening", **more):
    return {"resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order",
            "subject": {"reference": "Patient/p0"}, "authoredOn": "2024-01-02",
            "medicationCodeableConcept": {"text": "Ramipril"}, "reasonCode": [{"text": "blood pressure"}], "dosageInstruction": [{"text": dose}], **more}


def problem(name, text, who="p0", **more):
    return {"resourceType": "Condition", "id": name, "subject": {"reference": f"Patient/{who}"}, "code": {"text": text},
            "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                                           "code": "active"}]}, **more}


def visit(kind="IMP"):
    return {"resourceType": "Encounter", "id": "e1", "status": "in-progress", "subject": {"reference": "Patient/p1"},
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": kind},
            "period": {"start": "2024-01-02T08:00:00Z"}}


def note(description="Ward round", state="preliminary"):
    return {"resourceType": "DocumentReference", "id": "n1", "status": "current", "docStatus": state,
            "subject": {"reference": "Patient/p0"}, "date": "2024-01-02T09:00:00Z", "type": {"text": "Progress note"},
            "description": description,
            "content": [{"attachment": {"contentType": "text/plain", "data": "U2xlcHQgd2VsbC4="}}]}


class Ward:
    """A server and an account that is linked to it, in the folder."""

    def __init__(self, ctl, folder, link=True):
        self.ctl_program = ctl
        self.profile = os.path.join(folder, "account")
        self.passphrase = os.path.join(folder, "passphrase")
        os.makedirs(folder, exist_ok=True)
        with open(self.passphrase, "w", encoding="utf-8") as f:
            f.write(PASSPHRASE + "\n")
        self.server = fhirserver.FhirServer()
        self.name = "Dr T. Example"
        self.slow = 0             # seconds that each answer takes: for pictures
        self.down = None          # a status: what it answers to every change
        self.given = None         # how many ids it gave, when it gives them
        answer = self.server.answer

        def gate(method, target, if_match, body):
            time.sleep(self.slow)
            if self.down and (method in ("PUT", "DELETE") or (method == "POST" and body)):
                raise fhirserver.Refused(self.down, "closed for the night")
            if self.given is not None and target.split("?")[0].endswith("/metadata"):
                status, told, etag = answer(method, target, if_match, body)
                for kind in told["rest"][0]["resource"]:
                    kind["updateCreate"] = False
                return status, told, etag
            if self.given is not None and body and body["resourceType"] != "Bundle":
                kind, name = (target.split("?")[0].split("/fhir/")[1].split("/") + [None])[:2]
                if method == "PUT" and self.server.current(kind, name) is None:
                    raise fhirserver.Refused(405, "ids are given here")
                if method == "POST":
                    self.given += 1
                    made = self.server.write({**body, "id": f"srv-{self.given}"})
                    return 201, made, fhirserver.tag(made)
            return answer(method, target, if_match, body)

        self.server.answer = gate
        self.ctl("profile", "create", "--name", self.name, "--role", "physician", "--recovery-file",
                 os.path.join(folder, "recovery"))
        if link:
            self.ctl("cloud", "add", "ward", "--fhir", self.server.url)

    def ctl(self, *arguments, stdin=None, expect=(0,)):
        done = subprocess.run([self.ctl_program, "--profile", self.profile, "--passphrase-file", self.passphrase, "--json",
                               *arguments], input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode in expect, f"roundsctl {arguments}: {done.returncode} {done.stderr.strip()}"
        return [json.loads(line) for line in done.stdout.splitlines()]

    def put(self, resource):
        self.ctl("resource", "put", f"{resource['resourceType']}/{resource['id']}", "-", stdin=json.dumps(resource))

    def get(self, reference):
        return self.ctl("resource", "get", reference)[0]

    def sync(self):
        self.ctl("sync", "ward", "--once", expect=(0, 5, 6))

    # --- what happens on it ---------------------------------------------------------------------------

    def fill(self, n=3):
        for i in range(n):
            self.server.write(patient(i))
        self.server.write(drug())
        self.server.write(problem("c1", "Community-acquired pneumonia"))
        self.server.write(problem("c2", "Fall risk", "p1"))
        self.sync()

    def change_in_two_places(self):
        """The dose and the reason on both sides, the status only there, the note only here."""
        self.server.write(drug("2.5 mg, morning", status="on-hold", reasonCode=[{"text": "low blood pressure"}]))
        self.put(drug("10 mg, evening", note=[{"text": "told the family"}], reasonCode=[{"text": "blood pressure 168/94"}]))

    def delete_there(self):
        self.server.remove("Condition", "c1")
        self.put(problem("c1", "Community-acquired pneumonia, left lower lobe"))

    def delete_here(self):
        self.server.write(problem("c2", "Fall risk, uses a frame", "p1"))
        self.ctl("resource", "delete", "Condition/c2")

    def refuse(self):
        words = "Encounter.class: code 'IMPX' is not in the value set 'EncounterClass' (required)"
        self.server.refuse = lambda r: words if r["resourceType"] == "Encounter" and r["class"]["code"] == "IMPX" else None
        self.put(visit("IMPX"))

    def refuse_at_length(self):
        """As a validator does that lists all it knows: about a thousand letters."""
        words, long = self.server.refuse, "Condition.onset: must not be after Condition.abatement. " * 18
        self.server.refuse = lambda r: words(r) or (long if r.get("id") == "c9" else None)
        self.put(problem("c9", "Suspected drug reaction with eosinophilia and systemic symptoms after 14 days of "
                         "allopurinol, referred by the emergency department", "p3"))

    def give_ids(self):
        """From now on new records are created under ids of the server's own."""
        self.given = 0
        self.ctl("cloud", "probe", "ward")

    def put_server_back(self):
        """A change is taken, and the server then restored from a backup that does not have it."""
        self.put(problem("c3", "Heart failure, reduced EF (35 %)"))
        self.sync()
        self.put(problem("c3", "Heart failure, reduced EF (30 %)"))
        self.sync()
        self.server.versions["Condition", "c3"].pop()
        self.put(problem("c3", "Heart failure, reduced EF (30 %), no oedema"))
        self.sync()

    def wait_for_night(self, n):
        """n changes that cannot be sent."""
        for i in range(3, 5):
            self.put(patient(i))
        batch = {"resourceType": "Bundle", "type": "collection", "entry": [
            {"resource": problem(f"w{i}", f"Problem number {i + 1} of the night", f"p{i % 5}")} for i in range(n)]}
        path = os.path.join(os.path.dirname(self.profile), "night.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(batch, f)
        self.ctl("import", path)
