"""Compares a `bmae` binary with this reference, with timm and with transformers. See README.md.

    python tests/reference/compare.py --bmae target/release/bmae
"""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

import numpy
import torch

from bmae_reference import exchange, trajectories
from bmae_reference.binary import Bmae
from bmae_reference.differences import Report

PARTS = ("golden", "fresh", "exchange")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bmae", required=True, help="the binary")
    parser.add_argument("--seed", type=int, help="of the fresh draws; another one each time by default")
    parser.add_argument("--rounds", type=int, default=1, help="how often fresh and exchange are drawn")
    parser.add_argument("--only", choices=PARTS, action="append", help="leave out the other parts (repeatable)")
    parser.add_argument("--keep", type=Path, help="a folder for all files and commands, to look into a failure")
    arguments = parser.parse_args()
    parts = arguments.only or PARTS
    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    generator = numpy.random.default_rng(seed)
    torch.manual_seed(seed)
    print(f"seed {seed}")

    report = Report()
    with tempfile.TemporaryDirectory(prefix="bmae-compare-") as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        bmae = Bmae(arguments.bmae, folder)
        if "golden" in parts:
            trajectories.golden(bmae, report, Path(__file__).parent / "golden")
        for _ in range(arguments.rounds):
            if "fresh" in parts:
                trajectories.fresh(bmae, report, generator)
            if "exchange" in parts:
                exchange.run(bmae, report, generator)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
