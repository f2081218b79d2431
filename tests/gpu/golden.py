"""Every golden case of tests/reference/golden on a GPU, by the binary, beside the reference's outputs.

    python3 golden.py path/to/bmae [--device gpu]

Prints the largest error of each case and of each kind of tensor. The limits are those of the processor
(crates/train/tests/suite/golden.rs); what a GPU needs beyond them stands in docs/gpu.md. No packages.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from tensors import error, read

BMAE, *DEVICE = sys.argv[1:]
GOLDEN = Path(__file__).resolve().parents[1] / "reference" / "golden"
# Of a loss, relative, in one pass and after optimiser steps; of other tensors, relative to their largest number.
LOSS, LOSS_AFTER_STEPS, TENSOR = 1e-5, 1e-4, 1e-3


def kind(name):
    return ".".join(part for part in name.split(".") if not part.isdigit())


def outputs(case, folder):
    path = lambda what: GOLDEN / f"{case}.{what}.safetensors"
    out = Path(folder, f"{case}.safetensors")
    common = ["--preset", str(GOLDEN / f"{case}.toml"), "--outputs", str(out), "--weights", str(path("weights")), "--quiet"]
    stage = case.split("-")[0]
    if stage == "forward":
        target = ["--target", str(path("target"))] if path("target").exists() else []
        words = ["forward", "--inputs", str(path("inputs")), "--grads", *target]
    else:
        words = ["replay", "--stage", stage, "--batches", str(path("batches")), "--steps-per-epoch", "3"]
    subprocess.run([BMAE, *words, *common, *(DEVICE or ["--device", "gpu"])], check=True, stdout=subprocess.DEVNULL)
    return read(out)


def main():
    cases = sorted(path.stem for path in GOLDEN.glob("*.toml"))
    kinds, beyond = {}, []
    print(f"{'case':<34} {'losses':>8} {'other tensors':>14}")
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            expected, found = read(GOLDEN / f"{case}.expected.safetensors"), outputs(case, folder)
            assert expected.keys() == found.keys(), case
            largest = [0.0, 0.0]
            for name, values in expected.items():
                of_one = error(name, values, found[name])
                is_loss = name == "loss"
                largest[not is_loss] = max(largest[not is_loss], of_one)
                kinds[kind(name)] = max(kinds.get(kind(name), (0.0, "")), (of_one, case))
                limit = (LOSS if case.startswith("forward") else LOSS_AFTER_STEPS) if is_loss else TENSOR
                if not of_one <= limit:
                    beyond.append(f"{case}: {name} is off by {of_one:.1e}, the processor's limit is {limit:.0e}")
            print(f"{case:<34} {largest[0]:8.1e} {largest[1]:14.1e}", flush=True)
    print("\nthe largest error of each kind of tensor")
    for name, (of_one, case) in sorted(kinds.items(), key=lambda item: -item[1][0])[:12]:
        print(f"  {name:<34} {of_one:8.1e}  ({case})")
    print(f"{len(cases)} cases, {len(beyond)} tensors beyond the processor's limits", *beyond, sep="\n  ")
    sys.exit(bool(beyond))


main()
