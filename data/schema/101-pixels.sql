-- SPDX-License-Identifier: GPL-3.0-or-later
-- pixels.db: DICOM objects as they came. Pages of 65,536 bytes.
CREATE TABLE pixel (pid INTEGER PRIMARY KEY, sop_uid TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL);
