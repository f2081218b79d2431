"""One forward and backward pass of models that golden files are too small for, on a GPU and on the processor.

    python3 sizes.py path/to/bmae

The kernels of attention work in blocks of 32 rows and tiles of 16 others, and take heads of up to 64 values or more, as the GPU
allows: here are token counts beside their borders, wide heads, and heads that are too wide for them. No packages.
"""

import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from tensors import error, read

BMAE = sys.argv[1]
# Image size, patch size, encoder width and heads, decoder width and heads, images.
MODELS = [
    (56, 4, 128, 2, 96, 3, 2),
    (32, 4, 96, 2, 40, 2, 3),
    (44, 4, 60, 3, 64, 1, 2),
    (36, 4, 160, 2, 128, 1, 2),
    (16, 8, 64, 4, 32, 2, 5),
    # More rows than a GPU starts groups in one dimension.
    (16, 2, 24, 1, 16, 2, 1100),
]
TENSOR = 2e-5


def write(path, tensors):
    header, data = [], b""
    for name, (shape, values) in tensors.items():
        raw = struct.pack(f"<{len(values)}f", *values)
        header.append(f'"{name}":{{"dtype":"F32","shape":{list(shape)},"data_offsets":[{len(data)},{len(data) + len(raw)}]}}')
        data += raw
    text = ("{" + ",".join(header) + "}").encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    draws, worst = random.Random(1), 0.0
    for image, patch, dim, heads, decoder_dim, decoder_heads, images in MODELS:
        keys = [
            f"data.image_size={image}", f"model.patch_size={patch}", "data.shapes_train=8", "data.shapes_test=4",
            f"model.encoder={{dim={dim},depth=2,heads={heads}}}", f"model.decoder={{dim={decoder_dim},depth=1,heads={decoder_heads}}}",
            "pretrain.epochs=1", "pretrain.warmup_epochs=0", "pretrain.batch_size=8", "monitor.every=0",
        ]
        recipe = [word for key in keys for word in ("--set", key)]
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            subprocess.run([BMAE, "pretrain", "--preset", "quick", *recipe, "--out", folder / "run", "--quiet"], check=True,
                           stdout=subprocess.DEVNULL)
            patches = (image // patch) ** 2
            write(folder / "inputs", {
                "images": ((images, 3, image, image), [draws.gauss(0, 1) for _ in range(images * 3 * image * image)]),
                "noise": ((images, patches), [draws.random() for _ in range(images * patches)]),
            })
            found = {}
            for device in "cpu", "gpu":
                subprocess.run([BMAE, "forward", "--preset", "quick", *recipe, "--weights", folder / "run", "--inputs", folder / "inputs",
                                "--outputs", folder / device, "--grads", "--device", device, "--quiet"], check=True,
                               stdout=subprocess.DEVNULL)
                found[device] = read(folder / device)
        errors = {name: error(name, values, found["gpu"][name]) for name, values in found["cpu"].items()}
        name = max(errors, key=errors.get)
        worst = max(worst, errors[name])
        print(f"{1 + patches} tokens, heads of {dim // heads} and {decoder_dim // decoder_heads}: "
              f"{len(errors)} tensors within {errors[name]:.1e} ({name})", flush=True)
    sys.exit(not worst <= TENSOR)


main()
