#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A picture of every screen from the real window: light and dark, wide and 360 px, English and Chinese.
set -eu
build=$1
shift
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$top/tests/ui/env.sh"
shots=$build/shots
mkdir -p "$shots"
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export ROUNDS_KDF_FLOOR=1
[ $# -gt 0 ] || set -- light dark narrow text chinese
for kind in "$@"; do
  size=1600x1000 scheme=prefer-light lang=C.UTF-8 scale=1
  case $kind in
    dark) scheme=prefer-dark ;;
    narrow) size=360x720 ;;
    text) scale=2 ;;
    chinese) lang=zh_CN.UTF-8 ;;
  esac
  echo "shots: $kind" >&2
  rm -rf "$home/$kind"
  # The ward is made once and copied, so that every kind begins with the same.
  mkdir -p "$home/$kind"
  [ ! -d "$home/ward" ] || { mkdir -p "$home/$kind/data/rounds"; cp -r "$home/ward" "$home/$kind/data/rounds/demo"; }
  LANG=$lang LC_ALL=$lang LANGUAGE= ROUNDS_SHOT_SIZE=$size ROUNDS_TEXT_SCALE=$scale ADW_DEBUG_COLOR_SCHEME=$scheme \
    virtual "$home/$kind" "$size" python3 "$top/tests/ui/shots.py" "$build/src/rounds" "$shots" "$kind"
  [ -d "$home/ward" ] || cp -r "$home/$kind/data/rounds/demo" "$home/ward"
done
echo "The pictures are in $shots" >&2
