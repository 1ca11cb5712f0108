#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A real OpenID provider on loopback, see provider.mjs. Says "ready: URL" on stdout and ends with its stdin. Its
# packages are fetched once, as the lock file has them, into $ROUNDS_CLOUD_CACHE; without a network and without
# them: exit 3.
#
#   oidc.sh UPSTREAM [JWKS-FILE]

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
name=oidc
. "$here/../npm.sh"
npm_exec provider.mjs "4 MB" "$@"
