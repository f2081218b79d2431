#!/usr/bin/env bash
# The binary of a release: everything in one file, libc too, so that it runs on any Linux of this architecture.
#
#     bash scripts/build_static.sh [OUT]        # OUT: a folder, default dist/
#
# The same sources, toolchain and Cargo.lock give the same bytes wherever the checkout lies: paths are taken out, and nothing of the
# day goes in. `sha256sum` of two builds shows it.
#
# What static glibc cannot do is look up names through plugins of the system (NSS): `bmae data download` may need --url with an address, or
# the shared build, on machines with unusual name services. A build for musl has no such plugins.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-dist}")
target=${BMAE_TARGET:-$(rustc -vV | sed -n 's/^host: //p')}
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
export CARGO_INCREMENTAL=0
here=$PWD
export RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=$here=bmae --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo --remap-path-prefix=$CARGO_TARGET_DIR=target"
# C sources of dependencies name their files too.
export CFLAGS="-ffile-prefix-map=$here=bmae -ffile-prefix-map=${CARGO_HOME:-$HOME/.cargo}=cargo -ffile-prefix-map=$CARGO_TARGET_DIR=target"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

cargo build --locked --profile dist --target "$target" -p bmae
mkdir -p "$out"
cp "$CARGO_TARGET_DIR/$target/dist/bmae" "$out/bmae"
file=$out/bmae
if ldd "$file" >/dev/null 2>&1 && ! ldd "$file" 2>&1 | grep -q "statically linked"; then
    echo "it is not static:" >&2
    ldd "$file" >&2
    exit 1
fi
"$file" --version
printf '%s bytes, sha256 ' "$(stat -c %s "$file")"
sha256sum "$file"
