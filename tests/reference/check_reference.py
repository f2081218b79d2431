"""Checks the reference itself, without bmae: gradients against finite differences, the masked autoencoder against
transformers, its rounding in 32 bits, and that the golden trajectories notice a wrong recipe. See README.md.

    python tests/reference/check_reference.py
"""

import sys
import tomllib
from pathlib import Path

import numpy
import torch
from safetensors.torch import load_file

from bmae_reference import replay, trajectories

GOLDEN = Path(__file__).parent / "golden"


def case(name):
    def tensors(kind):
        path = GOLDEN / f"{name}.{kind}.safetensors"
        return load_file(path) if path.exists() else None

    return tomllib.loads((GOLDEN / f"{name}.toml").read_text()), tensors


def cases(stage=""):
    return sorted(path.stem for path in GOLDEN.glob(f"{stage}*.toml"))


def run(name, recipe, tensors, dtype=torch.float64):
    stage = name.split("-")[0]
    if stage == "forward":
        return replay.forward(recipe, tensors("weights"), tensors("inputs"), tensors("target"), dtype)
    steps = trajectories.STEPS_PER_EPOCH
    return getattr(replay, stage)(recipe, tensors("weights"), tensors("batches"), steps, dtype)


def relative(found, expected):
    return ((found.double() - expected.double()).abs().max() / expected.double().abs().max()).item()


def finite_differences():
    """Along one random direction for each parameter: the largest error relative to the slope."""
    generator = torch.Generator().manual_seed(0)
    for name in cases("forward"):
        recipe, tensors = case(name)
        weights = {key: value.double() for key, value in tensors("weights").items()}
        inputs, target, worst = tensors("inputs"), tensors("target"), 0.0

        def loss(changed):
            # forward() rounds its loss to 32 bits, so the last step is taken here.
            student = replay.student(recipe, weights | changed, torch.float64)
            return replay.loss_of(student, recipe, inputs, target)["loss"].item()

        for key, gradient in tensors("expected").items():
            if key.startswith("grad."):
                key, step = key.removeprefix("grad."), 1e-5
                direction = torch.randn(gradient.shape, generator=generator, dtype=torch.float64)
                ahead, behind = (loss({key: weights[key] + sign * step * direction}) for sign in (1, -1))
                slope = (gradient.double() * direction).sum().item()
                worst = max(worst, abs((ahead - behind) / (2 * step) - slope) / max(abs(slope), 1e-3))
        yield f"{name}: finite differences", worst, 1e-5


def transformers_name(name):
    decoder = name.startswith("decoder") or name == "mask_token"
    whole = {"cls_token": "embeddings.cls_token", "pos_embed": "embeddings.position_embeddings"}
    parts = {
        "patch_embed.proj": "embeddings.patch_embeddings.projection", "decoder_blocks": "decoder_layers",
        "blocks": "layers", "norm1": "layernorm_before", "norm2": "layernorm_after", "attn.proj": "attention.o_proj",
    }  # fmt: skip
    name = whole.get(name, name)
    for ours, theirs in parts.items():
        if ours != "blocks" or not decoder:
            name = name.replace(ours, theirs)
    if name.startswith("norm."):
        name = "layernorm." + name.removeprefix("norm.")
    return ("decoder." if decoder else "vit.") + name


def against_transformers():
    """The same autoencoder in transformers' code, in 64 bits: loss and all gradients."""
    from transformers import ViTMAEConfig, ViTMAEForPreTraining

    for seed in range(3):
        generator = numpy.random.default_rng(seed)
        recipe = trajectories.random_recipe(generator, is_square=True)
        encoder, decoder, settings = recipe["model"]["encoder"], recipe["model"]["decoder"], recipe["pretrain"]
        weights = trajectories.student_weights(generator, recipe)
        inputs = trajectories.inputs(generator, recipe, 3)
        expected = replay.forward(recipe, weights, inputs)
        config = ViTMAEConfig(
            image_size=recipe["data"]["image_size"], patch_size=recipe["model"]["patch_size"], layer_norm_eps=1e-6,
            hidden_size=encoder["dim"], num_hidden_layers=encoder["depth"], num_attention_heads=encoder["heads"],
            intermediate_size=int(encoder["dim"] * encoder["mlp_ratio"]),
            decoder_hidden_size=decoder["dim"], decoder_num_hidden_layers=decoder["depth"],
            decoder_num_attention_heads=decoder["heads"], decoder_intermediate_size=4 * decoder["dim"],
            mask_ratio=settings["mask_ratio"], norm_pix_loss=settings["norm_pix"],
        )  # fmt: skip
        model = ViTMAEForPreTraining(config).double()
        theirs = {}
        for name, value in weights.items():
            name = transformers_name(name)
            if "attn.qkv" in name:
                for part, piece in zip("qkv", value.chunk(3)):
                    theirs[name.replace("attn.qkv", f"attention.{part}_proj")] = piece
            else:
                theirs[name] = value
        model.load_state_dict(theirs)
        outputs = model(pixel_values=inputs["images"].double(), noise=inputs["noise"].double())
        outputs.loss.backward()
        gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
        worst = relative(outputs.loss.reshape(1), expected["loss"])
        for name, gradient in expected.items():
            if name.startswith("grad."):
                name = transformers_name(name.removeprefix("grad."))
                names = [name.replace("attn.qkv", f"attention.{part}_proj") for part in "qkv"]
                found = torch.cat([gradients[n] for n in names]) if "attn.qkv" in name else gradients[name]
                worst = max(worst, relative(found, gradient))
        yield f"transformers, {trajectories.size_of(recipe)}: loss and gradients", worst, 1e-6


def rounding():
    """The reference itself in 32 bits against the golden files: what rounding alone amounts to."""
    for name in cases():
        recipe, tensors = case(name)
        found, expected = run(name, recipe, tensors, torch.float32), tensors("expected")
        worst = of_keys = 0.0
        for key, value in expected.items():
            if key.startswith("param.") and key.endswith("qkv.bias"):
                error = (found[key] - value).abs() / value.abs().max()
                query, key_part, values = error.chunk(3)
                worst = max(worst, query.max().item(), values.max().item())
                of_keys = max(of_keys, key_part.max().item())
            else:
                worst = max(worst, relative(found[key], value))
        yield f"{name}: in 32 bits (key part of qkv.bias {of_keys:.1e})", worst, 1e-5


WRONG = [
    ("pretrain-mae", {"weight_decay": 0.0}), ("pretrain-mae", {"min_lr": 0.0}),
    ("pretrain-mae-normalised", {"norm_pix": False}), ("pretrain-mae-k", {"k": 3}),
    ("pretrain-mae-k", {"copy_at": "epoch-end"}), ("pretrain-mae-k", {"feature_head": "frozen"}),
    ("pretrain-mae-k-frozen-head", {"feature_head": "trainable"}),
    ("pretrain-ema-mae", {"wse": 2}), ("pretrain-ema-mae", {"tau": 0.21}),
    ("pretrain-mae-new", {"slow_weight": 0.25}), ("pretrain-mae-new", {"copy_at": "epoch-end"}),
    ("pretrain-mae-new-epoch-end", {"copy_at": "epoch-start"}),
    ("pretrain-custom-per-step", {"unit": "epoch"}), ("pretrain-custom-per-step", {"ramp": "linear"}),
    ("pretrain-custom-per-step", {"normalisation": "none"}), ("pretrain-custom-per-step", {"last_blocks": 1}),
    ("pretrain-custom-two-targets", {"ramp": "none"}), ("pretrain-custom-two-targets", {"weight": 1.9}),
    ("pretrain-pixel-weight", {"pixel_weight": 0.45}), ("pretrain-clip", {"clip_norm": 2.6}),
    ("pretrain-separate-masks", {"masks": "shared"}), ("pretrain-separate-masks-in-parts", {"masks": "shared"}),
    ("pretrain-warmup-weight", {"warmup_weight": "one"}), ("pretrain-patch-norm", {"normalisation": "layer-norm"}),
    ("pretrain-born-at-start", {"born": "switch"}), ("pretrain-born-at-start-ramp", {"born": "switch"}),
    ("pretrain-loss-on-all", {"loss_on": "masked"}), ("pretrain-mae-new-published", {"masks": "shared"}),
    ("pretrain-mae-new-published", {"warmup_weight": "one"}), ("pretrain-mae-new-published", {"copy_at": "epoch-start"}),
    ("finetune-mean", {"layer_decay": 0.8}), ("finetune-mean", {"label_smoothing": 0.0}),
    ("finetune-mean", {"weight_decay": 0.0}), ("finetune-class-token", {"clip_norm": 0.0}),
    ("linprobe-mean", {"weight_decay": 0.0}), ("linprobe-mean", {"feature": "class-token"}),
]  # fmt: skip


def wrong_recipes():
    """One key changed: the losses have to leave their limit of 1e-4."""
    for name, change in WRONG:
        recipe, tensors = case(name)
        (key, _), stage = *change.items(), recipe[name.split("-")[0]]
        section = next(s for s in (stage, *recipe["method"].get("targets", []), recipe["method"]) if key in s)
        section.update(change)
        found, expected = run(name, recipe, tensors)["loss"], tensors("expected")["loss"]
        yield f"{name} with {change}: losses", ((found - expected).abs() / expected).max().item(), None


if __name__ == "__main__":
    torch.set_num_threads(1)
    wrong = 0
    for check in (finite_differences, against_transformers, rounding, wrong_recipes):
        print(check.__doc__)
        for what, difference, limit in check():
            good = difference <= limit if limit is not None else difference > 1e-4
            wrong += not good
            print(f"  {what}: {difference:.1e}{'' if good else '   WRONG'}")
    sys.exit(1 if wrong else 0)
