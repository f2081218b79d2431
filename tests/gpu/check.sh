#!/usr/bin/env bash
# What a GPU computes, against the processor and the golden files. Without a GPU it runs on lavapipe, Mesa's Vulkan driver for the
# processor:
#
#     apt-get install libvulkan1 mesa-vulkan-drivers
#     CARGO_TARGET_DIR=/a/target/of/its/own bash tests/gpu/check.sh
#
# The build takes long the first time (docs/gpu.md). FEATURE=gpu-spirv checks the other compiler. A driver that computes wrong is
# tried too where Debian's chromium brings one along: SwiftShader with SPIR-V.
set -euo pipefail
cd "$(dirname "$0")/../.."
feature=${FEATURE:-gpu}
export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { echo "ok $*"; }
fail() { echo "failed: $*" >&2; exit 1; }

cargo build --release --locked --features "bmae/$feature" --bin bmae
bmae=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/release/bmae

echo "== golden: one pass with all gradients, eighteen steps of every method and evaluation"
python3 tests/gpu/golden.py "$bmae"

echo "== larger models and batches, beside the processor"
python3 tests/gpu/sizes.py "$bmae"

echo "== a short pre-training, beside the processor's, and a resume"
small=(--preset quick --method mae-new --set method.k=1 --set data.shapes_train=256 --set data.shapes_test=64 --set pretrain.epochs=3
    --set pretrain.batch_size=64 --set pretrain.warmup_epochs=1 --set monitor.knn_train_limit=64 --quiet)
"$bmae" pretrain "${small[@]}" --device cpu --out "$work/cpu"
"$bmae" pretrain "${small[@]}" --device gpu --out "$work/gpu"
python3 tests/mpi/losses.py 1e-2 "$work/cpu" "$work/gpu"
"$bmae" pretrain "${small[@]}" --device gpu --out "$work/resumed" &
training=$!
for _ in $(seq 600); do [ -d "$work/resumed/state" ] && break; sleep 0.1; done
kill -TERM $training
wait $training || true
"$bmae" resume "$work/resumed" --device gpu --quiet
python3 tests/mpi/losses.py 1e-4 "$work/gpu" "$work/resumed"
say "a run on the GPU that was stopped goes on"

echo "== images that stay on the GPU, beside the processor's"
python3 tests/gpu/views.py "$bmae"

echo "== which device"
"$bmae" bench --preset quick --device auto --steps 1 --warmup 1 2>&1 | grep "computing on"
code=0
VK_DRIVER_FILES=/nonexistent VK_ICD_FILENAMES=/nonexistent __EGL_VENDOR_LIBRARY_FILENAMES=/nonexistent "$bmae" bench --preset quick --device gpu \
    --steps 1 --warmup 1 2>"$work/none.log" || code=$?
cat "$work/none.log"
[ "$code" -eq 2 ] || fail "a machine without a GPU"
grep -q "this machine has no GPU that bmae can use" "$work/none.log" || fail "a machine without a GPU"

swiftshader=/usr/lib/chromium/vk_swiftshader_icd.json
if [ "$feature" = gpu-spirv ] && [ -f "$swiftshader" ]; then
    echo "== a driver that computes wrong"
    code=0
    VK_DRIVER_FILES=$swiftshader VK_ICD_FILENAMES=$swiftshader "$bmae" bench --preset quick --device gpu --steps 1 --warmup 1 2>"$work/wrong.log" || code=$?
    # SwiftShader itself says much more.
    grep "^error" "$work/wrong.log"
    [ "$code" -eq 1 ] || fail "SwiftShader with SPIR-V is not refused"
    grep -q "computes wrong and is not used" "$work/wrong.log" || fail "SwiftShader with SPIR-V is not refused"
fi
