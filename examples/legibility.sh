#!/bin/sh
# How well a model's writing is read, and how alive it is: the texts of real lines that it has not learned from,
# next to these lines themselves, and texts of everyday life, which no database has.  Needs the extra 'read'.
#
#     MODEL=model.h5 STROKES=valid.h5 sh examples/legibility.sh DIRECTORY
#
# STROKES   real lines with their texts                               (valid.h5)
# MODEL     a model that writes text                                  (the one that comes along)
# LINES     how many of the lines, evenly spread                      (100)
# SETTINGS  options of hw sample, a run for each that a comma parts   (the usual, best of 8, bias 0)
# SEED      the same seed gives the same drawings                     (1)
set -eu

here=$(dirname "$0")
work=${1:-legibility}
strokes=${STROKES:-valid.h5}
settings=${SETTINGS-,--best-of 8,--bias 0}

mkdir -p "$work"
hw export "$strokes" | sed -n 's/^{"drawing":"\([^"]*\)".*/\1/p' >"$work/all.txt"
awk -v wanted="${LINES:-100}" -v all="$(wc -l <"$work/all.txt")" '
    int(NR * wanted / all) > int((NR - 1) * wanted / all)' "$work/all.txt" >"$work/lines.txt"
hw ingest "$strokes" --lines "$work/lines.txt" -o "$work/real.h5" --force -q
hw export "$work/real.h5" | grep '^{"drawing"' |
    python3 -c 'import json, sys; [print(json.loads(line)["text"]) for line in sys.stdin]' >"$work/texts.txt"

echo "$settings" | tr , '\n' | while read -r options; do
    for texts in "$work/texts.txt" "$here/texts/everyday.txt"; do
        echo "== $(basename "$texts" .txt): ${options:-as usual}"
        # shellcheck disable=SC2086  # the options are several words
        hw sample ${MODEL:+--model "$MODEL"} --text-file "$texts" --missing skip --own-hands $options \
            --seed "${SEED:-1}" -o "$work/written.jsonl" --force
        hw eval --legibility --liveliness "$work/written.jsonl" --real "$work/real.h5"
    done
done >"$work/report.txt"
cat "$work/report.txt"
