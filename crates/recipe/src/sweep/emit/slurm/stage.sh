# One stage of one run; the job scripts read this file. Two minutes before the time limit SLURM sends this shell USR1: the program
# ends after its step, and the job is queued again to go on from its last checkpoint. What else ends a job, such as scancel,
# lets the program end its step too, and the job stays ended.
run_stage() {
    local stage=$1 run=$2 program code=0 again=
    shift 2
    "$BMAE" "$stage" --preset "recipes/$run/$stage.toml" --out "$run/$stage" --resume \
        --threads "${SLURM_CPUS_PER_TASK:-@THREADS@}" --device @DEVICE@ "$@" &
    program=$!
    trap 'again=yes; kill -TERM "$program" 2>/dev/null' USR1
    trap 'again=; kill -TERM "$program" 2>/dev/null' INT TERM
    wait "$program" || code=$?
    # A signal ends `wait` early: the program may still be at its last step.
    while kill -0 "$program" 2>/dev/null; do
        code=0
        wait "$program" || code=$?
    done
    if [ "$code" -eq 130 ] && [ -n "$again" ]; then
        scontrol requeue "$SLURM_JOB_ID"
    fi
    return "$code"
}
