#!/bin/sh
# Write many lines of text, a part for each job of a Slurm array.
#
#     sbatch --array=1-100 --export=ALL,TEXTS=lines.txt examples/shard_slurm.sh DIRECTORY
#
# MODEL  a model that writes text                (the one that comes along)
# SEED   the same seed gives the same drawings   (1)
#
# A part has every N-th drawing of an array of N, and together they are what one process would have written, in another
# order; the nodes should have processors of one kind. Afterwards: cat DIRECTORY/*.jsonl | hw ingest - -o lines.h5
#
# PARTS=100 before --array=7,12 does those two parts of a hundred again, should they have failed.
#SBATCH --job-name=hw-sample
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
set -eu

work=${1:-parts}
part="$SLURM_ARRAY_TASK_ID/${PARTS:-${SLURM_ARRAY_TASK_COUNT:-$SLURM_ARRAY_TASK_MAX}}"
mkdir -p "$work"
hw sample -q ${MODEL:+--model "$MODEL"} --text-file "${TEXTS:-lines.txt}" --own-hands --seed "${SEED:-1}" \
    --shard "$part" -o "$work/$SLURM_ARRAY_TASK_ID.jsonl" --force
