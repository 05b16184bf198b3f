#!/bin/sh
# From nothing to a picture: make ink, train the smoke preset on it, draw what the network writes.
#
#     sh examples/demo.sh [DIRECTORY [PICTURE]]
#
# The network sees a few hundred lines for a minute: what it writes has the look of letters, no more.
set -eu

work=${1:-demo}
picture=${2:-demo.svg}
here=$(dirname "$0")
lines=${DEMO_LINES:-400}
preset=${PRESET:-smoke}

mkdir -p "$work"
python3 "$here/make_ink.py" -n "$lines" --seed 1 | hw ingest - -o "$work/ink.h5" --force
hw train "$work/ink.h5" --preset "$preset" --seed 1 -o "$work/model.h5" --force
hw export "$work/ink.h5" made-0001 made-0002 made-0003 >"$work/primes.jsonl"
hw sample --model "$work/model.h5" --prime "$work/primes.jsonl" --prime-points 40 -n 2 --points 200 --bias 1 --seed 1 |
    hw render --grid 2 --prime-colour grey -o "$picture" --force
