"""Writes golden/: what `bmae forward` and `bmae replay` have to reproduce. See README.md.

    python tests/reference/make_golden.py
"""

import zlib
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file

from bmae_reference import replay, samples
from bmae_reference.heads import Classifier
from bmae_reference.mae import MaskedAutoencoder
from bmae_reference.methods import warmup_and_targets
from bmae_reference.vit import Encoder, Sizes

GOLDEN = Path(__file__).parent / "golden"
STEPS, STEPS_PER_EPOCH, EPOCHS, CLASSES = 18, 3, 6, 5


def base(image_size, patch_size, encoder, decoder):
    return {
        "data": {"image_size": image_size},
        "model": {"patch_size": patch_size, "encoder": encoder, "decoder": decoder},
        "method": {"name": "mae", "feature_head": "trainable", "copy_at": "epoch-start", "pixel_weight": 0.0},
    }


def encoder(dim, depth, heads, mlp_ratio=4.0):
    return {"dim": dim, "depth": depth, "heads": heads, "mlp_ratio": mlp_ratio}


def decoder(dim, depth, heads):
    return {"dim": dim, "depth": depth, "heads": heads}


def stage(batch_size, peak, warmup_epochs, weight_decay, min_lr, **more):
    shared = {
        "epochs": EPOCHS, "batch_size": batch_size, "base_lr": peak * 256 / batch_size, "min_lr": min_lr,
        "warmup_epochs": warmup_epochs, "weight_decay": weight_decay, "accumulate": 1, "clip_norm": 0.0,
    }  # fmt: skip
    return shared | more


def generator_of(case):
    """Each case draws from its own stream, so that a new one changes no other."""
    return numpy.random.default_rng(zlib.crc32(case.encode()))


def write(case, recipe, **files):
    (GOLDEN / f"{case}.toml").write_text(samples.recipe_to_toml(recipe))
    for kind, tensors in files.items():
        if tensors is not None:
            save_file(tensors, GOLDEN / f"{case}.{kind}.safetensors")
    print(f"{case}: loss {' '.join(f'{loss:.4f}' for loss in files['expected']['loss'])}")


def student_weights(generator, recipe, prediction_width):
    sizes = Sizes.of(recipe)
    student = MaskedAutoencoder(sizes, recipe["model"]["decoder"], prediction_width)
    return samples.jittered_weights(generator, student)


# ---- forward ------------------------------------------------------------------------------------------------------


def forward_case(
    case, recipe, count, mask_ratio, norm_pix=False, feature_target=False, jittered_positions=False, settings=None
):
    generator, sizes = generator_of(case), Sizes.of(recipe)
    recipe["pretrain"] = {"mask_ratio": mask_ratio, "norm_pix": norm_pix} | (settings or {})
    width = sizes.dim if feature_target else sizes.patch_length
    weights = student_weights(generator, recipe, width)
    if jittered_positions:  # positions count as the file has them
        for name in ("pos_embed", "decoder_pos_embed"):
            weights[name] += samples.tensor(generator, *weights[name].shape, std=0.1)
    inputs = {
        "images": samples.images(generator, count, size=sizes.image_size, channels=sizes.channels),
        "noise": samples.noise(generator, count, patches=sizes.patches),
    }
    target = samples.jittered_weights(generator, Encoder(sizes)) if feature_target else None
    expected = replay.forward(recipe, weights, inputs, target)
    write(case, recipe, weights=weights, inputs=inputs, target=target, expected=expected)


def forward_cases():
    # Odd heads, small patches, a narrower decoder with an odd number of heads.
    forward_case("forward-pixel", base(8, 2, encoder(24, 2, 3), decoder(8, 1, 1)), 2, 0.75)
    # One image, patches of 8, a wider decoder, another MLP, another ratio, positions of its own.
    recipe = base(16, 8, encoder(20, 2, 5, 2.5), decoder(24, 1, 3))
    forward_case("forward-pixel-normalised", recipe, 1, 0.5, norm_pix=True, jittered_positions=True)
    # Features of a target; 9 patches, of which floor(9 * 0.4) = 3 are kept.
    recipe = base(24, 8, encoder(12, 3, 1, 3.0), decoder(16, 2, 2))
    forward_case("forward-feature", recipe, 3, 0.6, feature_target=True)
    # Features again, one image, the decoder narrower than the encoder.
    recipe = base(8, 2, encoder(24, 2, 3, 1.5), decoder(12, 1, 3))
    forward_case("forward-feature-one-image", recipe, 1, 0.75, feature_target=True)
    # What the readings of the published code change of one pass: the weight of the pixels, the patches that count, the
    # normalisation of the features.
    recipe = base(8, 2, encoder(24, 2, 3), decoder(8, 1, 1))
    recipe["method"] |= {"name": "mae-new", "k": 2, "slow_weight": 0.6, "warmup_weight": "sum"}
    forward_case("forward-pixel-weighted", recipe, 2, 0.75, settings={"loss_on": "all"})
    recipe = base(8, 2, encoder(24, 2, 3, 1.5), decoder(12, 1, 3))
    recipe["method"] |= {"name": "mae-k", "k": 2, "normalisation": "patch-norm"}
    forward_case("forward-feature-patch-norm", recipe, 2, 0.75, feature_target=True, settings={"loss_on": "all"})
    # Neither images nor patches are square: more columns than rows and the other way round, of pixels and of features.
    recipe = base([32, 64], 8, encoder(12, 2, 3), decoder(8, 1, 2))
    forward_case("forward-pixel-wide", recipe, 2, 0.75, norm_pix=True)
    recipe = base([32, 64], [4, 8], encoder(12, 2, 3), decoder(8, 1, 2))
    forward_case("forward-pixel-wide-patches", recipe, 1, 0.75)
    recipe = base([24, 8], [8, 2], encoder(12, 3, 1, 3.0), decoder(16, 2, 2))
    forward_case("forward-feature-high", recipe, 2, 0.6, feature_target=True)
    # Grey images, and five bands of pixels and of features.
    for channels, name in ((1, "grey"), (5, "bands")):
        recipe = base(8, 2, encoder(24, 2, 3), decoder(8, 1, 1))
        recipe["data"]["channels"] = channels
        forward_case(f"forward-pixel-{name}", recipe, 2, 0.75, norm_pix=True)
    recipe = base([8, 16], [2, 4], encoder(12, 2, 3), decoder(8, 1, 2))
    recipe["data"]["channels"] = 5
    forward_case("forward-feature-bands", recipe, 2, 0.6, feature_target=True)


# ---- pre-training ---------------------------------------------------------------------------------------------------

EMA_PER_STEP = {"weight": 1.0, "update": "ema", "unit": "step", "tau": 0.05, "tau_end": 0.4, "ramp": "cosine"}
COPIED = {"weight": 0.5, "update": "copy", "every": 2}


def pretrain_case(case, method, settings=None, draws_of=None, count=2, teacher=None, sizes=(8, 2)):
    # A token is wider than a patch: a head of the wrong kind cannot go unnoticed.
    recipe = base(*sizes, encoder(20, 2, 5, 2.0), decoder(8, 1, 2))
    recipe["method"] |= method
    # The rate depends on the configured batch, not on the recorded one.
    recipe["pretrain"] = stage(512, peak=5e-3, warmup_epochs=2.0, weight_decay=0.05, min_lr=1e-4)
    recipe["pretrain"] |= {"mask_ratio": 0.75, "norm_pix": False} | (settings or {})
    generator, sizes = generator_of(draws_of or case), Sizes.of(recipe)
    weights = student_weights(generator, recipe, sizes.patch_length)
    if method["name"] != "mae":
        width = teacher["dim"] if teacher else sizes.dim
        weights |= samples.head(generator, "feature_pred", width, recipe["model"]["decoder"]["dim"])
    batches = {
        "images": samples.images(generator, STEPS, count, size=sizes.image_size),
        "noise": samples.noise(generator, STEPS, count, patches=sizes.patches),
    }
    if teacher:
        of_teacher = {"data": recipe["data"], "model": recipe["model"] | {"encoder": teacher}}
        path = GOLDEN / f"{case}.teacher.safetensors"
        metadata = {"bmae.config": samples.recipe_to_toml(of_teacher)}
        save_file(samples.jittered_weights(generator, Encoder(Sizes.of(of_teacher))), path, metadata)
        for target in method["targets"]:
            target["from"] = path.name
    if method.get("masks") == "separate":
        _, targets = warmup_and_targets(recipe["method"])
        batches["further_noise"] = samples.noise(generator, STEPS, count, len(targets) - 1, patches=sizes.patches)
    expected = replay.pretrain(recipe, weights, batches, STEPS_PER_EPOCH)
    write(case, recipe, weights=weights, batches=batches, expected=expected)


def pretrain_cases():
    pretrain_case("pretrain-mae", {"name": "mae"})
    pretrain_case("pretrain-mae-normalised", {"name": "mae"}, {"norm_pix": True, "mask_ratio": 0.6})
    pretrain_case("pretrain-mae-k", {"name": "mae-k", "k": 2}, count=4)
    # The same draws as mae-k: two micro-batches change nothing.
    in_two = {"accumulate": 2}
    pretrain_case("pretrain-accumulate", {"name": "mae-k", "k": 2}, in_two, draws_of="pretrain-mae-k", count=4)
    pretrain_case("pretrain-mae-k-frozen-head", {"name": "mae-k", "k": 2, "feature_head": "frozen"})
    pretrain_case("pretrain-ema-mae", {"name": "ema-mae", "wse": 1, "tau": 0.2})
    mae_new = {"name": "mae-new", "k": 2, "tau": 0.1, "slow_weight": 0.2}
    pretrain_case("pretrain-mae-new", mae_new | {"copy_at": "epoch-start"})
    pretrain_case("pretrain-mae-new-epoch-end", mae_new | {"copy_at": "epoch-end"})
    per_step = EMA_PER_STEP | {"normalisation": "layer-norm", "last_blocks": 2}
    pretrain_case("pretrain-custom-per-step", {"name": "custom", "wse": 1, "targets": [per_step]})
    linear = {"weight": 2.0, "update": "ema", "unit": "epoch", "tau": 0.3, "tau_end": 0.1, "ramp": "linear"}
    pretrain_case("pretrain-custom-two-targets", {"name": "custom", "wse": 1, "targets": [linear, COPIED]})
    # A teacher of another width, depth and number of heads than the student.
    fixed = {"weight": 0.7, "update": "fixed", "last_blocks": 2}
    method = {"name": "custom", "wse": 1, "targets": [fixed]}
    pretrain_case("pretrain-custom-fixed", method, teacher=encoder(12, 3, 3, 3.0))
    # Features from the first step on: a warm-up of no epochs.
    pretrain_case("pretrain-ema-mae-at-once", {"name": "ema-mae", "wse": 0, "tau": 0.3}, {"weight_decay": 0.5})
    pixels_too = {"name": "ema-mae", "wse": 2, "tau": 0.2, "pixel_weight": 0.5}
    pretrain_case("pretrain-pixel-weight", pixels_too, {"norm_pix": True})
    # Between the norms that occur: some steps are clipped and some are not.
    pretrain_case("pretrain-clip", {"name": "mae-k", "k": 2}, {"clip_norm": 2.5})
    pretrain_case("pretrain-mae-k-wide", {"name": "mae-k", "k": 2}, sizes=([4, 12], [2, 3]))
    readings_of_the_published_code(mae_new)


def readings_of_the_published_code(mae_new):
    """Options that read the published code otherwise than the defaults do, one case each, and all that it combines."""
    pretrain_case("pretrain-separate-masks", mae_new | {"masks": "separate"})
    # Three targets, two micro-batches, and pixels beside them, whose mask is that of the first.
    three = [{"update": "ema", "tau": 0.2}, COPIED, {"weight": 0.3, "update": "ema", "unit": "step", "tau": 0.1}]
    in_parts = {"name": "custom", "wse": 1, "targets": three, "masks": "separate", "pixel_weight": 0.5}
    pretrain_case("pretrain-separate-masks-in-parts", in_parts, {"accumulate": 2}, count=4)
    pretrain_case("pretrain-warmup-weight", mae_new | {"k": 3, "slow_weight": 0.7, "warmup_weight": "sum"})
    pretrain_case("pretrain-patch-norm", mae_new | {"normalisation": "patch-norm"})
    pretrain_case("pretrain-born-at-start", {"name": "ema-mae", "wse": 2, "tau": 0.2, "born": "start"})
    ramped = EMA_PER_STEP | {"born": "start"}
    pretrain_case("pretrain-born-at-start-ramp", {"name": "custom", "wse": 2, "targets": [COPIED, ramped]})
    pretrain_case("pretrain-loss-on-all", {"name": "mae-k", "k": 3}, {"loss_on": "all", "norm_pix": True})
    published = {"masks": "separate", "warmup_weight": "sum", "copy_at": "epoch-end", "feature_head": "frozen"}
    pretrain_case("pretrain-mae-new-published", mae_new | published)


# ---- evaluations ----------------------------------------------------------------------------------------------------


def evaluation_inputs(generator, recipe, count):
    sizes = Sizes.of(recipe)
    weights = samples.jittered_weights(generator, Encoder(sizes))
    weights["pos_embed"] += samples.tensor(generator, *weights["pos_embed"].shape, std=0.1)
    weights |= samples.head(generator, "head", CLASSES, sizes.dim)
    batches = {
        "images": samples.images(generator, STEPS, count, size=sizes.image_size),
        "labels": samples.labels(generator, STEPS, count, classes=CLASSES),
    }
    return weights, batches


def finetune_case(case, pooling, settings=None):
    recipe = base(8, 2, encoder(12, 3, 3, 2.0), decoder(8, 1, 2))
    recipe["finetune"] = stage(512, peak=5e-3, warmup_epochs=1.5, weight_decay=0.05, min_lr=1e-4)
    recipe["finetune"] |= {
        "layer_decay": 0.75, "label_smoothing": 0.1, "pooling": pooling,
        "drop_path": 0.0, "mixup": 0.0, "cutmix": 0.0,
    } | (settings or {})  # fmt: skip
    generator = generator_of(case)
    weights, batches = evaluation_inputs(generator, recipe, 4)
    if pooling == "mean":  # the final norm stays in the file: it is not needed and ignored
        fresh = samples.jittered_weights(generator, Classifier(Sizes.of(recipe), CLASSES, pooling))
        weights |= {name: value for name, value in fresh.items() if name.startswith("fc_norm.")}
    expected = replay.finetune(recipe, weights, batches, STEPS_PER_EPOCH)
    write(case, recipe, weights=weights, batches=batches, expected=expected)


def linprobe_case(case, feature, settings=None):
    recipe = base(8, 4, encoder(16, 2, 2), decoder(8, 1, 2))
    recipe["linprobe"] = stage(512, peak=2.0, warmup_epochs=1.0, weight_decay=0.0, min_lr=0.0)
    recipe["linprobe"] |= {"feature": feature} | (settings or {})
    weights, batches = evaluation_inputs(generator_of(case), recipe, 6)
    expected = replay.linprobe(recipe, weights, batches, STEPS_PER_EPOCH)
    write(case, recipe, weights=weights, batches=batches, expected=expected)


def evaluation_cases():
    finetune_case("finetune-mean", "mean")
    finetune_case("finetune-class-token", "class-token", {"layer_decay": 0.65, "clip_norm": 1.0})
    linprobe_case("linprobe-class-token", "class-token")
    linprobe_case("linprobe-mean", "mean", {"weight_decay": 0.1})


if __name__ == "__main__":
    torch.set_num_threads(1)
    GOLDEN.mkdir(exist_ok=True)
    for old in filter(Path.is_file, GOLDEN.iterdir()):
        old.unlink()
    forward_cases()
    pretrain_cases()
    evaluation_cases()
    size = sum(path.stat().st_size for path in GOLDEN.iterdir())
    print(f"{len(list(GOLDEN.glob('*.toml')))} cases, {size / 1e6:.2f} MB")
