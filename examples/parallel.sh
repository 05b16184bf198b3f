#!/bin/sh
# Spread a batch over the cores: a job a seed, with GNU parallel where there is one, else with xargs.
#
#     MODEL=model.h5 SEEDS=64 sh examples/parallel.sh DIRECTORY
#
# The same seeds give the same bytes, however the jobs are dealt out.
set -eu

work=${1:-parallel}
model=${MODEL:-model.h5}
seeds=${SEEDS:-16}
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
points=${POINTS:-400}

mkdir -p "$work"
job="hw sample -q --model '$model' -n 4 --points $points --seed {} -o '$work/{}.jsonl' --force"
if parallel --version 2>/dev/null | grep -q '^GNU parallel'; then
    seq "$seeds" | parallel --jobs "$jobs" --halt now,fail=1 "$job"
else
    seq "$seeds" | xargs -P "$jobs" -I{} sh -c "$job"
fi

# Drawings one after the other are a file again.
for seed in $(seq "$seeds"); do
    cat "$work/$seed.jsonl"
done >"$work/all.jsonl"
