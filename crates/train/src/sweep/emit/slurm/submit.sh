#!/usr/bin/env bash
# Written by `bmae sweep --emit slurm`. Submits the pre-trainings as a job array, each evaluation behind its pre-training, and
# the report behind everything. Options for every job go behind the name: bash submit.sh --partition=long --time=08:00:00
# Submit again after an interruption: what is finished is not repeated, what was begun goes on after its last whole epoch.
# BMAE=/path/to/bmae takes another program.
set -euo pipefail
cd "$(dirname "$0")/.."
BMAE=${BMAE:-@PROGRAM@}
export BMAE
mkdir -p slurm/logs

array=
if [ @PRETRAININGS@ -gt 0 ]; then
    array=$(sbatch --parsable --array=1-@PRETRAININGS@ "$@" slurm/pretrain.sbatch)
    array=${array%%;*}
    echo "pre-trainings: job array $array of @PRETRAININGS@"
fi

evaluations=()
while IFS=$'\t' read -r row stage run from; do
    wait=()
    if [ "$row" -gt 0 ]; then
        wait=(--dependency="afterok:${array}_$row" --kill-on-invalid-dep=yes)
    fi
    job=$(sbatch --parsable "${wait[@]}" --job-name="bmae-$stage" "$@" slurm/evaluate.sbatch "$stage" "$run" "$from" </dev/null)
    evaluations+=("${job%%;*}")
done <slurm/evaluate.tsv
echo "evaluations: ${#evaluations[@]} jobs"

wait=()
if [ "${#evaluations[@]}" -gt 0 ]; then
    wait=(--dependency="afterany:$(IFS=:; echo "${evaluations[*]}")")
elif [ -n "$array" ]; then
    wait=(--dependency="afterany:$array")
fi
report=$(sbatch --parsable "${wait[@]}" "$@" slurm/report.sbatch)
echo "report: job ${report%%;*}, written to $PWD/report/index.html"
