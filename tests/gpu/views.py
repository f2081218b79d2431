"""Short pre-trainings on sets of images of several kinds, on a GPU and on the processor: the first losses must agree.

    python3 views.py path/to/bmae [CIFAR-10]

Sets of 8 bits stay on the GPU, where their crops are made (and a run that begins holds the first ones against the processor's, to the
bit); all others are cropped by the processor. No packages.
"""

import json
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

BMAE, *CIFAR = sys.argv[1:]
# Of a loss, relative: the same crops, and steps in another order of summation.
LOSS = 1e-4
RECIPE = [
    "model.encoder={dim=32,depth=1,heads=2}", "model.decoder={dim=16,depth=1,heads=2}", "model.patch_size=8", "pretrain.epochs=1",
    "pretrain.warmup_epochs=0", "pretrain.batch_size=32", "monitor.every=0", "pretrain.crop_scale=[0.1, 1.0]",
]


def pictures(folder, sizes, channels, bits):
    """64 pictures of noise on a slope, as PGM or PPM, whose sizes are (width, height) of `sizes` in turn."""
    draws = random.Random(7)
    folder.mkdir()
    for number in range(64):
        width, height = sizes[number % len(sizes)]
        white = (1 << bits) - 1
        values = [
            min(white, (column * white // width + row * white // height) // 2 + draws.randrange(1 + white // 4))
            for row in range(height) for column in range(width) for _ in range(channels)
        ]
        data = bytes(values) if bits == 8 else struct.pack(f">{len(values)}H", *values)
        kind = "P5" if channels == 1 else "P6"
        (folder / f"{number:02}.{'pgm' if channels == 1 else 'ppm'}").write_bytes(f"{kind}\n{width} {height}\n{white}\n".encode() + data)


def train(out, device, keys):
    words = [word for key in RECIPE + keys for word in ("--set", key)]
    command = [BMAE, "pretrain", "--preset", "quick", *words, "--out", str(out), "--device", device, "-v"]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    losses = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in losses if line["kind"] == "step"], "kept on the GPU" in told.stdout + told.stderr


def main():
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        pictures(folder / "varied", [(32, 32), (40, 33), (63, 50), (20, 61), (9, 12)], 3, 8)
        pictures(folder / "grey", [(64, 32), (70, 40), (100, 60)], 1, 8)
        pictures(folder / "large", [(32, 32), (64, 32)], 3, 8)
        pictures(folder / "deep", [(32, 32)], 1, 16)
        cases = [
            ("of several sizes", True, [f"data.source='{folder}/varied'", "data.image_size=32"]),
            ("with normalised targets", True, [f"data.source='{folder}/varied'", "data.image_size=32", "pretrain.norm_pix=true"]),
            ("with a loss on all", True, [f"data.source='{folder}/varied'", "data.image_size=32", "pretrain.loss_on='all'"]),
            ("in micro-batches", True, [f"data.source='{folder}/varied'", "data.image_size=32", "pretrain.accumulate=4"]),
            ("grey, not square", True, [f"data.source='{folder}/grey'", "data.image_size=[32, 64]", "data.channels=1"]),
            ("grey as RGB", True, [f"data.source='{folder}/grey'", "data.image_size=[32, 64]", "data.channels=3"]),
            ("BYOL's crop", True, [f"data.source='{folder}/varied'", "data.image_size=32", "pretrain.augmentation='byol-crop'"]),
            ("one too large", False, [f"data.source='{folder}/large'", "data.image_size=32"]),
            ("of 16 bits", False, [f"data.source='{folder}/deep'", "data.image_size=32", "data.channels=1"]),
            ("not augmented", False, [f"data.source='{folder}/varied'", "data.image_size=32", "pretrain.augmentation='none'"]),
        ]
        for cifar in CIFAR:
            cases.append(("CIFAR-10, two buffers", True, [f"data.source='{cifar}'", "data.image_size=32", "pretrain.epoch_fraction=0.002"]))
        for number, (name, is_kept, keys) in enumerate(cases):
            on_cpu, _ = train(folder / f"cpu{number}", "cpu", keys)
            on_gpu, kept = train(folder / f"gpu{number}", "gpu", keys)
            largest = max(abs(a - b) / abs(a) for a, b in zip(on_cpu, on_gpu, strict=True))
            print(f"{name:<24} {'on the GPU' if kept else 'processor':<10} {len(on_cpu)} steps within {largest:.1e}", flush=True)
            failed |= kept != is_kept or not largest <= LOSS
    sys.exit(failed)


main()
