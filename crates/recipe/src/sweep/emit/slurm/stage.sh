# One stage of one run; the job scripts read this file. Two minutes before the time limit SLURM sends this shell USR1: the program
# ends after its step, and the job is queued again to go on from its last checkpoint. What else ends a job, such as scancel,
# lets the program end its step too, and the job stays ended.

# What a stage has kept: the names of its states say epochs and steps.
kept() { echo "$1"/state/*; }

# What USR1 and the others ask of `run_stage`: to be queued again, or to end.
ask() {
    asked=$1 heard=yes
    [ -z "$program" ] || kill -"$signal" "$program" 2>/dev/null || true
}

# JOB STAGE RUN OPTIONS...; JOB is what `scontrol` knows this job by.
run_stage() {
    local job=$1 stage=$2 run=$3 before program='' asked='' heard=yes status code=127 launch=() signal=TERM
    shift 3
    trap 'ask again' USR1
    trap 'ask end' INT TERM
    # Several tasks train together, as the ranks of MPI; one that ends badly ends all. srun passes USR1 on to them, and ends them at TERM.
    if [ "${SLURM_NTASKS:-1}" -gt 1 ]; then
        signal=USR1
        launch=(srun --mpi="${BMAE_MPI:-pmix}" --kill-on-bad-exit=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-@THREADS@}")
    fi
    before=$(kept "$run/$stage")
    ${launch[@]+"${launch[@]}"} "${BMAE:-@PROGRAM@}" "$stage" --preset "recipes/$run/$stage.toml" --out "$run/$stage" --resume \
        --threads "${SLURM_CPUS_PER_TASK:-@THREADS@}" --device @DEVICE@ "$@" &
    program=$!
    # Where it was asked before there was a program.
    [ -z "$asked" ] || ask "$asked"
    # A signal ends `wait` early: the program may still be at its last step. 127: it was waited for before.
    while [ -n "$heard" ]; do
        heard='' status=0
        wait "$program" || status=$?
        [ "$status" -eq 127 ] || code=$status
    done
    # 143 and 138: the program was asked before it listened, by TERM or USR1.
    if [ "$asked" = again ] && [[ " 130 138 143 " == *" $code "* ]]; then
        # A job whose time is too short for a single step would be queued for ever.
        if [ "${SLURM_RESTART_COUNT:-0}" -ge 3 ] && [ "$(kept "$run/$stage")" = "$before" ]; then
            echo "error: $run/$stage was begun $((SLURM_RESTART_COUNT + 1)) times and kept nothing the last time; it is not queued again: submit it with a longer --time" >&2
        else
            scontrol requeue "$job"
        fi
    fi
    return "$code"
}
