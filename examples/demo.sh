#!/bin/sh
# A line of text, written by the network that comes along.
#
#     sh examples/demo.sh [PICTURE [TEXT]]
set -eu

picture=${1:-demo.svg}
text=${2:-"Dear Ann, the parcel came on 3 May."}

hw sample "$text" --seed 1 | hw render -o "$picture" --force
