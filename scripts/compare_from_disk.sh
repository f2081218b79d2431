#!/usr/bin/env bash
# bmae and PyTorch on the same folder of JPEGs at 224 x 224: loading alone, and pre-training with images from disk; both
# programs in turn, several rounds, medians and their ratios as a table.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<'TEXT'
usage: scripts/compare_from_disk.sh FOLDER [options]

  FOLDER           has train/ with one folder of images for each class
  --bmae FILE      the program [default: built here, release]
  --model NAME     vit-s16-224 or vit-b16-224 [default: vit-s16-224]
  --rounds N       how often each pair runs, alternating [default: 3]
  --steps N        timed steps of pre-training, after one [default: 4]
  --batches N      timed batches of loading, after two [default: 15]
  --batch N        images of a batch [default: 64]
  --loading        loading alone

The interpreter of PyTorch, torchvision and timm is $PYTHON [default: python3]. Nothing else should run meanwhile.
TEXT
}

folder="" bmae="" model=vit-s16-224 rounds=3 steps=4 batches=15 batch=64 training=yes
while [ $# -gt 0 ]; do
    case "$1" in
        -h|--help) usage; exit 0 ;;
        --loading) training=no; shift; continue ;;
        --bmae|--model|--rounds|--steps|--batches|--batch)
            [ $# -ge 2 ] || { echo "error: $1 needs a value; see --help" >&2; exit 2; } ;;
        -*) echo "error: unknown option $1; see --help" >&2; exit 2 ;;
        *) folder=$1; shift; continue ;;
    esac
    case "$1" in
        --bmae) bmae=$2 ;;
        --model) model=$2 ;;
        --rounds) rounds=$2 ;;
        --steps) steps=$2 ;;
        --batches) batches=$2 ;;
        --batch) batch=$2 ;;
    esac
    shift 2
done
case "$model" in
    vit-s16-224) encoder="384 6" decoder="192 4 3" ;;
    vit-b16-224) encoder="768 12" decoder="512 8 16" ;;
    *) echo "error: unknown model $model; choose vit-s16-224 or vit-b16-224" >&2; exit 2 ;;
esac
[ -d "$folder/train" ] || { echo "error: ${folder:-FOLDER} has no folder train; see --help" >&2; exit 2; }
python=${PYTHON:-python3}
"$python" -c 'import torch, torchvision, timm' 2>/dev/null ||
    { echo "error: $python lacks torch, torchvision or timm; name an interpreter that has them, as in PYTHON=venv/bin/python $0" >&2; exit 2; }
if [ -z "$bmae" ]; then
    cargo build --release --locked -p bmae -p bmae-train -p bmae-nn >&2
    bmae=${CARGO_TARGET_DIR:-target}/release/bmae
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -r width heads <<< "$encoder"
read -r decoder_width decoder_depth decoder_heads <<< "$decoder"
cat > "$work/recipe.toml" <<TOML
data = { image_size = 224, mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225], train_limit = $((steps * batch)) }
pretrain = { batch_size = $batch, epochs = 2, warmup_epochs = 0 }
monitor.every = 0
[model]
patch_size = 16
encoder = { dim = $width, depth = 12, heads = $heads }
decoder = { dim = $decoder_width, depth = $decoder_depth, heads = $decoder_heads }
TOML

number() { sed -n "s/.*[{, ]\"$1\": *\([0-9.][0-9.]*\).*/\1/p" | tail -1; }
median() { sort -g "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
range() { sort -g "$1" | awk 'NR == 1 { a = $1 } { b = $1 } END { printf "%.4g-%.4g", a, b }'; }
# keep NAME: images/s and MiB of a JSON line
keep() { tee "$work/line" | number images_per_s >> "$work/$1"; number peak_rss_mib < "$work/line" >> "$work/$1.memory"; }

for round in $(seq "$rounds"); do
    echo "round $round of $rounds" >&2
    "$bmae" bench --preset "$work/recipe.toml" --set data.train_limit=0 --loading --data "$folder" --batch "$batch" \
        --steps "$batches" --warmup 2 --threads 2 --json | keep loading.bmae
    "$python" scripts/pytorch_from_disk.py "$folder/train" --loading --batch "$batch" --steps "$batches" --warmup 2 | keep loading.pytorch
    if [ "$training" = yes ]; then
        rm -rf "$work/run"
        /usr/bin/time -f '"peak_kib": %M' -o "$work/memory" "$bmae" pretrain --preset "$work/recipe.toml" --method mae \
            --data "$folder" --out "$work/run" --threads 2 --quiet > "$work/result"
        # The second epoch: the first waits for its first batch.
        number images_per_s < "$work/run/metrics.jsonl" >> "$work/training.bmae"
        awk '{ printf "%.0f\n", $2 / 1024 }' "$work/memory" >> "$work/training.bmae.memory"
        "$python" scripts/pytorch_from_disk.py "$folder/train" --model "$model" --batch "$batch" --steps "$steps" | keep training.pytorch
    fi
done

echo "$(lscpu | sed -n 's/^Model name: *//p' | head -1), $(nproc) cores; $rounds rounds in turn; $model, batch $batch"
echo
echo "| images/s | bmae | PyTorch | ratio | bmae MiB | PyTorch MiB |"
echo "|---|---:|---:|---:|---:|---:|"
for row in loading training; do
    if [ -s "$work/$row.bmae" ]; then
        ours=$(median "$work/$row.bmae") theirs=$(median "$work/$row.pytorch")
        printf '| %s | %s (%s) | %s (%s) | **%s** | %.0f | %.0f |\n' "$row" "$ours" "$(range "$work/$row.bmae")" "$theirs" \
            "$(range "$work/$row.pytorch")" "$(awk "BEGIN { printf \"%.2f\", $ours / $theirs }")" \
            "$(median "$work/$row.bmae.memory")" "$(median "$work/$row.pytorch.memory")"
    fi
done
