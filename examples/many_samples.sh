#!/bin/sh
# Many samples of one model: all of them as points, and a sheet of pictures to choose from.
#
#     MODEL=model.h5 N=100 sh examples/many_samples.sh DIRECTORY
#
# MODEL   of any kind                                               (model.h5)
# N       drawings                                                  (100)
# POINTS  points of each at most                                    (400)
# BIAS    0.5, say, for neater writing; not for a regression model  (none)
# SEED    the same seed gives the same drawings                     (1)
set -eu

work=${1:-samples}
model=${MODEL:-model.h5}
number=${N:-100}

mkdir -p "$work"
hw sample --model "$model" -n "$number" --points "${POINTS:-400}" ${BIAS:+--bias "$BIAS"} --seed "${SEED:-1}" \
    -o "$work/samples.jsonl" --force
hw render "$work/samples.jsonl" --grid 4 --captions id --background white -o "$work/sheet.svg" --force

# A drawing begins with its header: awk can deal them out, a file each.
rm -f "$work"/sample-*.jsonl
awk -v into="$work" '/^{"drawing"/ { if (file) close(file); file = sprintf("%s/sample-%04d.jsonl", into, ++n) }
    { print > file }' "$work/samples.jsonl"
