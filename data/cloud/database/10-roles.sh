#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Run once by the database's image when its folder is new: a role and a database for each server that keeps its
# data here, so that neither can read the other's.

set -eu
export SECRETS="${SECRETS:-/run/secrets}"
# psql would take the words of an unreadable file for an empty password.
for name in fhir orthanc; do
  [ -s "$SECRETS/$name-database-password" ] && [ -r "$SECRETS/$name-database-password" ] ||
    { echo "10-roles: $SECRETS/$name-database-password cannot be read" >&2; exit 1; }
done

# psql reads the passwords itself: on its command line everybody on the machine could.
psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres <<'SQL'
\set fhir `cat "$SECRETS/fhir-database-password"`
\set orthanc `cat "$SECRETS/orthanc-database-password"`
CREATE ROLE fhir LOGIN PASSWORD :'fhir';
CREATE ROLE orthanc LOGIN PASSWORD :'orthanc';
CREATE DATABASE fhir OWNER fhir;
CREATE DATABASE orthanc OWNER orthanc;
REVOKE CONNECT ON DATABASE fhir FROM PUBLIC;
REVOKE CONNECT ON DATABASE orthanc FROM PUBLIC;
\c orthanc
CREATE EXTENSION IF NOT EXISTS pg_trgm;
SQL
