#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes data/models/denoise again: source images -> arrays -> training -> ONNX ->
# figures -> manifest and model card. Called by './dev train denoise'. A run that was
# interrupted goes on where it was. Settings, all optional:
#   ROUNDS_DATA              the source images (default: ../shared/data beside the checkout)
#   ROUNDS_TRAIN_DIR         arrays and checkpoints (default: a cache folder)
#   ROUNDS_TRAIN_STEPS       length in steps (the default is what the shipped model used)
#   ROUNDS_TRAIN_MINUTES     length by the clock instead, for a machine that is shared
#   ROUNDS_TRAIN_THREADS     threads of the training
#   ROUNDS_TRAIN_OUT         where the model goes (default: data/models/denoise itself)
# './dev train denoise --evaluate' only measures and writes manifest and card; with
# --time it only takes the time again.

set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
data=${ROUNDS_DATA:-$here/../../../../../shared/data}
if [ -d /var/cache/rounds-dev/work ]; then cache=/var/cache/rounds-dev/work
else cache=${XDG_CACHE_HOME:-$HOME/.cache}/rounds-dev/work; fi
work=${ROUNDS_TRAIN_DIR:-$cache/train}
out=${ROUNDS_TRAIN_OUT:-$here/..}
[ -d "$data/imaging-train/denoise" ] || {
  echo "train: no source images in $data; name their folder in ROUNDS_DATA" >&2; exit 2; }

export OMP_WAIT_POLICY=passive PYTHONDONTWRITEBYTECODE=1
[ -f "$work/data/done" ] || python3 "$here/prepare.py" "$data" "$work/data"
if [ $# = 0 ] && [ ! -f "$work/denoise/training.json" ]; then
  if [ -n "${ROUNDS_TRAIN_MINUTES:-}" ]; then length="--minutes $ROUNDS_TRAIN_MINUTES"
  else length="--steps ${ROUNDS_TRAIN_STEPS:-11159}"; fi
  nice -n 5 python3 "$here/train.py" "$work/data" "$work/denoise" $length \
    --threads "${ROUNDS_TRAIN_THREADS:-2}"
fi
python3 "$here/export.py" "$work/denoise" "$out"
python3 "$here/evaluate.py" "$work/data" "$work/denoise" "$out" "$@"
