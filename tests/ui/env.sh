# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced: what the programs need to know to run from the build folder. $build and $top are set.
export ROUNDS_MODELS_DIR="$top/data/models"
export ROUNDS_TERMINOLOGY_DIR="$top/data/terminology"
export ROUNDS_DEMO_DIR="$top/data/demo"
export ROUNDS_HELP_DIR="$top/data/help"
export ROUNDS_LOCALE_DIR="$build/po"
export GSETTINGS_SCHEMA_DIR="$build/data"
export XDG_DATA_DIRS="$top/data:${XDG_DATA_DIRS:-/usr/local/share:/usr/share}"

# need_locale LANG FOLDER: makes the locale in the folder where the system has none; words are translated in no "C".
need_locale () {
  ! locale -a | tr 'A-Z' 'a-z' | tr -d - | grep -qx "$(echo "$1" | tr 'A-Z' 'a-z' | tr -d -)" || return 0
  mkdir -p "$2"
  [ -d "$2/$1" ] || localedef -i "${1%%.*}" -f "${1##*.}" "$2/$1"
  export LOCPATH="$2"
}

# -noreset: a server that starts anew when its last client leaves turns away the next one that comes just then.
# virtual NAME SIZE COMMAND…: a home, a bus, a screen and an accessibility bus of its own.
virtual () {
  home=$1 size=$2
  shift 2
  mkdir -p "$home/run"
  chmod 700 "$home" "$home/run"
  mkdir -p "$home/config/gtk-4.0" "$home/config/glib-2.0/settings"
  # There is no window manager: the window takes the size that it kept, so it is told here.
  cat >"$home/config/glib-2.0/settings/keyfile" <<END
[io/github/rounds_project/Rounds]
window-width=${size%%x*}
window-height=${size##*x}
END
  cat >"$home/config/gtk-4.0/settings.ini" <<END
[Settings]
gtk-enable-animations=false
END
  # The size of text comes from the screen's resources here; what settings.ini says of it is passed over.
  echo "Xft.dpi: $((96 * ${ROUNDS_TEXT_SCALE:-1}))" >"$home/.Xdefaults"
  env -u WAYLAND_DISPLAY -u DISPLAY HOME="$home" XDG_RUNTIME_DIR="$home/run" XDG_DATA_HOME="$home/data" \
    XDG_CONFIG_HOME="$home/config" XDG_CACHE_HOME="$home/cache" XDG_STATE_HOME="$home/state" \
    GSETTINGS_BACKEND=keyfile GSK_RENDERER=cairo GDK_BACKEND=x11 GTK_A11Y=atspi NO_AT_BRIDGE=0 \
    ADW_DISABLE_PORTAL=1 GDK_DEBUG=no-portals \
    xvfb-run -a -n $((100 + $$ % 800)) -s "-screen 0 ${size}x24 -noreset" dbus-run-session -- "$@"
}
