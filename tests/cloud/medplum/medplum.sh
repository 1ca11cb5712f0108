#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Medplum's FHIR router on loopback, see server.mjs. Says "ready: URL" on stdout and ends with its stdin. Its
# packages are fetched once, as the lock file has them, into $ROUNDS_CLOUD_CACHE; without a network and without
# them: exit 3.
#
#   medplum.sh [PORT]

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
name=medplum
. "$here/../npm.sh"
npm_exec server.mjs "100 MB" "${1:-0}"
