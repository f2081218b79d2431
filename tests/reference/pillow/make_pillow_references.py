"""Makes references.txt and references.bin.gz: what Pillow, torchvision and timm make of a few small images.

Run once, not in CI; `cargo test -p bmae-data --test suite` compares bmae's operations with the files. It needs Pillow,
numpy, torchvision and, for the meaning of RandAugment's levels, the source of timm 0.4.12:

    pip download timm==0.4.12 --no-deps && python -m zipfile -e timm-0.4.12-*.whl timm-0.4.12
    python make_pillow_references.py --timm timm-0.4.12

Of timm only `timm/data/auto_augment.py` is loaded, which needs nothing but Pillow and numpy.

references.txt has one line per image: what made it, from which input, width, height, arguments. references.bin.gz holds
the pixels (row, column, channel; 8 bits) of all lines in the same order. All inputs are generated here.

The files here were made with Pillow 13.0.0. Pillow 9.5.0 gives the same, but for images whose height shrinks by more than
twice as many pixels as their width: there, too, it changes the width first, and Pillow 13 the height.
"""

import argparse
import gzip
import importlib.util
import pathlib
import random
from unittest import mock

import numpy as np
import PIL
import torchvision
import torchvision.transforms.functional as F
from PIL import Image, ImageEnhance, ImageOps
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

HERE = pathlib.Path(__file__).parent
FILL = (125, 123, 114)


def photo(width, height, generator):
    """Smooth colour gradients, soft discs, a hard edge and slight noise."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    u, v = x / width, y / height
    planes = [60 + 120 * u + 40 * np.sin(5 * v), 180 - 90 * v + 30 * np.cos(4 * u), 90 + 80 * u * v]
    image = np.stack(planes, axis=-1)
    for _ in range(4):
        centre, radius = generator.uniform(0, 1, 2), generator.uniform(0.08, 0.3)
        distance = np.hypot(u - centre[0], v - centre[1])
        image += (generator.uniform(-90, 90, 3) / (1 + np.exp((distance - radius) * 40))[..., None])
    image[v > 0.75 + 0.1 * u] *= 0.4
    image += generator.normal(0, 3, image.shape)
    return Image.fromarray(np.clip(np.round(image), 0, 255).astype(np.uint8))


def edges(width, height):
    """Stripes, a checkerboard and single dots of the purest colours: overshoot at every step."""
    y, x = np.mgrid[0:height, 0:width]
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.where(x // 3 % 2 == 0, 255, 0)
    image[..., 1] = np.where((x // 5 + y // 4) % 2 == 0, 255, 0)
    image[..., 2] = np.where((x * 7 + y * 5) % 23 == 0, 255, 0)
    return Image.fromarray(image)


def noise(width, height, generator):
    """Every value equally likely, independently."""
    return Image.fromarray(generator.integers(0, 256, (height, width, 3), dtype=np.uint8))


def dull(width, height, generator):
    """Few values in a narrow range, one flat channel: for what depends on the histogram."""
    image = np.empty((height, width, 3), np.uint8)
    image[..., 0] = 90 + generator.binomial(60, 0.3, (height, width))
    image[..., 1] = 77
    image[..., 2] = generator.choice([30, 31, 200], p=[0.6, 0.399, 0.001], size=(height, width))
    return Image.fromarray(image)


class References:
    def __init__(self):
        self.lines, self.pixels = [], []

    def add(self, kind, name, image, *arguments):
        assert image.mode == "RGB"
        words = [kind, name, *image.size, *arguments]
        self.lines.append(" ".join(str(word) for word in words))
        self.pixels.append(image.tobytes())

    def write(self):
        (HERE / "references.txt").write_text("\n".join(self.lines) + "\n")
        with gzip.GzipFile(HERE / "references.bin.gz", "wb", mtime=0) as file:
            file.write(b"".join(self.pixels))
        print(f"{len(self.lines)} images, {sum(map(len, self.pixels))} bytes")


def affine(image, *matrix):
    return image.transform(image.size, Image.AFFINE, matrix, resample=Image.BICUBIC, fillcolor=FILL)


def add_operations(references, name, image, auto_augment):
    add = lambda kind, result, *arguments: references.add(kind, name, result, *arguments)
    width, height = image.size
    add("flip", ImageOps.mirror(image))
    add("auto-contrast", ImageOps.autocontrast(image))
    add("equalise", ImageOps.equalize(image))
    add("invert", ImageOps.invert(image))
    for bits in [1, 2, 3, 4, 8]:
        add("posterise", ImageOps.posterize(image, bits), bits)
    for threshold in [0, 26, 128, 256]:
        add("solarise", ImageOps.solarize(image, threshold), threshold)
    for addend in [0, 36, 99, 110]:
        add("solarise-add", auto_augment.solarize_add(image, addend), addend)
    for factor in [0.0, 0.1, 0.19, 0.553, 1.0, 1.447, 1.81, 1.9]:
        add("colour", ImageEnhance.Color(image).enhance(factor), factor)
        add("contrast", ImageEnhance.Contrast(image).enhance(factor), factor)
        add("brightness", ImageEnhance.Brightness(image).enhance(factor), factor)
        add("sharpness", ImageEnhance.Sharpness(image).enhance(factor), factor)
    for factor in [-0.3, -0.2711, 0.0, 0.1237, 0.27]:
        add("shear-x", affine(image, 1, factor, 0, 0, 1, 0), factor)
        add("shear-y", affine(image, 1, 0, 0, factor, 1, 0), factor)
    for share in [-0.45, -0.4113, 0.0, 0.125, 0.405]:
        add("translate-x", affine(image, 1, 0, share * width, 0, 1, 0), share * width)
        add("translate-y", affine(image, 1, 0, 0, 0, 1, share * height), share * height)
    for degrees in [-30.0, -27.31, 0.0, 3.7, 27.0, 90.0, 180.0, -90.0]:
        add("rotate", image.rotate(degrees, resample=Image.BICUBIC, fillcolor=FILL), degrees)


def add_resizing(references, name, image, boxes, sizes):
    for box in boxes:
        left, top, width, height = box
        result = F.resized_crop(image, top, left, height, width, [32, 32], InterpolationMode.BICUBIC)
        references.add("resize", name, result, *box)
    for size in sizes:
        evaluation = Compose([Resize(size, InterpolationMode.BICUBIC), CenterCrop(size)])
        references.add("evaluate", name, evaluation(image))


OPERATIONS = {
    "AutoContrast": "AutoContrast",
    "Equalize": "Equalise",
    "Invert": "Invert",
    "Rotate": "Rotate",
    "PosterizeIncreasing": "Posterise",
    "SolarizeIncreasing": "Solarise",
    "SolarizeAdd": "SolariseAdd",
    "ColorIncreasing": "Colour",
    "ContrastIncreasing": "Contrast",
    "BrightnessIncreasing": "Brightness",
    "SharpnessIncreasing": "Sharpness",
    "ShearX": "ShearX",
    "ShearY": "ShearY",
    "TranslateXRel": "TranslateX",
    "TranslateYRel": "TranslateY",
}


def add_levels(references, name, image, auto_augment):
    """timm's own operations at given levels, their random sign pinned."""
    assert auto_augment._RAND_INCREASING_TRANSFORMS == list(OPERATIONS)
    settings = dict(img_mean=FILL, interpolation=Image.BICUBIC)
    for operation, ours in OPERATIONS.items():
        for level in [0.0, 3.3, 7.45, 8.62, 9.0, 9.37, 10.0]:
            for negative in [False, True]:
                step = auto_augment.AugmentOp(operation, prob=1.0, magnitude=level, hparams=settings)
                with mock.patch.object(random, "random", return_value=0.75 if negative else 0.25):
                    try:
                        result = step(image)
                    except ValueError:
                        # Recent versions of Pillow refuse to keep 0 bits; earlier ones (9.5) made the image black.
                        assert (operation, level) == ("PosterizeIncreasing", 10.0)
                        continue
                references.add("level", name, result, ours, level, int(negative))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--timm", type=pathlib.Path, required=True, help="the unpacked wheel of timm 0.4.12")
    source = parser.parse_args().timm / "timm/data/auto_augment.py"
    specification = importlib.util.spec_from_file_location("auto_augment", source)
    auto_augment = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(auto_augment)
    print(f"Pillow {PIL.__version__}, torchvision {torchvision.__version__}, numpy {np.__version__}")

    generator = np.random.default_rng(20261125)
    inputs = {
        "photo": photo(32, 32, generator),
        "noise": noise(32, 32, generator),
        "edges": edges(32, 32),
        "odd": photo(29, 41, generator),
        "dull": dull(32, 32, generator),
    }
    small = photo(24, 17, generator)
    large = {"large": photo(90, 67, generator), "tall": noise(37, 83, generator), "wide": edges(100, 33)}

    references = References()
    for name, image in (inputs | {"small": small} | large).items():
        references.add("input", name, image)
    for name, image in inputs.items():
        add_operations(references, name, image, auto_augment)
        boxes = [(0, 0, *image.size), (4, 2, 20, 27), (5, 5, 8, 8), (1, 3, 28, 29), (0, 9, 29, 11), (3, 3, 1, 1)]
        add_resizing(references, name, image, boxes, [32])
    boxes = [(0, 0, 90, 67), (10, 5, 64, 48), (3, 7, 20, 17), (40, 20, 33, 31), (1, 1, 5, 4), (50, 2, 32, 32)]
    boxes.append((7, 9, 13, 58))
    add_resizing(references, "large", large["large"], boxes, [24, 32, 48])
    # The last three lie on either side of where Pillow 13 changes the order of its passes, and on the border.
    boxes = [(0, 0, 37, 83), (3, 8, 31, 71), (0, 5, 37, 43), (0, 5, 37, 42), (0, 5, 37, 40)]
    add_resizing(references, "tall", large["tall"], boxes, [24, 32, 48])
    add_resizing(references, "wide", large["wide"], [(0, 0, 100, 33), (11, 2, 77, 29)], [24, 32, 48])
    add_levels(references, "small", small, auto_augment)
    references.write()


if __name__ == "__main__":
    main()
