#!/bin/sh
# Spread a batch over the cores: a job a seed, with GNU parallel where there is one, else with xargs.
#
#     MODEL=model.h5 SEEDS=64 sh examples/parallel.sh DIRECTORY
#
# SEEDS   the seeds are 1 to this, of four drawings each   (16)
# POINTS  points of each drawing                           (400)
# JOBS    how many run at once                             (one a core)
#
# The same seeds give the same bytes, however the jobs are dealt out.
set -eu

work=${1:-parallel}
seeds=${SEEDS:-16}
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}

# The jobs find these in their environment: whatever letters a name has, no shell reads it as a command.
export WORK="$work" MODEL="${MODEL:-model.h5}" POINTS="${POINTS:-400}"

mkdir -p "$work"
# shellcheck disable=SC2016
job='hw sample -q --model "$MODEL" -n 4 --points "$POINTS" --seed {} -o "$WORK/{}.jsonl" --force'
if parallel --version 2>/dev/null | grep -q '^GNU parallel'; then
    seq "$seeds" | parallel --jobs "$jobs" --halt now,fail=1 "$job"
else
    seq "$seeds" | xargs -P "$jobs" -I{} sh -c "$job"
fi

# Drawings one after the other are a file again.
for seed in $(seq "$seeds"); do
    cat "$work/$seed.jsonl"
done >"$work/all.jsonl"
