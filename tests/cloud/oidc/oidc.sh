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
say () { printf '%s\n' "$*" >&2; }

if [ -n "${ROUNDS_CLOUD_CACHE:-}" ]; then cache=$ROUNDS_CLOUD_CACHE/oidc
elif [ -w /var/cache/rounds-dev/work ]; then cache=/var/cache/rounds-dev/work/oidc
else cache=${XDG_CACHE_HOME:-$HOME/.cache}/rounds-dev/work/oidc; fi
mkdir -p "$cache"
key=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum | cut -c1-16)
program=$cache/$key

for tool in node npm; do
  command -v $tool >/dev/null || { say "oidc: missing: $tool"; exit 3; }
done
exec 8>"$cache/lock"
flock 8
if [ ! -d "$program/node_modules" ]; then
  say "oidc: fetching its packages (once, about 4 MB on disk)"
  rm -rf "$program.new"
  mkdir -p "$program.new"
  cp "$here/package.json" "$here/package-lock.json" "$program.new/"
  (cd "$program.new" && npm ci --fetch-retries=1 --fetch-retry-mintimeout=2000 --ignore-scripts --no-audit --no-fund --loglevel=error) >"$cache/npm.log" 2>&1 ||
    { tail -n 3 "$cache/npm.log" >&2; say "oidc: its packages cannot be had"; exit 3; }
  rm -rf "$program"
  mv "$program.new" "$program"
fi
# Imports are looked for beside the script.
cmp -s "$here/provider.mjs" "$program/provider.mjs" || { cp "$here/provider.mjs" "$program/provider.mjs.new"; mv "$program/provider.mjs.new" "$program/provider.mjs"; }
flock -u 8
exec 8>&-
exec node "$program/provider.mjs" "$@"
