#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a widget test on a display of its own: widget.sh PROGRAM. Skips, with a word, where there is no Xvfb.
set -eu
command -v xvfb-run >/dev/null || { echo "1..0 # SKIP xvfb-run is not installed"; exit 0; }
export GSK_RENDERER=cairo GDK_BACKEND=x11 GTK_A11Y=test
unset WAYLAND_DISPLAY DISPLAY
# The number comes from the process: two tests that start at once would race for the first free one.
# -noreset: a server that starts anew when its last client leaves turns away the next one that comes just then.
exec xvfb-run -a -n $((1000 + $$ % 3000)) -s '-screen 0 1280x900x24 -noreset' "$@"
