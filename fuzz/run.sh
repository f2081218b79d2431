#!/usr/bin/env bash
# Fuzzes every target for its share of an hour, one after the other, on one core; fuzz/summary.py draws up what came of it.
#
#   bash fuzz/run.sh [TARGET...]        builds what is missing; all targets by default
#
# BMAE_FUZZ_OUT (default: fuzz/artifacts) gets logs, findings, grown corpora and the largest allocations;
# BMAE_FUZZ_SHARE (default: 1) multiplies the minutes; BMAE_FUZZ_BIN is a folder with built targets.
# It needs cargo-fuzz, and runs on a stable compiler: coverage needs no sanitizer here.
set -euo pipefail
cd "$(dirname "$0")/.."
out="${BMAE_FUZZ_OUT:-fuzz/artifacts}"
declare -A minutes=([image]=12 [weights]=7 [pickle]=4 [cifar_archive]=6 [recipe]=6 [setting]=5 [sweep]=5 [run_file]=5 [metrics]=5 [cifar_binary]=2 [shard]=4 [zip]=5 [table]=3 [hugging_face]=3)
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=("${!minutes[@]}")

bin="${BMAE_FUZZ_BIN:-}"
if [ -z "$bin" ]; then
    # The versions of the program itself.
    cp Cargo.lock fuzz/Cargo.lock
    cargo fuzz build --sanitizer none --features weights
    bin=fuzz/target/x86_64-unknown-linux-gnu/release
fi
for target in "${targets[@]}"; do
    seconds=$(awk "BEGIN { print int(60 * ${minutes[$target]} * ${BMAE_FUZZ_SHARE:-1}) }")
    mkdir -p "$out/corpus/$target" "$out/findings/$target"
    # A child for each stretch, so that a finding ends the child alone. Memory for one input is bounded, not that it is little:
    # the largest of each target goes to peaks.tsv.
    BMAE_FUZZ_PEAKS="$out/peaks.tsv" nice -n 19 "$bin/$target" "$out/corpus/$target" "fuzz/corpus/$target" \
        -fork=1 -ignore_crashes=1 -ignore_ooms=1 -ignore_timeouts=1 -max_total_time="$seconds" \
        -rss_limit_mb=3000 -timeout=60 -report_slow_units=60 -max_len=65536 -artifact_prefix="$out/findings/$target/" \
        >"$out/fuzz-$target-$(date +%s).log" 2>&1 || echo "$target: ended with $?" >&2
done
