#!/bin/sh
# Ink for plotters: SVG of centre lines, and from it, where vpype is installed, HPGL and G-code.
#
#     sh examples/plot.sh ink.jsonl [DIRECTORY]
#
# PAGE     the paper                                                    (a5)
# DEVICE   a plotter that vpype knows, for HPGL                         (hp7475a)
# LOADED   the paper in that plotter, one that it knows                 (a4)
# PROFILE  of vpype-gcode, for G-code: pip install vpype vpype-gcode    (pen: of pen.toml)
#
# An AxiDraw takes the SVG as it is, its strokes in the order in which they were written (a hand's order is
# a short way): axicli sheet.svg --model 1 --reordering 4
set -eu

ink=$1
into=${2:-plot}
mkdir -p "$into"

rm -f "$into"/sheet*.svg "$into"/sheet*.hpgl "$into"/sheet*.gcode # no page of another text is plotted
hw render "$ink" --page "${PAGE:-a5}" --stats -o "$into/sheet.svg"
if ! command -v vpype >/dev/null; then
    echo "no vpype here: SVG is all (pip install vpype vpype-gcode)" >&2
    exit 0
fi

# linemerge joins strokes that meet; linesort after it takes a third off the way above the paper, and so about
# a twentieth off the time, in an order that is no hand's. An HPGL plotter does not reach its paper's edges:
# vpype leaves out ink there without a word, which the margins of hw render's pages prevent.
for page in "$into"/sheet*.svg; do
    name=${page%.svg}
    vpype read "$page" linemerge --tolerance 0.1mm \
        write --device "${DEVICE:-hp7475a}" --page-size "${LOADED:-a4}" "$name.hpgl"
    if vpype gwrite --help >/dev/null 2>&1; then
        vpype --config "$(dirname "$0")/pen.toml" read "$page" linemerge --tolerance 0.1mm \
            gwrite --profile "${PROFILE:-pen}" "$name.gcode"
    fi
done
