# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sourced by the servers on Node with $name and $here set. Fetches the packages once, as the lock file has them,
# into $ROUNDS_CLOUD_CACHE, and becomes the program; without a network and without them: exit 3.
#
#   npm_exec PROGRAM.mjs SIZE [ARGUMENT…]     SIZE: in words, of what is fetched

say () { printf '%s\n' "$*" >&2; }

npm_exec () {
  script=$1 size=$2; shift 2
  if [ -n "${ROUNDS_CLOUD_CACHE:-}" ]; then cache=$ROUNDS_CLOUD_CACHE/$name
  elif [ -w /var/cache/rounds-dev/work ]; then cache=/var/cache/rounds-dev/work/$name
  else cache=${XDG_CACHE_HOME:-$HOME/.cache}/rounds-dev/work/$name; fi
  mkdir -p "$cache"
  key=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum | cut -c1-16)
  program=$cache/$key

  for tool in node npm; do
    command -v $tool >/dev/null || { say "$name: missing: $tool"; exit 3; }
  done
  exec 8>"$cache/lock"
  flock 8
  if [ ! -d "$program/node_modules" ]; then
    say "$name: fetching its packages (once, about $size on disk)"
    rm -rf "$program.new"
    mkdir -p "$program.new"
    cp "$here/package.json" "$here/package-lock.json" "$program.new/"
    (cd "$program.new" && npm ci --fetch-retries=1 --fetch-retry-mintimeout=2000 --ignore-scripts --no-audit --no-fund --loglevel=error) >"$cache/npm.log" 2>&1 ||
      { tail -n 3 "$cache/npm.log" >&2; say "$name: its packages cannot be had"; exit 3; }
    rm -rf "$program"
    mv "$program.new" "$program"
  fi
  # Imports are looked for beside the script.
  cmp -s "$here/$script" "$program/$script" || { cp "$here/$script" "$program/$script.new"; mv "$program/$script.new" "$program/$script"; }
  flock -u 8
  exec 8>&-
  exec node "$program/$script" "$@"
}
