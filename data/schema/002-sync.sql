-- SPDX-License-Identifier: GPL-3.0-or-later
-- What sync keeps beyond the first schema.

-- Who waits with a reference to what ("TYPE/ID"), so that a rename or a refusal need not look through all that
-- waits. Filled when it is first asked for, up to the row named below; entries of what was sent meanwhile are
-- stale and harmless.
CREATE TABLE outbox_ref (ref TEXT NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY (ref, rid)) WITHOUT ROWID;
CREATE TABLE outbox_ref_upto (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
INSERT INTO outbox_ref_upto (one, seq) VALUES (1, 0);

-- Receipts tell whether a server still has what it took: of which server (NULL = written before this was kept),
-- and the lastUpdated that it gave.
ALTER TABLE outbox_receipt ADD COLUMN server TEXT;
ALTER TABLE outbox_receipt ADD COLUMN last_updated INTEGER NOT NULL DEFAULT 0;
CREATE INDEX receipt_newest ON outbox_receipt (acked_at_us);
CREATE INDEX receipt_resource ON outbox_receipt (rid, acked_at_us);
