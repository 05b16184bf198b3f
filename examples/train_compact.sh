#!/bin/sh
# The network that comes with the program, from the archives of IAM-OnDB.  Started again, it goes on where it was.
#
#     sh examples/train_compact.sh ARCHIVE... TRAINING_IDS VALIDATION_IDS DIRECTORY
#
# TRAINING_IDS, VALIDATION_IDS  lists of lines or forms; the split of Graves is, in the lists of the database's task:
#          cat trainset.txt testset_t.txt testset_f.txt >training.txt    and    testset_v.txt
# EPOCHS   passes over the lines alone, then with recombined ones and after others of their page  (29 10)
# RECOMBINED  recombined lines, which have what the database hardly has: digits, capitals, signs  (3000)
# OPTIONS  further options of hw train
#
# The model that comes with the program went through more of the same: further stages of training on new recombined
# lines, at last without the lines whose text is doubtful (hw recombine --disagreements lists them), and the mean of
# the weights at two of its ends (examples/average_models.py).  hw info -v bundled has the commands.
set -eu

left=$#
while [ "$left" -gt 3 ]; do # the archives go behind the other three
    set -- "$@" "$1"
    shift
    left=$((left - 1))
done
training=$1 validation=$2 work=$3
shift 3
epochs=${EPOCHS:-29 10}

# train NAME STROKES OPTION...
train() {
    name=$1 strokes=$2
    shift 2
    [ ! -e "$work/$name.checkpoint.h5" ] || set -- --resume
    # shellcheck disable=SC2086  # the options are several words
    hw train "$strokes" "$@" --valid "$work/valid.h5" --half --log "$work/$name.log" ${OPTIONS:-} -o "$work/$name.h5"
}

mkdir -p "$work"
terms='Trained on IAM-OnDB (Liwicki and Bunke 2005), which is free for non-commercial research; so are these weights.'
[ -e "$work/train.h5" ] || hw ingest "$@" --lines "$training" -o "$work/train.h5"
[ -e "$work/valid.h5" ] || hw ingest "$@" --lines "$validation" -o "$work/valid.h5"
train first "$work/train.h5" --preset compact --epochs "${epochs% *}" --licence "$terms" --seed 1
[ -e "$work/recombined.h5" ] ||
    hw recombine "$work/train.h5" --model "$work/first.h5" -n "${RECOMBINED:-3000}" --seed 1 -o "$work/recombined.h5"
[ -e "$work/both.h5" ] || hw ingest "$work/train.h5" "$work/recombined.h5" --no-clean -o "$work/both.h5"
train compact "$work/both.h5" --from "$work/first.h5" --no-fine-tune --epochs "${epochs#* }" --set optimiser.rate=0.0018 \
    --set data.lines_before=2 --set data.max_points=1400 --set bptt.stride=256 --set bptt.length=256 --seed 2
