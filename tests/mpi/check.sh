#!/usr/bin/env bash
# One training as several ranks of a real MPI, on this machine: the same losses as one process, the same bits each time, and what
# happens when a rank dies or fails.
#
#     apt-get install libopenmpi-dev openmpi-bin libclang-dev
#     cargo build --release --features mpi        (with a CARGO_TARGET_DIR of its own)
#     bash tests/mpi/check.sh path/to/bmae [DATA]
#
# DATA is a folder with CIFAR-10; without it, generated images are trained on. Everything lies in a temporary folder.
set -euo pipefail
bmae=$(realpath "$1")
data=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
say() { echo "ok $*"; }
fail() { echo "failed: $*" >&2; exit 1; }

# Open MPI asks root whether it is meant, and wants a core for each rank unless it is told otherwise.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpi() {
    local ranks=$1
    shift
    mpirun --oversubscribe -n "$ranks" "$bmae" "$@"
}

images=(--set data.source=shapes --set data.shapes_train=1024 --set data.shapes_test=200)
[ -z "$data" ] || images=(--data "$data" --set data.train_limit=2560 --set data.test_limit=400)
small=(--preset mini "${images[@]}" --method mae-k --set method.k=1 --set pretrain.epochs=2 --set pretrain.warmup_epochs=1
    --set monitor.every=1 --set monitor.knn_train_limit=200)

echo "== losses of 1, 2 and 4 ranks"
for ranks in 1 2 4; do
    mpi "$ranks" pretrain "${small[@]}" --out "runs/$ranks" 2>"$ranks.log" || { cat "$ranks.log" >&2; fail "$ranks ranks"; }
done
python3 "$here/losses.py" 1e-5 runs/1 runs/2 runs/4
say "20 and more steps agree within 1e-5"

echo "== repeats"
for ranks in 2 4; do
    mpi "$ranks" pretrain "${small[@]}" --out "again/$ranks" 2>"$ranks.log"
    cmp "runs/$ranks/checkpoints/last.safetensors" "again/$ranks/checkpoints/last.safetensors" || fail "$ranks ranks, twice"
done
say "two runs as 2 ranks are the same, bit for bit, and two as 4"

echo "== machines of two kinds"
mpi_of_two_kinds() { mpirun --oversubscribe -n 1 -x BMAE_SIMD=avx2 "$bmae" "$@" : -n 1 "$bmae" "$@"; }
if grep -q avx512f /proc/cpuinfo; then
    mpi_of_two_kinds pretrain "${small[@]}" --out mixed 2>mixed.log || { cat mixed.log >&2; fail "ranks of two kinds"; }
    grep "the machines of the ranks differ" mixed.log || fail "nothing is said"
    BMAE_SIMD=avx2 mpi 2 pretrain "${small[@]}" --out narrow 2>narrow.log
    cmp mixed/checkpoints/last.safetensors narrow/checkpoints/last.safetensors || fail "ranks of two kinds drift apart"
    say "a rank with avx512 computes with avx2 beside one that has no more, bit for bit"
else
    echo "machines of two kinds: skipped, this one has no avx512"
fi

echo "== evaluations"
evaluate=(--set finetune.epochs=2 --set finetune.warmup_epochs=1 --set linprobe.epochs=2 --from runs/1)
for stage in finetune linprobe knn; do
    for ranks in 1 2; do
        mpi "$ranks" $stage --preset mini "${images[@]}" "${evaluate[@]}" --out "$stage/$ranks" 2>"$ranks.log" || { cat "$ranks.log" >&2; fail $stage; }
    done
    python3 "$here/losses.py" 1e-4 $stage/1 $stage/2
done

echo "== a rank that is killed"
long=("${small[@]}" --set pretrain.epochs=12 --set pretrain.checkpoint_minutes=0.05)
mpirun --oversubscribe -n 4 "$bmae" pretrain "${long[@]}" --out killed >killed.out 2>killed.log &
mpirun=$!
for _ in $(seq 240); do [ "$(grep -c '"kind":"epoch"' killed/metrics.jsonl 2>/dev/null || true)" -ge 2 ] 2>/dev/null && break; sleep 0.5; done
victim=$(pgrep -P $mpirun bmae | sed -n 3p)
killed_at=$(date +%s)
kill -9 "$victim"
code=0
wait $mpirun || code=$?
seconds=$(($(date +%s) - killed_at))
[ "$code" -ne 0 ] || fail "the run went on"
[ "$seconds" -le 10 ] || fail "it took $seconds s until all had ended"
# A process that nobody has asked for its end yet is none any more.
sleep 1
! ps -C bmae -o stat= | grep -qv Z || fail "a rank is left"
grep "process rank" killed.log
say "all had ended after $seconds s, exit code $code"
mpi 2 resume killed --epochs 13 2>resumed.log || true
grep -q "from epoch" resumed.log || { cat resumed.log >&2; fail "nothing was kept"; }
[ "$(grep -c '"kind":"epoch"' killed/metrics.jsonl)" -eq 13 ] || fail "not every epoch is logged once"
say "2 ranks went on where 4 were killed: $(grep -o 'from epoch [0-9]*' resumed.log | head -1), to the end"

echo "== a rank that fails alone"
mkdir -p pictures/train/a pictures/train/b
python3 "$here/pictures.py" pictures/train
alone=(--data pictures --set data.channels=1 --set data.mean=[0.5] --set data.std=[0.25] --set data.image_size=16 --set model.patch_size=4 --preset quick --set pretrain.epochs=1
    --set pretrain.batch_size=32 --set pretrain.warmup_epochs=0 --set monitor.every=0 --set monitor.pictures=0
    --set monitor.stability=0 --seed 0)
code=0
mpi 2 pretrain "${alone[@]}" --out failed >failed.out 2>failed.log || code=$?
[ "$code" -eq 1 ] || { cat failed.log >&2; fail "exit code $code"; }
grep "error:" failed.log | grep -v mpirun | tee sentences
[ "$(wc -l <sentences)" -eq 1 ] || fail "more than one sentence"
grep -q "^rank 1 of 2: error: the image" sentences || fail "the rank is not named"
say "the rank that fails says so, and ends the other"

echo "== a batch that the ranks do not divide, and a command that they cannot share"
code=0; mpi 3 pretrain "${small[@]}" --out refused 2>refused.log || code=$?
[ "$code" -eq 2 ] || { cat refused.log >&2; fail "exit code $code"; }
grep "error:" refused.log
[ "$(grep -c error: refused.log)" -eq 1 ] || fail "more than one sentence"
code=0; mpi 2 report runs/1 --out report 2>refused.log || code=$?
[ "$code" -eq 2 ] || { cat refused.log >&2; fail "exit code $code"; }
grep "error:" refused.log

echo "== the signal of a time limit"
mpirun --oversubscribe -n 2 "$bmae" pretrain "${long[@]}" --out limited >limited.out 2>limited.log &
mpirun=$!
for _ in $(seq 240); do [ "$(grep -c '"kind":"epoch"' limited/metrics.jsonl 2>/dev/null || true)" -ge 1 ] 2>/dev/null && break; sleep 0.5; done
kill -USR1 $mpirun
code=0
wait $mpirun || code=$?
grep "stopp" limited.log
[ "$code" -eq 130 ] || { cat limited.log >&2; fail "exit code $code"; }
say "SIGUSR1 to mpirun reaches every rank: exit code 130, and the step's checkpoint is kept: $(ls limited/state)"
