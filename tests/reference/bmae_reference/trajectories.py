"""`bmae forward` and `bmae replay` against the reference: on the golden files, and on fresh draws of any size."""

import tomllib

from safetensors.torch import load_file

from . import replay, samples
from .binary import Failed
from .differences import AUTOCAST, BF16
from .heads import Classifier
from .mae import MaskedAutoencoder
from .methods import warmup_and_targets
from .vit import Encoder, Sizes

STEPS_PER_EPOCH, EPOCHS = 3, 6


def golden(bmae, report, folder):
    print("golden files")
    for path in sorted(folder.glob("*.toml")):
        recipe, file = _golden_case(path)
        expected = load_file(file("expected"))
        _attempt(report, path.stem, lambda: _run_golden(bmae, path.stem, recipe, file), expected)
    print("golden files with linear layers in bfloat16")
    for path in sorted((folder / "bf16").glob("*.toml")):
        recipe, file = _golden_case(path)
        try:
            found, expected = _run_golden(bmae, path.stem, recipe, file), load_file(file("expected"))
        except Failed as failed:
            report.fail(path.stem, failed)
            continue
        if path.stem.startswith("forward"):
            report.outputs(f"bf16 {path.stem}", found, expected)
            continue
        weights = load_file(file("weights"))
        report.trajectory(f"bf16 {path.stem}", found, expected, weights, BF16)
        report.trajectory(f"bf16 {path.stem}, autocast", found, load_file(file("autocast")), weights, AUTOCAST)


def _golden_case(path):
    """Its recipe, and the path of each of its files."""
    recipe = tomllib.loads(path.read_text())
    for target in recipe["method"].get("targets", []):
        if "from" in target:
            target["from"] = str((path.parent / target["from"]).resolve())
    return recipe, lambda kind: path.with_name(f"{path.stem}.{kind}.safetensors")


def _run_golden(bmae, case, recipe, file):
    stage = case.split("-")[0]
    if stage == "forward":
        target = file("target") if file("target").exists() else None
        return bmae.forward(recipe, file("weights"), load_file(file("inputs")), target, gradients=True)
    return bmae.replay(stage, recipe, file("weights"), load_file(file("batches")), STEPS_PER_EPOCH)


def random_recipe(generator, is_square=False):
    """A small model of any shape, and the keys that every stage reads. Other programs' models of images and patches that
    are not square are compared in cases of their own."""

    def pick(*of):
        return of[generator.integers(len(of))]

    def tower(depths):
        heads = pick(1, 2, 3, 5)
        return {"dim": heads * 4 * pick(*((2, 3, 4) if heads == 1 else (1, 2))), "depth": pick(*depths), "heads": heads}

    patch_size, times = pick(2, 4, 8), pick(2, 3, 4)
    image_size = patch_size * times
    if not is_square:
        patch_size = [patch_size, pick(2, 4, 8)]
        image_size = [image_size, patch_size[1] * pick(2, 3, 4)]
    return {
        "data": {"image_size": image_size},
        "model": {
            "patch_size": patch_size,
            "encoder": tower((1, 2, 3)) | {"mlp_ratio": pick(1.5, 2.0, 4.0)},
            "decoder": tower((1, 2)),
        },
        "method": {"name": "mae", "feature_head": "trainable", "copy_at": "epoch-start", "pixel_weight": 0.0},
        "pretrain": {"mask_ratio": pick(0.5, 0.6, 0.75), "norm_pix": pick(False, True)},
    }


def size_of(recipe):
    sizes, decoder = Sizes.of(recipe), recipe["model"]["decoder"]
    return (
        f"{sizes.image_size}/{sizes.patch_size}, {sizes.dim}x{sizes.depth} heads {sizes.heads}"
        f" mlp {sizes.mlp_ratio}, decoder {decoder['dim']}x{decoder['depth']} heads {decoder['heads']}"
    )


def student_weights(generator, recipe, prediction_width=None):
    sizes = Sizes.of(recipe)
    student = MaskedAutoencoder(sizes, recipe["model"]["decoder"], prediction_width or sizes.patch_length)
    return samples.jittered_weights(generator, student)


def inputs(generator, recipe, count):
    sizes = Sizes.of(recipe)
    return {
        "images": samples.images(generator, count, size=sizes.image_size),
        "noise": samples.noise(generator, count, patches=sizes.patches),
    }


def _stage(generator):
    uniform = generator.uniform
    return {
        "epochs": EPOCHS, "batch_size": 256, "base_lr": uniform(1e-3, 5e-3), "min_lr": uniform(0, 1e-3),
        "warmup_epochs": uniform(0.5, 3), "weight_decay": uniform(0, 0.2), "accumulate": 1, "clip_norm": 0.0,
    }  # fmt: skip


def _methods(generator):
    """The four methods, and one that spells its targets out, each with parameters of its own."""

    def pick(*of):
        return of[generator.integers(len(of))]

    def whole(least, most):
        return int(generator.integers(least, most + 1))

    tau, copy_at = generator.uniform(0.05, 0.5), pick("epoch-start", "epoch-end")
    features = {"normalisation": pick("none", "layer-norm", "patch-norm")}
    average = features | {"tau": tau, "born": pick("switch", "start")}
    several = {"masks": pick("shared", "separate"), "warmup_weight": pick("one", "sum"), "copy_at": copy_at}
    yield {"name": "mae"}
    yield {"name": "mae-k", "k": whole(1, 3), "copy_at": copy_at} | features
    yield {"name": "ema-mae", "wse": whole(0, 3)} | average
    yield {"name": "mae-new", "k": whole(1, 2), "slow_weight": generator.uniform(0.1, 0.5)} | average | several

    def target(update):
        own = {"every": whole(1, 3)} if update == "copy" else {
            "unit": pick("epoch", "step"), "tau": tau,
            "tau_end": generator.uniform(0, 0.5), "ramp": pick("none", "linear", "cosine"),
            "born": pick("switch", "start"),
        }  # fmt: skip
        normalisation = pick("none", "layer-norm", "patch-norm")
        return {"update": update, "weight": generator.uniform(0.1, 2), "normalisation": normalisation} | own

    targets = [target("ema"), target("copy"), target("ema")][: whole(1, 3)]
    pixel_weight = pick(0.0, generator.uniform(0.1, 1))
    yield {"name": "custom", "wse": whole(0, 3), "targets": targets, "pixel_weight": pixel_weight} | several


def _attempt(report, what, found, expected):
    try:
        report.outputs(what, found(), expected)
    except Failed as failed:
        report.fail(what, failed)


def fresh(bmae, report, generator):
    print("fresh forward passes")
    for feature_target in (False, True):
        recipe, count = random_recipe(generator), int(generator.integers(1, 4))
        sizes = Sizes.of(recipe)
        weights = student_weights(generator, recipe, sizes.dim if feature_target else None)
        target = samples.jittered_weights(generator, Encoder(sizes)) if feature_target else None
        batch = inputs(generator, recipe, count)
        files = bmae.save(weights, "weights"), batch, bmae.save(target, "target") if target else None
        what = f"{'features' if feature_target else 'pixels'}, {count} images, {size_of(recipe)}"
        expected = replay.forward(recipe, weights, batch, target)
        _attempt(report, what, lambda: bmae.forward(recipe, *files, gradients=True), expected)

    print("fresh trajectories")
    steps = EPOCHS * STEPS_PER_EPOCH
    for method in _methods(generator):
        recipe, count = random_recipe(generator), int(generator.integers(1, 5))
        recipe["method"] |= method | {"feature_head": str(generator.choice(["trainable", "frozen"]))}
        recipe["pretrain"] |= _stage(generator) | {"accumulate": 2 if count % 2 == 0 else 1}
        recipe["pretrain"]["loss_on"] = str(generator.choice(["masked", "all"]))
        sizes = Sizes.of(recipe)
        weights = student_weights(generator, recipe)
        weights |= samples.head(generator, "feature_pred", sizes.dim, recipe["model"]["decoder"]["dim"])
        batches = {
            "images": samples.images(generator, steps, count, size=sizes.image_size),
            "noise": samples.noise(generator, steps, count, patches=sizes.patches),
        }
        _, targets = warmup_and_targets(method)
        if method.get("masks") == "separate" and len(targets) > 1:
            others = samples.noise(generator, steps, count, len(targets) - 1, patches=sizes.patches)
            batches["further_noise"] = others
        pixels_too = " and pixels" if recipe["method"]["pixel_weight"] > 0 else ""
        what = f"{method['name']}{pixels_too}, {count} images, {size_of(recipe)}"
        _trajectory(bmae, report, "pretrain", what, recipe, weights, batches)

    for choice in ("mean", "class-token"):
        for stage in ("finetune", "linprobe"):
            recipe, count, classes = random_recipe(generator), int(generator.integers(4, 9)), 3
            own = {
                "finetune": {
                    "layer_decay": generator.uniform(0.5, 1), "label_smoothing": generator.uniform(0, 0.3),
                    "pooling": choice, "drop_path": 0.0, "mixup": 0.0, "cutmix": 0.0,
                },
                "linprobe": {"feature": choice, "base_lr": generator.uniform(0.5, 2)},
            }  # fmt: skip
            recipe[stage] = _stage(generator) | own[stage]
            weights = classifier_weights(generator, recipe, classes, choice)
            batches = {
                "images": samples.images(generator, steps, count, size=Sizes.of(recipe).image_size),
                "labels": samples.labels(generator, steps, count, classes=classes),
            }
            what = f"{stage} {choice}, {count} images, {size_of(recipe)}"
            _trajectory(bmae, report, stage, what, recipe, weights, batches)


def classifier_weights(generator, recipe, classes, pooling):
    """All of an encoder and its head; the final norm is there too."""
    sizes = Sizes.of(recipe)
    weights = samples.jittered_weights(generator, Encoder(sizes))
    weights["pos_embed"] += samples.tensor(generator, *weights["pos_embed"].shape, std=0.1)
    return samples.jittered_weights(generator, Classifier(sizes, classes, pooling)) | weights


def _trajectory(bmae, report, stage, what, recipe, weights, batches):
    expected = getattr(replay, stage)(recipe, weights, batches, STEPS_PER_EPOCH)
    file = bmae.save(weights, "weights")
    _attempt(report, what, lambda: bmae.replay(stage, recipe, file, batches, STEPS_PER_EPOCH), expected)
