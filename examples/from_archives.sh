#!/bin/sh
# From the archives of IAM-OnDB to a trained network to a picture.
#
#     IAM=~/iam-ondb sh examples/from_archives.sh
#
# IAM       the directory of lineStrokes-all.tar.gz and ascii-all.tar.gz   (.)
# WORK      where the results go                                          (work)
# PRESET    the network and its training                                  (graves-prediction)
# MAX_TIME  how long to train                                             (2h)
set -eu

iam=${IAM:-.}
work=${WORK:-work}
preset=${PRESET:-graves-prediction}
max_time=${MAX_TIME:-2h}

mkdir -p "$work"
hw ingest "$iam/lineStrokes-all.tar.gz" "$iam/ascii-all.tar.gz" -o "$work/strokes.h5"
hw info "$work/strokes.h5"

hw train "$work/strokes.h5" --preset "$preset" --max-time "$max_time" --seed 1 \
    --licence "IAM-OnDB: non-commercial research" --log "$work/train.log" -o "$work/model.h5"
hw eval --model "$work/model.h5" "$work/strokes.h5"

hw export "$work/strokes.h5" a01-000u-01 |
    hw sample --model "$work/model.h5" --prime - --prime-points 50 -n 6 --points 200 --seed 1 |
    hw render --prime-colour grey --background white -o "$work/picture.svg"
