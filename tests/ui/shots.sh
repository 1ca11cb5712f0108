#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A picture of every screen from the real window: light and dark, wide and 360 px, large text, English and Chinese.
# "readme" makes the four that README.md shows and puts them into data/screenshots.
set -eu
build=$1
shift
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$top/tests/ui/env.sh"
shots=$build/shots
mkdir -p "$shots"
homes=$(mktemp -d)
trap 'rm -rf "$homes"' EXIT
export ROUNDS_KDF_FLOOR=1
[ $# -gt 0 ] || set -- light dark narrow text chinese
case " $* " in
  *" readme "*) set -- light dark; readme=yes ;;
  *) readme= ;;
esac
for kind in "$@"; do
  size=1600x1000 scheme=prefer-light lang=C.UTF-8 scale=1
  case $kind in
    dark) scheme=prefer-dark ;;
    narrow) size=360x720 ;;
    text) scale=2 ;;
    chinese) lang=zh_CN.UTF-8; need_locale "$lang" "$build/locale" ;;
  esac
  echo "shots: $kind" >&2
  rm -rf "$homes/$kind"
  # The ward is made once and copied, so that every kind begins with the same.
  mkdir -p "$homes/$kind"
  [ ! -d "$homes/ward" ] || { mkdir -p "$homes/$kind/data/rounds"; cp -r "$homes/ward" "$homes/$kind/data/rounds/demo"; }
  LANG=$lang LC_ALL=$lang LANGUAGE= ROUNDS_SHOT_SIZE=$size ROUNDS_TEXT_SCALE=$scale ADW_DEBUG_COLOR_SCHEME=$scheme \
    virtual "$homes/$kind" "$size" python3 "$top/tests/ui/shots.py" "$build/src/rounds" "$shots" "$kind"
  LANG=$lang LC_ALL=$lang LANGUAGE= ROUNDS_TEXT_SCALE=$scale ADW_DEBUG_COLOR_SCHEME=$scheme \
    virtual "$homes/$kind-sync" "$size" python3 "$top/tests/ui/shots-sync.py" "$build/src/rounds" "$shots" "$kind" \
    "$build/src/roundsctl"
  [ -d "$homes/ward" ] || cp -r "$homes/$kind/data/rounds/demo" "$homes/ward"
done
# Three of them are the README's; a new look lands there by ROUNDS_KEEP_SCREENSHOTS=1 only, so that a test run changes nothing.
if [ -n "${ROUNDS_KEEP_SCREENSHOTS:-}" ]; then
  for pair in summary:summary-light scans:enhanced-light vitals:vitals-light; do
    convert "$shots/${pair#*:}.png" -colors 200 -strip "$top/data/screenshots/${pair%%:*}.png"
  done
fi
if [ -n "$readme" ]; then
  mkdir -p "$top/data/screenshots"
  for pair in summary-light:summary wipe-dark:scans vitals-light:vitals conflict-m1-light:conflict; do
    convert "$shots/${pair%:*}.png" +dither -colors 256 -strip "PNG8:$top/data/screenshots/${pair#*:}.png"
  done
fi
echo "The pictures are in $shots" >&2
