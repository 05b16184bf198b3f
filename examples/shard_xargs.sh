#!/bin/sh
# Write many lines of text, in parts that run side by side: xargs.
#
#     TEXTS=lines.txt PARTS=8 sh examples/shard_xargs.sh DIRECTORY
#
# MODEL  a model that writes text                (the one that comes along)
# SEED   the same seed gives the same drawings   (1)
# PARTS  how many parts                          (one a core)
# JOBS   how many run at once                    (one a core)
#
# A part has every PARTS-th drawing; in the order of their numbers they are what one process would have written,
# to the last byte, whatever PARTS is.
set -eu

export TEXTS="${TEXTS:-lines.txt}" SEED="${SEED:-1}" PARTS="${PARTS:-$(getconf _NPROCESSORS_ONLN)}"
export WORK="${1:-parts}"

mkdir -p "$WORK"
# shellcheck disable=SC2016
job='hw sample -q ${MODEL:+--model "$MODEL"} --text-file "$TEXTS" --own-hands --seed "$SEED" \
    --shard "{}/$PARTS" -o "$WORK/{}.jsonl" --force'
seq "$PARTS" | xargs -P "${JOBS:-$(getconf _NPROCESSORS_ONLN)}" -I{} sh -c "$job"

# Each line behind the number of its drawing, the last thing in an id; in that order; without the number.
for part in $(seq "$PARTS"); do
    cat "$WORK/$part.jsonl"
done | awk '/^\{"drawing":/ { match($0, /-[0-9]+"/); number = substr($0, RSTART + 1, RLENGTH - 2) } { print number "\t" $0 }' |
    sort -s -n -k 1,1 | cut -f 2- >"$WORK/all.jsonl"
