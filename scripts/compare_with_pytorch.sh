#!/usr/bin/env bash
# bmae against PyTorch on this machine: both programs in turn, several rounds, medians and their ratios as a page of
# docs/benchmarks/. The program lies in the folder beside this file; --help says what it takes.
set -euo pipefail
exec "${PYTHON:-python3}" "$(dirname "$0")/compare_with_pytorch" "$@"
