#!/usr/bin/env bash
# What it costs to train one run as two ranks: two ranks of a thread beside one process of two threads, in turn, and two ranks over a
# network of a given speed, which is the loopback of a network namespace, shaped. Needs a build with the feature mpi, CIFAR-10, and for
# the second part root and iproute2.
#
#     bash scripts/time_ranks.sh path/to/bmae cifar-10-batches-bin [3]
set -euo pipefail
bmae=$(realpath "$1")
data=$(realpath "$2")
rounds=${3:-3}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
common=(pretrain --method mae --data "$data" --set pretrain.epochs=2 --set pretrain.warmup_epochs=1 --set monitor.every=0
    --set monitor.pictures=0 --set monitor.stability=0 -v --out "$work/run")
mini=(--preset mini --set data.train_limit=6400)
light=(--preset paper --set model.decoder.dim=192 --set model.decoder.depth=4 --set data.train_limit=1280 --set pretrain.batch_size=64)
paper=(--preset paper --set data.train_limit=256 --set pretrain.batch_size=128)

# report NAME: images/s of the last epoch, and what the ranks told of their gradients.
report() {
    local rate
    rate=$(grep '"kind":"epoch"' "$work/run/metrics.jsonl" | tail -1 | sed 's/.*"images_per_s":\([0-9]*\.[0-9]\).*/\1/')
    echo "$1: $rate images/s  $(grep -o 'each sent .*' "$work/log" || true)"
    rm -rf "$work/run"
}
for preset in mini light; do
    declare -n keys=$preset
    for _ in $(seq "$rounds"); do
        "$bmae" "${common[@]}" "${keys[@]}" --threads 2 >/dev/null 2>"$work/log"
        report "$preset, 1 process of 2 threads"
        mpirun -n 2 "$bmae" "${common[@]}" "${keys[@]}" --threads 1 >/dev/null 2>"$work/log"
        report "$preset, 2 ranks of 1 thread"
    done
done
# Both directions go through the one loopback, so it gets twice the rate of a link.
for preset in mini light paper; do
    declare -n keys=$preset
    for rate in 10 1; do
        unshare -n bash -c 'ip link set lo up; tc qdisc add dev lo root tbf rate $((2 * $1))gbit burst 2mb latency 100ms; shift; "$@"' _ "$rate" \
            mpirun -n 2 --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include lo --mca oob_tcp_if_include lo \
            "$bmae" "${common[@]}" "${keys[@]}" --threads 1 >/dev/null 2>"$work/log"
        report "$preset, 2 ranks of 1 thread, $rate Gbit/s"
    done
done
