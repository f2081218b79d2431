#!/usr/bin/env bash
# Written by `bmae sweep --emit slurm`. Submits the pre-trainings as job arrays, those that go on from a trunk behind it, each
# evaluation behind its pre-training, and the report behind everything. Options for every job go behind the name: bash submit.sh --partition=long --time=08:00:00
# Submit again after an interruption: what is finished is not repeated, what was begun goes on from its last checkpoint.
# BMAE=/path/to/bmae takes another program, BMAE_MPI=pmi2 (one that `srun --mpi=list` names) another way for tasks to find each
# other than pmix, MAX_ARRAY=N arrays of at most N jobs (1000, SLURM's own limit where it is not changed).
set -euo pipefail
cd "$(dirname "$0")/.."
BMAE=${BMAE:-@PROGRAM@}
export BMAE
mkdir -p slurm/logs

most=${MAX_ARRAY:-1000}
arrays=() # of pre-trainings
jobs=()   # that of each row of pretrain.tsv
count=0   # rows of the next array
trunk=0   # the row that these wait for; 0: none
submit_array() {
    [ "$count" -gt 0 ] || return 0
    local wait=() array index
    if [ "$trunk" -gt 0 ]; then
        wait=(--dependency="afterok:${jobs[trunk - 1]}" --kill-on-invalid-dep=yes)
    fi
    # An empty list is none to a bash before 4.4, which `set -u` refuses.
    array=$(sbatch --parsable --array="1-$count" ${wait[@]+"${wait[@]}"} "$@" slurm/pretrain.sbatch "${#jobs[@]}" </dev/null)
    array=${array%%;*}
    for ((index = 1; index <= count; index++)); do
        jobs+=("${array}_$index")
    done
    arrays+=("$array")
    echo "pre-trainings: job array $array of $count"
    count=0
}
# Rows that wait for the same trunk follow each other, behind the trunk's own.
while IFS=$'\t' read -r row _; do
    if [ "$row" -ne "$trunk" ] || [ "$count" -eq "$most" ]; then
        submit_array "$@"
        trunk=$row
    fi
    count=$((count + 1))
done <slurm/pretrain.tsv
submit_array "$@"

evaluations=()
while IFS=$'\t' read -r row stage run from; do
    wait=()
    if [ "$row" -gt 0 ]; then
        wait=(--dependency="afterok:${jobs[row - 1]}" --kill-on-invalid-dep=yes)
    fi
    ranks=1
    case $stage in finetune) ranks=@RANKS@ ;; esac
    job=$(sbatch --parsable ${wait[@]+"${wait[@]}"} --job-name="bmae-$stage" --ntasks="$ranks" "$@" slurm/evaluate.sbatch "$stage" "$run" "$from" </dev/null)
    evaluations+=("${job%%;*}")
done <slurm/evaluate.tsv
echo "evaluations: ${#evaluations[@]} jobs"

wait=()
if [ "${#evaluations[@]}" -gt 0 ]; then
    wait=(--dependency="afterany:$(IFS=:; echo "${evaluations[*]}")")
elif [ "${#arrays[@]}" -gt 0 ]; then
    wait=(--dependency="afterany:$(IFS=:; echo "${arrays[*]}")")
fi
report=$(sbatch --parsable ${wait[@]+"${wait[@]}"} "$@" slurm/report.sbatch)
echo "report: job ${report%%;*}, written to $PWD/report/index.html"
