#!/bin/sh
# Write many lines of text, in parts that run side by side: GNU parallel.
#
#     TEXTS=lines.txt PARTS=8 sh examples/shard_parallel.sh DIRECTORY
#
# Together the parts are what one process would have written, drawing for drawing, whatever PARTS is.
set -eu

export TEXTS="${TEXTS:-lines.txt}" SEED="${SEED:-1}" PARTS="${PARTS:-$(getconf _NPROCESSORS_ONLN)}"
export WORK="${1:-parts}"

mkdir -p "$WORK"
# shellcheck disable=SC2016
job='hw sample -q ${MODEL:+--model "$MODEL"} --text-file "$TEXTS" --own-hands --seed "$SEED" \
    --shard "{}/$PARTS" -o "$WORK/{}.jsonl" --force'
seq "$PARTS" | parallel --jobs "${JOBS:-100%}" --halt now,fail=1 "$job"

# Drawings one after the other are a file again.
for part in $(seq "$PARTS"); do
    cat "$WORK/$part.jsonl"
done >"$WORK/all.jsonl"
