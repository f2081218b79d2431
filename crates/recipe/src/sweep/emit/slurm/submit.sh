#!/usr/bin/env bash
# Written by `bmae sweep --emit slurm`. Submits the pre-trainings as a job array, each evaluation behind its pre-training, and
# the report behind everything. Options for every job go behind the name: bash submit.sh --partition=long --time=08:00:00
# Submit again after an interruption: what is finished is not repeated, what was begun goes on after its last whole epoch.
# BMAE=/path/to/bmae takes another program, MAX_ARRAY=N arrays of at most N jobs (1000, SLURM's own limit where it is not changed).
set -euo pipefail
cd "$(dirname "$0")/.."
BMAE=${BMAE:-@PROGRAM@}
export BMAE
mkdir -p slurm/logs

most=${MAX_ARRAY:-1000}
rows=@PRETRAININGS@
arrays=()
for ((before = 0; before < rows; before += most)); do
    count=$((rows - before < most ? rows - before : most))
    array=$(sbatch --parsable --array="1-$count" "$@" slurm/pretrain.sbatch "$before")
    arrays+=("${array%%;*}")
    echo "pre-trainings: job array ${array%%;*} of $count"
done

evaluations=()
while IFS=$'\t' read -r row stage run from; do
    wait=()
    if [ "$row" -gt 0 ]; then
        job=${arrays[(row - 1) / most]}_$(((row - 1) % most + 1))
        wait=(--dependency="afterok:$job" --kill-on-invalid-dep=yes)
    fi
    # An empty list is none to a bash before 4.4, which `set -u` refuses.
    job=$(sbatch --parsable ${wait[@]+"${wait[@]}"} --job-name="bmae-$stage" "$@" slurm/evaluate.sbatch "$stage" "$run" "$from" </dev/null)
    evaluations+=("${job%%;*}")
done <slurm/evaluate.tsv
echo "evaluations: ${#evaluations[@]} jobs"

wait=()
if [ "${#evaluations[@]}" -gt 0 ]; then
    wait=(--dependency="afterany:$(IFS=:; echo "${evaluations[*]}")")
elif [ "$rows" -gt 0 ]; then
    wait=(--dependency="afterany:$(IFS=:; echo "${arrays[*]}")")
fi
report=$(sbatch --parsable ${wait[@]+"${wait[@]}"} "$@" slurm/report.sbatch)
echo "report: job ${report%%;*}, written to $PWD/report/index.html"
