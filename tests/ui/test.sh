#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs one UI test program on a display of its own: test.sh BUILD TEST.py. Skips where there is no Xvfb.
set -eu
build=$1 test=$2
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$top/tests/ui/env.sh"
for tool in xvfb-run dbus-run-session import; do
  command -v "$tool" >/dev/null || { echo "1..0 # SKIP $tool is not installed"; exit 0; }
done
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export ROUNDS_KDF_FLOOR=1 G_DEBUG=fatal-criticals
mkdir -p "$build/tests/ui/pictures"
virtual "$home" 1600x1000 python3 "$top/tests/ui/$test" "$build/src/rounds" "$build/tests/ui/pictures" "$build/src/roundsctl"
