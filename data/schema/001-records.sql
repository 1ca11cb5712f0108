-- SPDX-License-Identifier: GPL-3.0-or-later
-- records.db: everything of one account but pixels.

-- Types, codes ("code|system") and patient ids once, as numbers everywhere else: the indexes stay small.
CREATE TABLE name (nid INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

-- The newest version of every resource. base_* is what the server had when local_json was made from it:
-- base_state 0 = it never had it, 1 = the same text as local_json, 2 = base_json, 3 = deleted there.
-- sync_state is that of the resource's outbox rows (0 = none), kept here so that lists need no join.
CREATE TABLE resource (
  rid INTEGER PRIMARY KEY,
  type INTEGER NOT NULL,
  id TEXT NOT NULL,
  patient INTEGER NOT NULL,      -- 0 = of no patient
  time_us INTEGER,               -- what a clinician sorts by
  revision INTEGER NOT NULL,
  tombstone INTEGER NOT NULL,
  changed_us INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  origin INTEGER NOT NULL,       -- server base it was imported from, 0 = none
  sync_state INTEGER NOT NULL,
  base_state INTEGER NOT NULL,
  base_version TEXT,
  last_updated INTEGER,
  codes TEXT,                    -- names of its codes, "12,15"
  base_json TEXT,
  local_json TEXT
);
CREATE UNIQUE INDEX resource_id ON resource (id, type);
CREATE INDEX resource_patient ON resource (patient, type, time_us);

CREATE TABLE token (
  patient INTEGER NOT NULL,
  code INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  rid INTEGER NOT NULL,
  PRIMARY KEY (patient, code, time_us, rid)
) WITHOUT ROWID;

-- Versions before the newest.
CREATE TABLE history (
  rid INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  changed_us INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  base_version TEXT,
  json TEXT
);
CREATE UNIQUE INDEX history_version ON history (rid, revision);

-- Type-ahead is answered from memory; stamp tells which rows changed since it was read.
CREATE TABLE patient (
  rid INTEGER PRIMARY KEY,
  stamp INTEGER NOT NULL UNIQUE,
  gone INTEGER NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  sort_key TEXT NOT NULL,        -- the name, folded
  birth_date TEXT,
  sex TEXT,
  identifiers TEXT,
  deceased INTEGER NOT NULL,
  words TEXT NOT NULL            -- folded, blank-separated
);
CREATE INDEX patient_sort ON patient (sort_key);
CREATE TABLE identifier (value TEXT NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY (value, rid)) WITHOUT ROWID;
CREATE INDEX identifier_rid ON identifier (rid);

-- One row a local change; squashed by resource when read. state: 1 pending, 2 inflight, 3 unknown, 4 verify,
-- 5 conflict, 6 quarantined, 7 blocked. The text to send is that of the revision.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  op_uuid TEXT NOT NULL,
  rid INTEGER NOT NULL,
  patient INTEGER NOT NULL,
  verb TEXT NOT NULL,
  revision INTEGER NOT NULL,
  base_version TEXT,
  refs TEXT,                     -- "TYPE/ID" a line: what depends_on is made of
  state INTEGER NOT NULL,
  request_id TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at_us INTEGER NOT NULL DEFAULT 0,
  last_status INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  created_us INTEGER NOT NULL
);
CREATE INDEX outbox_resource ON outbox (rid, seq);
CREATE INDEX outbox_patient ON outbox (patient, rid);
CREATE TABLE outbox_receipt (
  op_uuid TEXT PRIMARY KEY,
  rid INTEGER NOT NULL,
  server_version TEXT,
  server_epoch TEXT,
  acked_at_us INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE cursor (scope TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE conflict (
  rid INTEGER PRIMARY KEY,
  base TEXT,
  mine TEXT,
  theirs TEXT,
  theirs_version TEXT,
  paths TEXT NOT NULL,           -- one a line
  status TEXT NOT NULL,
  created_us INTEGER NOT NULL
);
CREATE TABLE id_map (type INTEGER NOT NULL, local_id TEXT NOT NULL, server_id TEXT NOT NULL,
                     PRIMARY KEY (type, local_id)) WITHOUT ROWID;

CREATE TABLE connection (name TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE draft (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Append-only; each row holds the hash of the one before.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  when_us INTEGER NOT NULL,
  who TEXT NOT NULL,
  action TEXT NOT NULL,
  type TEXT,
  id TEXT,
  detail TEXT,
  hash BLOB NOT NULL
);

-- Dense vitals.
CREATE TABLE series (
  sid INTEGER PRIMARY KEY,
  patient INTEGER NOT NULL,
  code TEXT NOT NULL,
  unit TEXT NOT NULL,
  label TEXT NOT NULL,
  source TEXT NOT NULL,
  n INTEGER NOT NULL,
  first_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  last_value REAL NOT NULL,
  interval_us INTEGER NOT NULL,
  UNIQUE (patient, code, unit)
);
-- Small columns first: reading them does not touch the pages of the blobs.
CREATE TABLE chunk (
  cid INTEGER PRIMARY KEY,
  sid INTEGER NOT NULL,
  start_us INTEGER NOT NULL,
  end_us INTEGER NOT NULL,
  n INTEGER NOT NULL,
  low REAL NOT NULL,
  high REAL NOT NULL,
  first REAL NOT NULL,
  last REAL NOT NULL,
  sum REAL NOT NULL,
  pyramid BLOB NOT NULL,
  samples BLOB NOT NULL
);
CREATE UNIQUE INDEX chunk_start ON chunk (sid, start_us);

-- Scans: what the viewer asks for; the bytes are in pixels.db.
CREATE TABLE scan (
  sop_uid TEXT PRIMARY KEY,
  series_uid TEXT NOT NULL,
  study_uid TEXT NOT NULL,
  patient INTEGER NOT NULL,
  digest BLOB,                   -- of the bytes; NULL = not on the device
  sop_class_uid TEXT,
  transfer_syntax TEXT,
  dicom_patient_id TEXT,
  dicom_patient_name TEXT,
  dicom_birth_date TEXT,
  modality TEXT,
  study_date TEXT,
  study_time TEXT,
  study_description TEXT,
  series_description TEXT,
  body_part TEXT,
  image_type TEXT,
  accession TEXT,
  series_number INTEGER,
  instance_number INTEGER,
  rows INTEGER,
  columns INTEGER,
  frames INTEGER,
  bits_stored INTEGER,
  samples INTEGER,
  geometry TEXT,                 -- nine numbers: position, orientation; NULL = none
  spacing TEXT,
  size_bytes INTEGER NOT NULL,
  derived_here INTEGER NOT NULL,
  warnings TEXT
);
CREATE INDEX scan_series ON scan (series_uid);
CREATE INDEX scan_study ON scan (study_uid);
CREATE INDEX scan_patient ON scan (patient);
CREATE TABLE scan_outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  sop_uid TEXT NOT NULL UNIQUE,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_status INTEGER NOT NULL DEFAULT 0,
  reason TEXT
);
CREATE TABLE thumbnail (series_uid TEXT PRIMARY KEY, png BLOB NOT NULL);
CREATE TABLE measurement (
  uuid TEXT PRIMARY KEY,
  series_uid TEXT NOT NULL,
  json TEXT NOT NULL,
  changed_us INTEGER NOT NULL,
  changed_by TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX measurement_series ON measurement (series_uid);
