"""Writes golden/bf16/: what `bmae forward` and `bmae replay` have to reproduce with `precision = "bf16"`. See README.md.

    python tests/reference/make_golden_bf16.py
"""

import itertools

import torch
from safetensors.torch import save_file

from bmae_reference import bfloat16, replay, samples
from bmae_reference.heads import Classifier
from bmae_reference.vit import Encoder, Sizes
from make_golden import CLASSES, GOLDEN, STEPS, STEPS_PER_EPOCH, base, decoder, encoder, generator_of, stage, student_weights

FOLDER = GOLDEN / "bf16"


def write(case, recipe, **files):
    (FOLDER / f"{case}.toml").write_text(samples.recipe_to_toml(recipe))
    for kind, tensors in files.items():
        if tensors is not None:
            save_file(tensors, FOLDER / f"{case}.{kind}.safetensors")


def far_from_ties(case, draw):
    """The first of the draws of this case whose first pass, forward and backward, rounds nothing near a tie, so that
    the last bits of a program's sums decide nothing. `draw(generator)`: its files, and its first pass as a function."""
    generator = generator_of(f"bf16/{case}")
    for tries in itertools.count(1):
        files, first_pass = draw(generator)
        try:
            first_pass(bfloat16.FarFromTies)
        except bfloat16.NearATie:
            continue
        print(f"{case}: draw {tries}")
        return files


def small(sizes=(8, 4), heads=3):
    recipe = base(*sizes, encoder(12, 2, heads, 2.0), decoder(8, 1, 2))
    return {"precision": "bf16"} | recipe


def forward_case(case, count, feature_target=False):
    recipe = small()
    recipe["pretrain"] = {"mask_ratio": 0.5, "norm_pix": not feature_target}
    sizes = Sizes.of(recipe)

    def draw(generator):
        weights = student_weights(generator, recipe, sizes.dim if feature_target else sizes.patch_length)
        target = samples.jittered_weights(generator, Encoder(sizes)) if feature_target else None
        images = samples.images(generator, count, size=sizes.image_size)
        inputs = {"images": images, "noise": samples.noise(generator, count, patches=sizes.patches)}
        files = {"weights": weights, "inputs": inputs, "target": target}
        return files, lambda products: replay.forward(recipe, *files.values(), products=products)

    files = far_from_ties(case, draw)
    expected = replay.forward(recipe, *files.values(), products=bfloat16.RoundedLinears)
    write(case, recipe, **files, expected=expected)


def trajectory_case(case, recipe, draw):
    """From the first step at the full rate: Adam's first step is as long for small gradients as for large ones, so that
    a difference in rounding moves the parameters at once, and more than all later ones."""
    run = getattr(replay, case.split("-")[0])

    def with_first_pass(generator):
        weights, batches = draw(generator)
        first = {name: values[:1] for name, values in batches.items()}
        return (weights, batches), lambda products: run(recipe, weights, first, STEPS_PER_EPOCH, products=products)

    weights, batches = far_from_ties(case, with_first_pass)
    of_both = recipe, weights, batches, STEPS_PER_EPOCH
    expected = run(*of_both, products=bfloat16.RoundedLinears)
    autocast = run(*of_both, torch.float32, products=bfloat16.autocast)
    write(case, recipe, weights=weights, batches=batches, expected=expected, autocast=autocast)


def pretrain_case(case):
    recipe = small()
    recipe["pretrain"] = stage(512, peak=5e-3, warmup_epochs=0.0, weight_decay=0.05, min_lr=1e-4)
    recipe["pretrain"] |= {"mask_ratio": 0.5, "norm_pix": True}
    sizes = Sizes.of(recipe)

    def draw(generator):
        images = samples.images(generator, STEPS, 2, size=sizes.image_size)
        noise = samples.noise(generator, STEPS, 2, patches=sizes.patches)
        return student_weights(generator, recipe, sizes.patch_length), {"images": images, "noise": noise}

    trajectory_case(case, recipe, draw)


def finetune_case(case):
    recipe = small()
    recipe["finetune"] = stage(512, peak=5e-3, warmup_epochs=0.0, weight_decay=0.05, min_lr=1e-4)
    recipe["finetune"] |= {
        "layer_decay": 0.75, "label_smoothing": 0.1, "pooling": "mean", "drop_path": 0.0, "mixup": 0.0, "cutmix": 0.0,
    }  # fmt: skip
    sizes = Sizes.of(recipe)

    def draw(generator):
        weights = samples.jittered_weights(generator, Classifier(sizes, CLASSES, "mean"))
        labels = samples.labels(generator, STEPS, 2, classes=CLASSES)
        return weights, {"images": samples.images(generator, STEPS, 2, size=sizes.image_size), "labels": labels}

    trajectory_case(case, recipe, draw)


if __name__ == "__main__":
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    forward_case("forward-pixel", 2)
    forward_case("forward-feature", 1, feature_target=True)
    pretrain_case("pretrain-mae")
    finetune_case("finetune-mean")
    print(f"{sum(path.stat().st_size for path in FOLDER.iterdir()) / 1e3:.0f} kB")
