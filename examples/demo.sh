#!/bin/sh
# From nothing to a picture: make ink, train the smoke preset on it, draw what the network writes.
#
#     sh examples/demo.sh [DIRECTORY [PICTURE]]
#
# The network sees a few hundred lines for a minute: what it writes has the look of letters, no more.
#
# DEMO_LINES  lines of ink to learn from                                               (400)
# PRESET      the network and its training                                             (smoke)
# BIAS        neater from 0 up; 0 for PRESET=handwriter, which predicts no density     (1)
set -eu

work=${1:-demo}
picture=${2:-demo.svg}
here=$(dirname "$0")
lines=${DEMO_LINES:-400}
preset=${PRESET:-smoke}
case $preset in
handwriter) bias=${BIAS:-0} ;;
*) bias=${BIAS:-1} ;;
esac

mkdir -p "$work"
python3 "$here/make_ink.py" -n "$lines" --seed 1 | hw ingest - -o "$work/ink.h5" --force
hw train "$work/ink.h5" --preset "$preset" --seed 1 -o "$work/model.h5" --force
hw export "$work/ink.h5" made-0001 made-0002 made-0003 >"$work/primes.jsonl"
hw sample --model "$work/model.h5" --prime "$work/primes.jsonl" --prime-points 40 -n 2 --points 200 \
    --bias "$bias" --seed 1 |
    hw render --grid 2 --prime-colour grey -o "$picture" --force
