#!/bin/sh
# Let a model through only when it predicts held-out ink well enough: hw eval as a gate in a pipeline.
#
#     MODEL=model.h5 STROKES=valid.h5 MAX_NLL=-900 sh examples/threshold.sh published.h5
set -eu

published=${1:-published.h5}
model=${MODEL:-model.h5}
strokes=${STROKES:-strokes.h5}
max_nll=${MAX_NLL:--900}

status=0
hw eval --model "$model" "$strokes" --max-nll "$max_nll" --json >"$published.json" || status=$?
case $status in
0) cp "$model" "$published" ;;
3) echo "$model: not good enough, see $published.json" >&2 && exit 3 ;;
*) exit "$status" ;;
esac
