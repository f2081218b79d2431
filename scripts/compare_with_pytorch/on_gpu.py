"""bmae against PyTorch on the GPU of this machine: all programs in turn, several rounds, medians as a table for docs/benchmarks/gpu.md.

    python3 scripts/compare_with_pytorch/on_gpu.py --wgsl target/gpu/release/bmae --spirv target/gpu-spirv/release/bmae

The interpreter is that of PyTorch, with CUDA. Nothing else should run meanwhile.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

import machine
from measurements import Failed, measured
from rows import Pace, Row

REPOSITORY = Path(__file__).resolve().parents[2]
WAYS_OF_PYTORCH = [(precision, is_compiled) for precision in ("f32", "bf16") for is_compiled in (False, True)]


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--wgsl", metavar="FILE", type=Path, required=True, help="bmae, built with the feature gpu")
    add("--spirv", metavar="FILE", type=Path, help="bmae, built with the feature gpu-spirv")
    add("--peer", metavar="FILE", type=Path, default=REPOSITORY.parent / "shared/bench/pytorch_peer.py", help="pytorch_peer.py")
    add("--rows", metavar='"A B .."', default="pretrain-light pretrain-paper pretrain-light@512", help="as in compare_with_pytorch.sh")
    add("--rounds", metavar="N", type=int, default=3)
    add("--steps", metavar="N", type=int, default=30, help="timed steps of each run [default: 30]")
    add("--threads", metavar="N", type=int, default=2)
    return parser.parse_args()


def commands(given, row, pace):
    """What runs in a round of `row`, by the title of its column."""
    of_bmae = [("bmae, WGSL", given.wgsl), ("bmae, SPIR-V", given.spirv)]
    found = {title: [str(program), *row.of_bmae(pace, "f32"), "--device", "gpu"] for title, program in of_bmae if program}
    for precision, is_compiled in WAYS_OF_PYTORCH:
        title = f"PyTorch, {precision}, {'compiled' if is_compiled else 'eager'}"
        variant = row.variants[0]
        found[title] = [sys.executable, str(given.peer), *row.of_pytorch(pace, precision, variant, is_compiled), "--device", "cuda"]
    return found


def speeds(of_rounds):
    """The median, and in brackets the slowest and fastest round."""
    if not of_rounds:
        return "failed"
    return f"{statistics.median(of_rounds):.4g} ({min(of_rounds):.4g}-{max(of_rounds):.4g})"


def main():
    given = options()
    pace = Pace(given.steps, 5, given.steps, given.threads)
    rows = [Row.named(name) for name in given.rows.split()]
    found = {}
    for number in range(1, given.rounds + 1):
        for row in rows:
            for title, command in commands(given, row, pace).items():
                print(f"round {number} of {given.rounds}: {row.name}, {title}", file=sys.stderr)
                of_rounds = found.setdefault((row.name, title), [])
                try:
                    of_rounds.append(measured(command, {})["images_per_s"])
                except Failed as error:
                    print(str(error).splitlines()[-1], file=sys.stderr)
    titles = list(dict.fromkeys(title for _, title in found))
    card = machine.said("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader") or "a GPU that nvidia-smi does not know"
    print(f"On {card}; images/s, medians of {given.rounds} alternating rounds of {given.steps} steps after 5.\n")
    print("| | " + " | ".join(titles) + " |")
    print("|---|" + "---:|" * len(titles))
    for row in rows:
        print(f"| {row.name}, batch {row.batch} | " + " | ".join(speeds(found[row.name, title]) for title in titles) + " |")
    print("\n" + json.dumps(machine.versions(given.wgsl, sys.executable, given.peer)))


main()
