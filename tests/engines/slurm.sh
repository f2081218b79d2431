#!/usr/bin/env bash
# Runs what `bmae sweep --emit slurm` writes under a real SLURM: slurmctld and slurmd of Debian's packages, one node, this machine.
#
#     apt-get install slurmctld slurmd munge shellcheck
#     bash tests/engines/slurm.sh path/to/bmae
#
# As root. Everything lies in a temporary folder, but for munge's key, which is made where there is none; the daemons end with the
# script. A pre-training is sent the signal of a time limit while it works: it must be queued again and go on after its last whole
# epoch. One that is cancelled must not be queued again. Of an array of two, the task that shares its number with the array is sent the
# signal: the other one must train on undisturbed.
set -euo pipefail
bmae=$(realpath "$1")
work=$(mktemp -d)
pids=()
cleanup() { kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT
say() { echo "ok $*"; }

# munge, whose key both daemons share.
mkdir -p /run/munge && chown munge: /run/munge
[ -f /etc/munge/munge.key ] || { dd if=/dev/urandom of=/etc/munge/munge.key bs=1024 count=1 status=none; chown munge: /etc/munge/munge.key; chmod 400 /etc/munge/munge.key; }
pgrep -x munged >/dev/null || { runuser -u munge -- munged --foreground >"$work/munged.log" 2>&1 & pids+=($!); sleep 1; }

host=$(hostname -s)
mkdir -p "$work"/{state,spool}
cat >"$work/slurm.conf" <<CONF
ClusterName=check
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldPort=16817
SlurmdPort=16818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1,defer_batch
KillWait=5
MailProg=/bin/true
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=4000 State=UNKNOWN
PartitionName=check Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm.conf
slurmctld -D >"$work/slurmctld.log" 2>&1 & pids+=($!)
slurmd -D >"$work/slurmd.log" 2>&1 & pids+=($!)
for _ in $(seq 30); do sinfo -h -o %T 2>/dev/null | grep -q idle && break; sleep 1; done
sinfo -h -o "%D node, %c cores, %T" || { cat "$work"/*.log >&2; exit 1; }
say "$(slurmctld -V) is up"

small=(--set data.shapes_train=512 --set data.shapes_test=100 --set pretrain.warmup_epochs=1 --set finetune.epochs=2
    --set linprobe.epochs=2 --set monitor.every=0 --set pretrain.epochs=40)
"$bmae" sweep --grid method.name=scratch,mae,mae-k --grid method.k=20 "${small[@]}" --out "$work/my sweep" --threads 2 --emit slurm
shellcheck --shell=bash --exclude=SC1091,SC2050 "$work/my sweep"/slurm/*.sh "$work/my sweep"/slurm/*.sbatch
say "shellcheck has nothing against the scripts"

# The trunk of both pre-trainings, and behind it these in arrays of one.
MAX_ARRAY=1 bash "$work/my sweep/slurm/submit.sh"
metrics="$work/my sweep/trunks/mae-until-20/pretrain/metrics.jsonl"
for _ in $(seq 60); do [ "$(grep -c '"kind":"epoch"' "$metrics" 2>/dev/null || true)" -gt 3 ] 2>/dev/null && break; sleep 0.5; done
# What SLURM sends two minutes before the limit goes to the shell of the job alone.
scancel --signal=USR1 --batch "$(squeue -h -t running -n bmae-pretrain -o %i | head -1)"
for _ in $(seq 300); do [ -z "$(squeue -h)" ] && break; sleep 1; done
[ -z "$(squeue -h)" ] || { squeue >&2; tail -50 "$work"/*.log "$work/my sweep"/slurm/logs/*.log >&2; exit 1; }

log=$(cat "$work/my sweep"/slurm/logs/bmae-pretrain-1_1.log)
grep -q "keeps .* of 20 epochs" <<<"$log" || { echo "$log" >&2; exit 1; }
grep -q "from epoch" <<<"$log" || { echo "$log" >&2; exit 1; }
say "the signalled trunk stopped, was queued again and went on: $(grep -o 'from epoch [0-9]*' <<<"$log" | head -1)"
epochs=$(grep -c '"kind":"epoch"' "$work/my sweep/mae/pretrain/metrics.jsonl")
[ "$epochs" -eq 40 ] || { echo "$epochs epochs were logged where 40 were expected" >&2; exit 1; }
rows=$(wc -l <"$work/my sweep/report/results.csv")
[ "$rows" -eq 10 ] || { echo "results.csv has $rows lines where 10 were expected" >&2; exit 1; }
say "40 epochs logged, each once; the report compares 3 runs by 3 evaluations"
cat "$work/my sweep"/slurm/logs/bmae-report-*.log

"$bmae" sweep --grid method.name=mae "${small[@]}" --out "$work/cancelled" --threads 2 --emit slurm >/dev/null
bash "$work/cancelled/slurm/submit.sh" >/dev/null
metrics=$work/cancelled/mae/pretrain/metrics.jsonl
for _ in $(seq 60); do [ "$(grep -c '"kind":"epoch"' "$metrics" 2>/dev/null || true)" -gt 3 ] 2>/dev/null && break; sleep 0.5; done
scancel "$(squeue -h -t running -n bmae-pretrain -o %i | head -1)"
for _ in $(seq 60); do [ -z "$(squeue -h)" ] && break; sleep 1; done
[ -z "$(squeue -h)" ] || { squeue >&2; exit 1; }
epochs=$(grep -c '"kind":"epoch"' "$metrics")
[ "$epochs" -lt 40 ] || { echo "the cancelled pre-training went on to its end" >&2; exit 1; }
say "a cancelled pre-training stopped after $epochs epochs and stayed so, and nothing waits for it"

# Two pre-trainings at once, with options for every job.
"$bmae" sweep --grid method.name=mae --grid pretrain.mask_ratio=0.5,0.75 "${small[@]}" --evaluations knn --out "$work/pair" --threads 1 \
    --emit slurm --slurm "--time=50 --mem=1500M" --slurm "--comment='of \"two\" #1'" >/dev/null
shellcheck --shell=bash --exclude=SC1091,SC2050 "$work/pair"/slurm/*.sh "$work/pair"/slurm/*.sbatch
bash "$work/pair/slurm/submit.sh" >/dev/null
epochs_of() { grep -c '"kind":"epoch"' "$1" 2>/dev/null || true; }
begun() { for metrics in "$work"/pair/mae-*/pretrain/metrics.jsonl; do [ "$(epochs_of "$metrics")" -gt 3 ] 2>/dev/null || return 1; done; }
for _ in $(seq 240); do begun && break; sleep 0.5; done
begun || { squeue >&2; tail -50 "$work"/pair/slurm/logs/*.log >&2; exit 1; }
[ "$(squeue -h -t running -n bmae-pretrain -o "%l %k %m" | sort -u)" = '50:00 of "two" #1 1500M' ] || { squeue -h -o "%j %l %k %m" >&2; exit 1; }
say "time, comment and memory are those of --slurm"
# Number, number of the array, index in it.
read -r _ array index < <(squeue -h -t running -n bmae-pretrain -o "%A %F %K" | awk '$1 == $2')
other=$((3 - index))
scancel --signal=USR1 --batch "${array}_$index"
for _ in $(seq 300); do [ -z "$(squeue -h)" ] && break; sleep 1; done
[ -z "$(squeue -h)" ] || { squeue >&2; exit 1; }
log=$work/pair/slurm/logs/bmae-pretrain-${array}_
for word in "keeps .* of 40 epochs" "from epoch"; do
    grep -q "$word" "$log$index.log" || { cat "$log$index.log" >&2; exit 1; }
done
if grep -q "stopping\|from epoch" "$log$other.log"; then cat "$log$other.log" >&2; exit 1; fi
for metrics in "$work"/pair/mae-*/pretrain/metrics.jsonl; do
    [ "$(epochs_of "$metrics")" -eq 40 ] || { echo "$metrics has $(epochs_of "$metrics") epochs where 40 were expected" >&2; exit 1; }
done
say "task $index of array $array, whose number is the array's, was queued again and went on; task $other trained undisturbed"

# One training as two tasks, the ranks of MPI, where the program knows it: as fast as it is cancelled, it is queued again and goes on.
if "$bmae" sweep --grid method.name=mae "${small[@]}" --evaluations finetune,knn --out "$work/ranks" --threads 1 --ranks 2 --emit slurm \
    2>"$work/ranks.log" >/dev/null; then
    shellcheck --shell=bash --exclude=SC1091,SC2050 "$work/ranks"/slurm/*.sh "$work/ranks"/slurm/*.sbatch
    bash "$work/ranks/slurm/submit.sh" >/dev/null
    metrics=$work/ranks/mae/pretrain/metrics.jsonl
    for _ in $(seq 240); do [ "$(epochs_of "$metrics")" -gt 3 ] 2>/dev/null && break; sleep 0.5; done
    [ "$(squeue -h -t running -n bmae-pretrain -o %C)" = 2 ] || { squeue >&2; tail -50 "$work/ranks"/slurm/logs/*.log >&2; exit 1; }
    scancel --signal=USR1 --batch "$(squeue -h -t running -n bmae-pretrain -o %i | head -1)"
    for _ in $(seq 300); do [ -z "$(squeue -h)" ] && break; sleep 1; done
    [ -z "$(squeue -h)" ] || { squeue >&2; exit 1; }
    log=$(cat "$work/ranks"/slurm/logs/bmae-pretrain-*.log)
    for word in "keeps .* of 40 epochs" "from epoch"; do grep -q "$word" <<<"$log" || { echo "$log" >&2; exit 1; }; done
    [ "$(epochs_of "$metrics")" -eq 40 ] || { echo "$metrics has $(epochs_of "$metrics") epochs where 40 were expected" >&2; exit 1; }
    grep -q "2 ranks" "$work/ranks/mae/pretrain/run.toml" || { cat "$work/ranks/mae/pretrain/run.toml" >&2; exit 1; }
    grep -q "2 ranks" "$work/ranks/mae/finetune/run.toml" || { cat "$work/ranks/mae/finetune/run.toml" >&2; exit 1; }
    say "two tasks trained one run, were queued again together and went on: $(grep -o 'from epoch [0-9]*' <<<"$log" | head -1)"
    cat "$work/ranks"/slurm/logs/bmae-report-*.log
else
    echo "skipped: $(cat "$work/ranks.log")"
fi
