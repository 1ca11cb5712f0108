#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Opens the window on the demo ward. Without a display it walks the demo on a virtual one instead, leaves the
# pictures in build/tour/ and says so.
set -eu
build=$1
shift
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$top/tests/ui/env.sh"

has_display () {
  if [ -n "${WAYLAND_DISPLAY:-}" ]; then
    case $WAYLAND_DISPLAY in
      /*) [ -S "$WAYLAND_DISPLAY" ] && return 0 ;;
      *) [ -S "${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/$WAYLAND_DISPLAY" ] && return 0 ;;
    esac
  fi
  case ${DISPLAY:-} in
    '') return 1 ;;
    :*) n=${DISPLAY#:}; [ -S "/tmp/.X11-unix/X${n%%.*}" ] ;;
    *) return 0 ;;
  esac
}

if has_display; then
  exec "$build/src/rounds" --demo "$@"
fi

echo 'There is no display here: walking the demo on a virtual one.' >&2
tour=$build/tour
rm -rf "$tour"
mkdir -p "$tour"
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
status=0
virtual "$home" 1600x1000 python3 "$top/tests/ui/tour.py" "$build/src/rounds" "$tour" "$@" || status=$?
echo "The pictures of the tour are in $tour:" >&2
ls "$tour" >&2
exit $status
