#!/bin/sh
# Make the styles that come with the program: hands that a network makes up, chosen by eye from many.
#
#     sh examples/make_styles.sh MODEL DIRECTORY
#
# draws a sheet of candidates, DIRECTORY/candidates.svg, when there is no DIRECTORY/chosen; else, of each line of
# that file, a seed and a name, it writes the style DIRECTORY/NAME.jsonl.
#
# CANDIDATES  how many hands to choose from   (60)
set -eu
model=${1:?'usage: make_styles.sh MODEL DIRECTORY'}
directory=${2:?'usage: make_styles.sh MODEL DIRECTORY'}
text='Quite a few kind words, by hand'
sample() {
    hw sample --quiet --model "$model" "$text" --bias 1 --best-of 8 "$@"
}
mkdir -p "$directory"
if [ ! -e "$directory/chosen" ]; then
    for seed in $(seq 1 "${CANDIDATES:-60}"); do
        sample --seed "$seed" | sed "s/\"drawing\":\"sample-1\"/\"drawing\":\"$seed\"/"
    done | hw render --grid 3 --captions id --background white -o "$directory/candidates.svg"
    echo "look at $directory/candidates.svg, and write lines of SEED NAME to $directory/chosen" >&2
    exit
fi
while read -r seed name; do
    sample --seed "$seed" --save-style "$directory/$name.jsonl" --force >/dev/null
done <"$directory/chosen"
