-- SPDX-License-Identifier: GPL-3.0-or-later
-- Indexes of the search query builder.

-- A search parameter of a type ("Patient?name" in table name) is indexed from its first use on: until then it
-- costs nothing. upto: resources up to this rid are in the index (the largest integer = all, and every later
-- one); form: how the values were read out of the text, another one is built anew.
CREATE TABLE search_param (param INTEGER PRIMARY KEY, type INTEGER NOT NULL, form INTEGER NOT NULL, upto INTEGER NOT NULL);

CREATE TABLE search_string (param INTEGER NOT NULL, text TEXT NOT NULL, exact TEXT NOT NULL, rid INTEGER NOT NULL,
                            PRIMARY KEY (param, text, exact, rid)) WITHOUT ROWID;
CREATE INDEX search_string_rid ON search_string (rid);
-- system: name, 0 = none.
CREATE TABLE search_token (param INTEGER NOT NULL, code TEXT NOT NULL, system INTEGER NOT NULL, rid INTEGER NOT NULL,
                           PRIMARY KEY (param, code, system, rid)) WITHOUT ROWID;
CREATE INDEX search_token_rid ON search_token (rid);
-- floating: of days without a time zone, as if in UTC.
CREATE TABLE search_date (param INTEGER NOT NULL, floating INTEGER NOT NULL, start_us INTEGER NOT NULL,
                          end_us INTEGER NOT NULL, rid INTEGER NOT NULL,
                          PRIMARY KEY (param, floating, start_us, end_us, rid)) WITHOUT ROWID;
CREATE INDEX search_date_rid ON search_date (rid);
-- unit: name of the comparable unit, 0 = the number as written.
CREATE TABLE search_quantity (param INTEGER NOT NULL, unit INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL,
                              rid INTEGER NOT NULL, PRIMARY KEY (param, unit, low, high, rid)) WITHOUT ROWID;
CREATE INDEX search_quantity_rid ON search_quantity (rid);
CREATE TABLE search_reference (param INTEGER NOT NULL, id TEXT NOT NULL, type INTEGER NOT NULL, rid INTEGER NOT NULL,
                               PRIMARY KEY (param, id, type, rid)) WITHOUT ROWID;
CREATE INDEX search_reference_rid ON search_reference (rid);

-- All of a type, and in the order of their last change: the server's stamp, or the edit that it has not yet.
CREATE INDEX resource_change ON resource (type, (CASE WHEN sync_state = 0 AND last_updated > 0 THEN last_updated
                                                 ELSE changed_us END)) WHERE tombstone = 0;
CREATE INDEX patient_birth ON patient (birth_date);

-- Type-ahead, packed: written anew when many patients changed. key: "" = order, others a part of the words each.
CREATE TABLE patient_words (key TEXT PRIMARY KEY, data BLOB NOT NULL);
