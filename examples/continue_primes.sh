#!/bin/sh
# Six sequences of 200 points, each going on from the first 50 points of a real line.
#
#     STROKES=strokes.h5 MODEL=model.h5 sh examples/continue_primes.sh picture.svg
#
# LINES_OF  ids of the lines that lend their beginnings   (the first six of the file)
# POINTS    points to write after each prime              (200)
# SEED      the same seed gives the same drawings         (1)
set -eu

picture=${1:-picture.svg}
strokes=${STROKES:-strokes.h5}
model=${MODEL:-model.h5}
points=${POINTS:-200}

# Ids have no spaces: each word is one.
# shellcheck disable=SC2086
hw export "$strokes" ${LINES_OF:---limit 6} |
    hw sample --model "$model" --prime - --prime-points 50 --points "$points" --seed "${SEED:-1}" |
    hw render --prime-colour grey --background white -o "$picture" --force
