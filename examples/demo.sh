#!/bin/sh
# A line of text, written by the network that comes along.
#
#     sh examples/demo.sh [PICTURE [TEXT]]
set -eu

picture=${1:-demo.svg}
text=${2:-"Dear Ann, the parcel came on 3 May."}

# On white, for programs that show pictures on black; a plotter's sheet has no background.
hw sample "$text" --seed 3 | hw render --background white -o "$picture" --force
