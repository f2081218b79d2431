#!/usr/bin/env bash
# Runs what `bmae sweep --emit snakemake` writes with the real Snakemake and its local executor.
#
#     python -m venv /tmp/smk && /tmp/smk/bin/pip install snakemake
#     PATH=/tmp/smk/bin:$PATH bash tests/engines/snakemake.sh path/to/bmae
#
# The workflow is interrupted once while it trains what its pre-trainings have in common, and run again: it must go on, and a third time find nothing to do.
set -euo pipefail
# Job control: what runs in the background has a process group of its own, which Ctrl-C would reach as a whole.
set -m
bmae=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { echo "ok $*"; }

small=(--set data.shapes_train=512 --set data.shapes_test=100 --set pretrain.warmup_epochs=1 --set finetune.epochs=2
    --set linprobe.epochs=2 --set monitor.every=0 --set pretrain.epochs=40)
"$bmae" sweep --grid method.name=scratch,mae,mae-k --grid method.k=20 "${small[@]}" --out "$work/my sweep" --threads 2 --emit snakemake
flow() {
    snakemake --directory "$work/my sweep" --snakefile "$work/my sweep/Snakefile" --cores 2 --rerun-incomplete "$@"
}
say "snakemake $(snakemake --version): $(flow --dry-run 2>/dev/null | awk '$1 == "total" { print $2; exit }') jobs planned"

metrics="$work/my sweep/trunks/mae-until-20/pretrain/metrics.jsonl"
flow >"$work/first.log" 2>&1 & first=$!
for _ in $(seq 120); do [ "$(grep -c '"kind":"epoch"' "$metrics" 2>/dev/null || true)" -gt 3 ] 2>/dev/null && break; sleep 0.5; done
kill -INT -- "-$first"
wait "$first" && { echo "the interrupted workflow says that it succeeded" >&2; exit 1; }
done_before=$(grep -c '"kind":"epoch"' "$metrics")
say "interrupted with $done_before epochs of the trunk logged"
[ "$done_before" -lt 20 ] || { echo "it was interrupted too late to show anything" >&2; exit 1; }

flow >"$work/second.log" 2>&1 || { tail -50 "$work/second.log" >&2; exit 1; }
grep -q "from epoch" "$work/my sweep/logs/trunks/mae-until-20/pretrain.log" || { cat "$work/my sweep/logs/trunks/mae-until-20/pretrain.log" >&2; exit 1; }
say "went on: $(grep -o 'from epoch [0-9]*' "$work/my sweep/logs/trunks/mae-until-20/pretrain.log" | head -1); $(grep -o '[0-9]* of [0-9]* steps (100%) done' "$work/second.log")"
epochs=$(grep -c '"kind":"epoch"' "$work/my sweep/mae/pretrain/metrics.jsonl")
[ "$epochs" -eq 40 ] || { echo "$epochs epochs were logged where 40 were expected" >&2; exit 1; }
rows=$(wc -l <"$work/my sweep/report/results.csv")
[ "$rows" -eq 10 ] || { echo "results.csv has $rows lines where 10 were expected" >&2; exit 1; }
flow >"$work/third.log" 2>&1
grep -q "Nothing to be done" "$work/third.log" || { cat "$work/third.log" >&2; exit 1; }
say "40 epochs logged, each once; 3 runs by 3 evaluations in the report; a third time there is nothing to be done"
