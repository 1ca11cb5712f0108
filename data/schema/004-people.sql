-- SPDX-License-Identifier: GPL-3.0-or-later
-- People: break-glass and the anchors of the audit trail.

-- Records whose meta.security says restricted or very restricted. whole: it is the Patient itself, and with it
-- everything of that patient. study: of an ImagingStudy, the UID under which its images stand.
CREATE TABLE restricted (
  rid INTEGER PRIMARY KEY,
  patient INTEGER NOT NULL,
  whole INTEGER NOT NULL,
  study TEXT
);
CREATE INDEX restricted_patient ON restricted (patient) WHERE whole = 1;

-- Kept by triggers, so that no way of writing can forget it. A deletion keeps the label: the history has the text.
-- rounds_restricted() and rounds_study_uid() are the program's (glass.c): they parse the text.
CREATE TRIGGER restricted_new AFTER INSERT ON resource
WHEN NEW.local_json IS NOT NULL AND rounds_restricted (NEW.local_json) BEGIN
  INSERT OR REPLACE INTO restricted (rid, patient, whole, study)
    VALUES (NEW.rid, NEW.patient, (SELECT n.text = 'Patient' FROM name n WHERE n.nid = NEW.type),
            rounds_study_uid (NEW.local_json));
END;
CREATE TRIGGER restricted_changed AFTER UPDATE OF local_json, patient ON resource
WHEN NEW.local_json IS NOT NULL AND (rounds_restricted (NEW.local_json)
                                     OR EXISTS (SELECT 1 FROM restricted x WHERE x.rid = NEW.rid)) BEGIN
  DELETE FROM restricted WHERE rid = NEW.rid;
  INSERT INTO restricted (rid, patient, whole, study)
    SELECT NEW.rid, NEW.patient, (SELECT n.text = 'Patient' FROM name n WHERE n.nid = NEW.type),
           rounds_study_uid (NEW.local_json)
    WHERE rounds_restricted (NEW.local_json);
END;
CREATE TRIGGER restricted_gone AFTER DELETE ON resource BEGIN
  DELETE FROM restricted WHERE rid = OLD.rid;
END;
INSERT INTO restricted (rid, patient, whole, study)
  SELECT r.rid, r.patient, (SELECT n.text = 'Patient' FROM name n WHERE n.nid = r.type), rounds_study_uid (r.local_json)
  FROM resource r WHERE r.local_json IS NOT NULL AND rounds_restricted (r.local_json);

-- Times in which restricted records are open. patient 0 = of all. ended_us 0 = not ended before its time.
CREATE TABLE glass (
  gid INTEGER PRIMARY KEY,
  patient INTEGER NOT NULL,
  reason TEXT NOT NULL,
  started_us INTEGER NOT NULL,
  until_us INTEGER NOT NULL,
  ended_us INTEGER NOT NULL
);
