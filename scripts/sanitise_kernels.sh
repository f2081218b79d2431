#!/usr/bin/env bash
# The tests of bmae-kernels under AddressSanitizer, once for each instruction set that this machine has. The sanitiser is an
# option of unstable compilers; RUSTC_BOOTSTRAP lets the pinned one take it.
set -euo pipefail
cd "$(dirname "$0")/.."
export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address --cfg address_sanitizer"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/address-sanitizer
for set in portable avx2 avx512; do
    if [ "$set" != portable ] && ! grep -q "$set" /proc/cpuinfo; then
        echo "$set: skipped, this machine has it not"
        continue
    fi
    echo "$set:"
    BMAE_SIMD=$set cargo test --release --locked -p bmae-kernels --lib --target "$(rustc -vV | sed -n 's/^host: //p')"
done
