#!/usr/bin/env bash
# bmae against PyTorch on this machine: both programs in turn, several rounds, medians and their ratios as a page of
# docs/benchmarks/.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<'TEXT'
usage: scripts/compare_with_pytorch.sh [options]

  --peer FILE      pytorch_peer.py [default: shared/bench/ or ../shared/bench/ of this checkout]
  --bmae FILE      the program [default: built here, release]
  --rounds N       how often each pair runs, alternating [default: 5]
  --steps N        timed steps of each run [default: 8]
  --warmup N       steps before them [default: 2]
  --steps-paper N  timed steps of paper, after one [default: 3]
  --threads N      of both [default: 2]
  --rows "A B .."  which comparisons [default: all]
                   pretrain-light pretrain-mini pretrain-paper mae-k-light mae-new-light
                   finetune-light finetune-mini linprobe-light linprobe-mini
  --compile        PyTorch compiled too, beside eager; the better one counts
  --simd avx2      forces both programs to AVX2
  --out FILE       the page [default: docs/benchmarks/<date>-<cpu>.md]

The interpreter of PyTorch is $PYTHON [default: python3]. Nothing else should run meanwhile.
TEXT
}

peer="" bmae="" rounds=5 steps=8 steps_paper=3 warmup=2 threads=2 rows="" compile=no simd="" out=""
while [ $# -gt 0 ]; do
    case "$1" in
        --compile) compile=yes; shift; continue ;;
        -h|--help) usage; exit 0 ;;
        --peer|--bmae|--rounds|--steps|--steps-paper|--warmup|--threads|--rows|--simd|--out)
            [ $# -ge 2 ] || { echo "error: $1 needs a value; see --help" >&2; exit 2; } ;;
        *) echo "error: unknown option $1; see --help" >&2; exit 2 ;;
    esac
    case "$1" in
        --peer) peer=$2 ;;
        --bmae) bmae=$2 ;;
        --rounds) rounds=$2 ;;
        --steps) steps=$2 ;;
        --steps-paper) steps_paper=$2 ;;
        --warmup) warmup=$2 ;;
        --threads) threads=$2 ;;
        --rows) rows=$2 ;;
        --simd) simd=$2 ;;
        --out) out=$2 ;;
    esac
    shift 2
done
all="pretrain-light pretrain-mini pretrain-paper mae-k-light mae-new-light finetune-light finetune-mini linprobe-light linprobe-mini"
rows=${rows:-$all}
for row in $rows; do
    [[ " $all " == *" $row "* ]] || { echo "error: unknown row $row; choose from: $all" >&2; exit 2; }
done
python=${PYTHON:-python3}
if [ -z "$peer" ]; then
    for place in shared/bench ../shared/bench; do
        if [ -f "$place/pytorch_peer.py" ]; then peer=$place/pytorch_peer.py; fi
    done
fi
[ -f "$peer" ] || { echo "error: pytorch_peer.py was not found; name it with --peer FILE" >&2; exit 2; }
"$python" -c 'import torch' 2>/dev/null ||
    { echo "error: $python has no torch; name an interpreter that has it, as in PYTHON=venv/bin/python $0" >&2; exit 2; }
if [ -z "$bmae" ]; then
    cargo build --release --locked -p bmae -p bmae-train -p bmae-nn >&2
    bmae=${CARGO_TARGET_DIR:-target}/release/bmae
fi
case "$simd" in
    "") ;;
    avx2) export BMAE_SIMD=avx2 ATEN_CPU_CAPABILITY=avx2 DNNL_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 ;;
    *) echo "error: --simd is $simd, but only avx2 can be forced on both programs" >&2; exit 2 ;;
esac

load=$(cut -d' ' -f1-3 /proc/loadavg 2>/dev/null || echo unknown)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# name of a row -> arguments of both programs
light="--set model.decoder.dim=192 --set model.decoder.depth=4 --set model.decoder.heads=3"
arguments() {
    local config=${1##*-} kind=${1%-*} batch=64 preset=paper extra="" stage method steps=$steps warmup=$warmup
    case "$config" in light) extra=$light ;; mini) batch=128 preset=mini ;; paper) steps=$steps_paper warmup=1 ;; esac
    case "$kind" in
        pretrain) stage=pretrain method=mae ;;
        mae-k|mae-new) stage=pretrain method=$kind ;;
        *) stage=$kind method=mae ;;
    esac
    # The peer drops no branches.
    if [ "$stage" = finetune ]; then extra="$extra --set finetune.drop_path=0.0"; fi
    ours="bench --preset $preset --stage $stage --method $method --batch $batch --steps $steps --warmup $warmup --threads $threads"
    if [ -n "$extra" ]; then ours="$ours ${extra# }"; fi
    theirs="--config $config --stage $stage --method $method --batch $batch --steps $steps --warmup $warmup --threads $threads"
}

number() { sed -n "s/.*[{, ]\"$2\": *\([0-9.][0-9.]*\).*/\1/p" "$1"; }

# measure FILE COMMAND...: appends images/s to FILE, the peak in MiB to FILE.memory, and keeps the last line in FILE.last
measure() {
    local file=$1; shift
    if [ -x /usr/bin/time ]; then
        /usr/bin/time -f %M -o "$work/memory" "$@" > "$file.last" 2> "$work/errors" || { cat "$work/errors" >&2; exit 1; }
        awk 'END { printf "%.0f\n", $1 / 1024 }' "$work/memory" >> "$file.memory"
    else
        "$@" > "$file.last" 2> "$work/errors" || { cat "$work/errors" >&2; exit 1; }
    fi
    number "$file.last" images_per_s >> "$file"
}

median() { if [ -s "$1" ]; then sort -g "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; fi; }
range() { sort -g "$1" | awk 'NR == 1 { a = $1 } { b = $1 } END { printf "%.4g-%.4g", a, b }'; }

# What PyTorch runs for a row: the published two passes of MAE-new, and its one pass, are two comparisons.
variants() { case "$1" in mae-new-*) echo "two-passes one-pass" ;; *) echo "plain" ;; esac; }

for round in $(seq "$rounds"); do
    for row in $rows; do
        arguments "$row"
        echo "round $round of $rounds: $row" >&2
        # shellcheck disable=SC2086
        measure "$work/$row.bmae" "$bmae" $ours --json
        for variant in $(variants "$row"); do
            flags=""; if [ "$variant" = one-pass ]; then flags=--one-pass; fi
            # shellcheck disable=SC2086
            measure "$work/$row.$variant.eager" "$python" "$peer" $theirs $flags
            if [ "$compile" = yes ]; then
                # shellcheck disable=SC2086
                measure "$work/$row.$variant.compiled" "$python" "$peer" $theirs $flags --compile
            fi
        done
    done
done

cpu=$(lscpu | sed -n 's/^Model name: *//p' | head -1)
slug=$(printf '%s' "$cpu" | sed 's/([^)]*)//g' | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9]\{1,\}/-/g; s/^-//; s/-$//')
first=${rows%% *}
set_of_bmae=$(sed -n 's/.*"instruction_set":"\([a-z0-9]*\)".*/\1/p' "$work/$first.bmae.last")
out=${out:-docs/benchmarks/$(date +%F)-$slug-$set_of_bmae.md}
mkdir -p "$(dirname "$out")"

{
    echo "# bmae and PyTorch on $cpu, $set_of_bmae, $(date +%F)"
    echo
    echo "Images/s, medians of $rounds alternating rounds of $steps steps after $warmup (\`paper\`: $steps_paper after 1), $threads threads, batch 64 (\`mini\` 128); in brackets the"
    echo "slowest and fastest round. The ratio is bmae's median over that of the better PyTorch. Memory is the peak of the whole process"
    echo "in MiB (\`/usr/bin/time\`), with the ratio to the better PyTorch. GFLOP/s are bmae's, of its last round, and so is their share of what"
    echo "products alone reach in the same process, with bmae's own product and, in brackets, with that of the gemm crate."
    echo "PyTorch ran as pytorch_peer.py says: fused attention, fused AdamW, single precision$([ "$compile" = yes ] && echo ", eager and through torch.compile")."
    echo
    echo "| training | bmae | PyTorch eager | PyTorch compiled | ratio | GFLOP/s | of peak | bmae MiB | PyTorch MiB | ratio |"
    echo "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for row in $rows; do
        for variant in $(variants "$row"); do
            ours=$work/$row.bmae theirs=$work/$row.$variant
            better=$theirs.eager compiled="-"
            if [ -s "$theirs.compiled" ]; then
                compiled="$(median "$theirs.compiled") ($(range "$theirs.compiled"))"
                if awk "BEGIN { exit !($(median "$theirs.compiled") > $(median "$theirs.eager")) }"; then better=$theirs.compiled; fi
            fi
            name=$row; if [ "$variant" != plain ]; then name="$row, PyTorch with ${variant/-/ }"; fi
            memory="- | - | -"
            if [ -s "$ours.memory" ]; then
                memory=$(awk "BEGIN { a = $(median "$ours.memory"); b = $(median "$better.memory"); printf \"%.0f | %.0f | %.2f\", a, b, a / b }")
            fi
            ratio=$(awk "BEGIN { printf \"%.2f\", $(median "$ours") / $(median "$better") }")
            flops=$(number "$ours.last" gflop_per_s)
            of_gemm=$(number "$ours.last" burn_product_peak_gflop_per_s)
            share=$(awk "BEGIN { printf \"%.0f %%\", 100 * $flops / $(number "$ours.last" product_peak_gflop_per_s) }")
            if [ -n "$of_gemm" ]; then share="$share ($(awk "BEGIN { printf \"%.0f %%\", 100 * $flops / $of_gemm }"))"; fi
            printf '| %s | %s (%s) | %s (%s) | %s | **%s** | %.0f | %s | %s |\n' "$name" \
                "$(median "$ours")" "$(range "$ours")" "$(median "$theirs.eager")" "$(range "$theirs.eager")" "$compiled" \
                "$ratio" "$flops" "$share" "$memory"
        done
    done
    echo
    echo "## Machine"
    echo
    echo '```'
    lscpu | grep -E '^(Architecture|CPU\(s\)|Model name|Thread\(s\) per core|Core\(s\) per socket|Socket\(s\)|L1d cache|L2 cache|L3 cache|Hypervisor vendor)'
    echo "SIMD: $(lscpu | grep -oE '\b(avx2|fma|avx512[a-z_0-9]*|amx_[a-z0-9]*)\b' | sort -u | tr '\n' ' ')"
    echo "load average before the first run: $load"
    echo '```'
    echo
    echo "## Versions"
    echo
    echo "- bmae $("$bmae" --version | cut -d' ' -f2), commit $(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)$(git diff --quiet HEAD 2>/dev/null || echo ' with changes'), $(rustc --version 2>/dev/null || echo 'unknown rustc')"
    echo "- PyTorch $("$python" -c 'import torch; print(torch.__version__, torch.backends.cpu.get_cpu_capability())'), $("$python" --version)"
    echo "- $(uname -sr)"
    echo
    echo "## Commands"
    echo
    echo "Written by \`scripts/compare_with_pytorch.sh --rounds $rounds --steps $steps --warmup $warmup --steps-paper $steps_paper --threads $threads$([ "$compile" = yes ] && echo ' --compile')${simd:+ --simd $simd} --rows \"$rows\"\`:"
    echo
    echo '```'
    if [ -n "$simd" ]; then echo "export BMAE_SIMD=avx2 ATEN_CPU_CAPABILITY=avx2 DNNL_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2"; fi
    for row in $rows; do
        arguments "$row"
        echo "bmae $ours --json"
        for variant in $(variants "$row"); do
            echo "python pytorch_peer.py $theirs$([ "$variant" = one-pass ] && echo ' --one-pass')$([ "$compile" = yes ] && echo ' [--compile]')"
        done
    done
    echo '```'
} > "$work/page.md"
cp "$work/page.md" "$out"
echo "$out"
