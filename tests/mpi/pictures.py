"""Writes 32 small PGM pictures of two classes below a folder, one of which is cut off, so that a single rank stumbles over it."""

import sys
from pathlib import Path

folder = Path(sys.argv[1])
for number in range(32):
    pixels = bytes((number * 7 + at) % 256 for at in range(16 * 16))
    name = folder / "ab"[number % 2] / f"{number:02}.pgm"
    name.write_bytes(b"P5\n16 16\n255\n" + (pixels if number != 14 else pixels[:40]))
