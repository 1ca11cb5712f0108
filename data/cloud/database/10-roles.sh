#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Run once by the database's image when its folder is new: a role and a database for each server that keeps its
# data here, so that neither can read the other's.

set -eu
secrets=${SECRETS:-/run/secrets}

psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres \
  -v fhir="$(cat "$secrets/fhir-database-password")" -v orthanc="$(cat "$secrets/orthanc-database-password")" <<'SQL'
CREATE ROLE fhir LOGIN PASSWORD :'fhir';
CREATE ROLE orthanc LOGIN PASSWORD :'orthanc';
CREATE DATABASE fhir OWNER fhir;
CREATE DATABASE orthanc OWNER orthanc;
REVOKE CONNECT ON DATABASE fhir FROM PUBLIC;
REVOKE CONNECT ON DATABASE orthanc FROM PUBLIC;
\c orthanc
CREATE EXTENSION IF NOT EXISTS pg_trgm;
SQL
