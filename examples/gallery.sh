#!/bin/sh
# The pictures of examples/gallery, all of ink that a network wrote.
#
#     sh examples/gallery.sh [DIRECTORY]
#
# MODEL  a model that writes text   (the one that comes along)
# SEED   another seed, other ink    (1)
# BIAS   more is neater             (0.8)
set -eu

into=${1:-gallery}
seed=${SEED:-1}
bias=${BIAS:-0.8}
mkdir -p "$into"

write() { hw sample ${MODEL:+--model "$MODEL"} -q --seed "$seed" --bias "$bias" "$@"; }
draw() { hw render -q --force "$@"; }

# A letter: lines of at most 46 characters, a drawing each; the blank lines part the paragraphs.
write --wrap 46 --text-file - <<END |
Dear Ann,

thank you for your letter and for the photographs. The one of the lake is on my desk now, and everybody who comes in asks me where it was taken.

We had rain for a week, so the garden looks after itself. The apples are nearly ripe, and there will be far too many again. Could you take a box or two in October?

Come and stay with us when the trains run on time. There is a bed, a fire and a great deal of tea.

With love from all of us,
Tom
END
    draw --page a5 --margin 16mm,20mm --align ragged --seed "$seed" --background white -o "$into/letter.svg"

# The styles that come along, and no others that were kept here; and one sentence in hands that chance makes up.
XDG_DATA_HOME="$into/none" hw styles --sheet -o "$into/styles.svg" --force
write -n 12 --own-hands "The pen is quick and light." |
    draw --grid 2 --x-height 2.5mm --background white -o "$into/hands.svg"

# A sheet for a plotter: centre lines on A4, a path a line of writing, and what the pen will have to do.
write --wrap 72 --text-file - <<END |
Seventeen ships came in on the morning tide, and every one of them was loaded with letters. The harbour master counted the sacks, lost count, and began again. By noon the whole town could read.

Some had waited for years, and some had only come to look. There was a letter for the baker, one for the cat of the light house, and one without a name that nobody wanted to open.

In the evening the ships went out again, with the answers.
END
    hw render --force --page a4 --landscape --path line --pen 0.5mm --stats -o "$into/plotter.svg"

# A word that writes itself.
write "Hello!" | draw --animate --x-height 8mm --pen 0.9mm --colour midnightblue --background white -o "$into/word.svg"
write "Hello!" | draw --x-height 8mm --pen 0.9mm --colour midnightblue --dpi 60 -o "$into/word.gif"

# A page of a notebook, in blue ink.
write --wrap 34 --text-file - <<END |
Monday. Bread, milk, two lemons, and stamps for the letters.
Call Mr. Brown about the roof at half past nine.

Tuesday. Nothing at all, which was very good.
Read until the light went.
END
    draw --page a5 --paper ruled --line-spacing 9mm --colour "#1f3f8f" --pen 0.45mm --nib speed \
        --background "#fffef8" -o "$into/notebook.svg"

# Letters with marks, and signs that the network never learned.
write --text-file - <<END |
Zoë: 2 × 1.5 l milk, £3.20
☑ stamps, 15 €
☐ paint, two brushes
¿Cuándo? A las ocho, señor.
Viel Spaß! Bœuf, smørrebrød
25 m², 20 °C → next week ♥
END
    draw --x-height 2.5mm --background white -o "$into/signs.svg"

# Cyrillic and Greek: Russian, Ukrainian, Bulgarian, Serbian, Kazakh, Greek.
write --text-file - <<END |
Съешь ещё этих мягких французских булок, да выпей чаю.
Щира дружба не має ціни, а їжак живе у лісі.
Скъпи приятелю, в петък ще пътуваме към морето.
Љубав и пријатељство су највеће благо.
Өмір – өзен, ал уақыт – оның ағысы.
Το καλοκαίρι θα πάμε στη θάλασσα με φίλους.
END
    draw --x-height 2.5mm --background white -o "$into/alphabets.svg"

# In pencil, and with a broad edge.
write "written with a soft pencil" | draw --pencil --pen 0.7mm --x-height 4mm --background "#fdfcf7" -o "$into/pencil.svg"
write "and with a broad edge" |
    draw --nib direction:35 --pen 1.1mm --x-height 5mm --colour "#5b1a18" --background "#fdfcf7" -o "$into/edge.svg"

# A table: the bias grows from column to column, each row has a seed of its own.
for row in 1 2 3 4; do
    for column in 0 0.5 1 2; do
        seed=$row bias=$column write "a table of hands" |
            sed "1s/\"drawing\":\"[^\"]*\"/\"drawing\":\"seed $row, bias $column\"/"
    done
done | draw --grid 4 --captions id --x-height 2mm --background white -o "$into/table.svg"
