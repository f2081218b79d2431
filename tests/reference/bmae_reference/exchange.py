"""Weights that leave for PyTorch and weights that come from there: timm, transformers, and `.pth` files."""

import argparse

import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from . import replay, samples
from .binary import Failed
from .heads import Classifier
from .mae import MaskedAutoencoder
from .trajectories import classifier_weights, inputs, random_recipe, size_of, student_weights
from .vit import Encoder, Sizes

CLASSES, PICTURES = 3, 6
PLAIN_FINETUNING = {"epochs": 1, "drop_path": 0.0, "label_smoothing": 0.0, "mixup": 0.0, "cutmix": 0.0}


def run(bmae, report, generator):
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    parts = [to_huggingface, to_timm, to_mae, encoder_to_huggingface, classifier_to_timm]
    parts += [from_pth, from_huggingface, from_timm, other_image_size]
    for part in parts:
        recipe = random_recipe(generator, is_square=True)
        print(f"{part.__name__.replace('_', ' ')} ({size_of(recipe)})")
        try:
            part(bmae, report, generator, recipe)
        except (Failed, OSError, RuntimeError, KeyError, ValueError) as failed:
            report.fail(part.__name__, failed)


# ---- out ------------------------------------------------------------------------------------------------------------


def to_huggingface(bmae, report, generator, recipe):
    from transformers import ViTMAEForPreTraining

    weights = bmae.save(student_weights(generator, recipe), "weights")
    folder = bmae.export(recipe, weights, "huggingface")
    model, info = ViTMAEForPreTraining.from_pretrained(folder, output_loading_info=True)
    _complete(report, "ViTMAEForPreTraining", info)
    for key, ours in (("norm_pix_loss", "norm_pix"), ("mask_ratio", "mask_ratio")):
        found, value = getattr(model.config, key), recipe["pretrain"][ours]
        if found != value:
            report.fail("config.json", f"{key} is {found} instead of {value}")
    _compare_vitmae(bmae, report, recipe, weights, model.eval(), inputs(generator, recipe, 3))


def encoder_to_huggingface(bmae, report, generator, recipe):
    from transformers import ViTModel

    sizes = Sizes.of(recipe)
    if sizes.dim == sizes.patch_length:  # shapes alone could not tell which head it is
        recipe["data"]["image_size"], recipe["model"]["patch_size"] = 32, 8
        sizes = Sizes.of(recipe)
    tensors = student_weights(generator, recipe, prediction_width=sizes.dim)
    weights = bmae.save(tensors, "weights")
    folder = bmae.export(recipe, weights, "huggingface")
    model, info = ViTModel.from_pretrained(folder, add_pooling_layer=False, output_loading_info=True)
    _complete(report, "ViTModel", info)
    images = samples.images(generator, 3, size=sizes.image_size)
    with torch.no_grad():
        tokens = model.eval()(pixel_values=images).last_hidden_state
    reference = replay.load(Encoder(sizes), tensors, torch.float64)
    report.exchanged("ViTModel and the reference: tokens", tokens, reference.features(images.double()).detach())
    # Its head predicts features: `forward` has to be given some, here its own.
    _compare_latent(bmae, report, recipe, weights, generator, _run_vit_model(model), "ViTModel", target=weights)


def to_timm(bmae, report, generator, recipe):
    weights = bmae.save(student_weights(generator, recipe), "weights")
    model = _timm(recipe, 0, "token")
    model.load_state_dict(load_file(bmae.export(recipe, weights, "timm")))
    _compare_latent(bmae, report, recipe, weights, generator, _run_timm(model), "timm")

    recipe["data"]["image_size"] = 4 * recipe["model"]["patch_size"]
    weights = bmae.save(student_weights(generator, recipe), "weights")
    model = _timm(recipe, 0, "token")
    model.load_state_dict(load_file(bmae.export(recipe, weights, "timm")))
    _compare_features(bmae, report, generator, recipe, weights, model)


def to_mae(bmae, report, generator, recipe):
    tensors = student_weights(generator, recipe)
    exported = load_file(bmae.export(recipe, bmae.save(tensors, "weights"), "mae"))
    if exported.keys() != tensors.keys():
        report.fail("official names", f"these differ: {sorted(exported.keys() ^ tensors.keys())}")
    worst = max((exported[name] - tensors[name]).abs().max() for name in exported.keys() & tensors.keys())
    report.exchanged("official names: values", worst, torch.zeros_like(worst))


def classifier_to_timm(bmae, report, generator, recipe):
    for pooling, global_pool in (("mean", "avg"), ("class-token", "token")):
        recipe["finetune"] = PLAIN_FINETUNING | {"pooling": pooling}
        unneeded = ("norm.weight", "norm.bias") if pooling == "mean" else ()
        tensors = classifier_weights(generator, recipe, CLASSES, pooling)
        weights = bmae.save({n: t for n, t in tensors.items() if n not in unneeded}, "weights")
        model = _timm(recipe, CLASSES, global_pool)
        model.load_state_dict(load_file(bmae.export(recipe, weights, "timm")))
        batches = {
            "images": samples.images(generator, 1, 5, size=Sizes.of(recipe).image_size),
            "labels": samples.labels(generator, 1, 5, classes=CLASSES),
        }
        with torch.no_grad():
            loss = torch.nn.functional.cross_entropy(model(batches["images"][0]), batches["labels"][0])
        found = bmae.replay("finetune", recipe, weights, batches, 1)
        report.exchanged(f"timm, {pooling}: loss", loss.reshape(1), found["loss"])


# ---- in -------------------------------------------------------------------------------------------------------------


def from_pth(bmae, report, generator, recipe):
    tensors = student_weights(generator, recipe)
    student = MaskedAutoencoder(Sizes.of(recipe), recipe["model"]["decoder"], len(tensors["decoder_pred.bias"]))
    student.load_state_dict(tensors)
    optimiser = torch.optim.AdamW(student.parameters(), lr=1e-3)
    batch = inputs(generator, recipe, 2)
    expected = replay.forward(recipe, tensors, batch)
    official = {
        "model": student.state_dict(), "optimizer": optimiser.state_dict(), "epoch": 3,
        "scaler": {"scale": 65536.0, "growth_tracker": 0},
        "args": argparse.Namespace(batch_size=64, model="mae_vit", norm_pix_loss=True, output_dir="./out"),
    }  # fmt: skip
    for what, content in (("plain state dict", student.state_dict()), ("official checkpoint", official)):
        path = bmae.file("weights.pth")
        torch.save(content, path)
        _compare_forward(bmae, report, f".pth, {what}", recipe, path, batch, expected)
    path = bmae.file("weights-of-unknown-kind")  # told by its content, not by its name
    torch.save(official, path)
    _compare_forward(bmae, report, ".pth without its ending", recipe, path, batch, expected)
    path = bmae.save(tensors, "weights")
    _compare_forward(bmae, report, "safetensors, official names", recipe, path, batch, expected)


def from_huggingface(bmae, report, generator, recipe):
    from transformers import ViTMAEConfig, ViTMAEForPreTraining

    encoder, decoder = recipe["model"]["encoder"], recipe["model"]["decoder"]
    config = ViTMAEConfig(
        image_size=recipe["data"]["image_size"], patch_size=recipe["model"]["patch_size"], layer_norm_eps=1e-6,
        hidden_size=encoder["dim"], num_hidden_layers=encoder["depth"], num_attention_heads=encoder["heads"],
        intermediate_size=int(encoder["dim"] * encoder["mlp_ratio"]),
        decoder_hidden_size=decoder["dim"], decoder_num_hidden_layers=decoder["depth"],
        decoder_num_attention_heads=decoder["heads"], decoder_intermediate_size=4 * decoder["dim"],
        mask_ratio=recipe["pretrain"]["mask_ratio"], norm_pix_loss=recipe["pretrain"]["norm_pix"],
    )  # fmt: skip
    model = ViTMAEForPreTraining(config).eval()
    with torch.no_grad():  # away from the zeros and ones of a fresh model
        for name, parameter in model.named_parameters():
            if "position_embeddings" not in name and "pos_embed" not in name:
                parameter.add_(samples.tensor(generator, *parameter.shape, std=0.2))
    folder = bmae.file("huggingface")
    model.save_pretrained(folder)
    batch = inputs(generator, recipe, 2)
    for path in (folder, folder / "model.safetensors"):
        _compare_vitmae(bmae, report, recipe, path, model, batch)


def from_timm(bmae, report, generator, recipe):
    recipe["data"]["image_size"] = 4 * recipe["model"]["patch_size"]
    model = _timm(recipe, CLASSES, "token")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(samples.tensor(generator, *parameter.shape, std=0.2))
    path = bmae.file("timm.safetensors")
    save_file(model.state_dict(), path)
    _compare_features(bmae, report, generator, recipe, path, model)


def other_image_size(bmae, report, generator, recipe):
    """Positions are interpolated where the image is larger than the file's."""
    recipe["finetune"] = PLAIN_FINETUNING | {"pooling": "mean"}
    tensors = classifier_weights(generator, recipe, CLASSES, "mean")
    small = Sizes.of(recipe)
    recipe["data"]["image_size"] = small.image_size + 2 * small.patch_size
    large = Sizes.of(recipe)
    batches = {
        "images": samples.images(generator, 1, 5, size=large.image_size),
        "labels": samples.labels(generator, 1, 5, classes=CLASSES),
    }
    found = bmae.replay("finetune", recipe, bmae.save(tensors, "weights"), batches, 1)
    grid = tensors["pos_embed"][:, 1:].reshape(1, *small.grid, small.dim).permute(0, 3, 1, 2)
    grid = torch.nn.functional.interpolate(grid, large.grid, mode="bicubic", align_corners=False)
    tensors["pos_embed"] = torch.cat([tensors["pos_embed"][:, :1], grid.flatten(2).transpose(1, 2)], 1)
    model = replay.load(Classifier(large, CLASSES, "mean"), tensors, torch.float64)
    loss = torch.nn.functional.cross_entropy(model(batches["images"][0].double()), batches["labels"][0])
    report.exchanged(f"positions {small.grid} to {large.grid}: loss", found["loss"], loss.detach().reshape(1))


# ---- how they are compared --------------------------------------------------------------------------------------------


def _timm(recipe, classes, global_pool):
    from timm.models.vision_transformer import VisionTransformer

    encoder = recipe["model"]["encoder"]
    return VisionTransformer(
        img_size=recipe["data"]["image_size"], patch_size=recipe["model"]["patch_size"], embed_dim=encoder["dim"],
        depth=encoder["depth"], num_heads=encoder["heads"], mlp_ratio=encoder["mlp_ratio"], num_classes=classes,
        global_pool=global_pool,
    ).eval()  # fmt: skip


def _run_timm(model):
    """Kept patches through timm's own modules."""

    def latent(images, kept):
        tokens = model.patch_embed(images) + model.pos_embed[:, 1:]
        cls_token = (model.cls_token + model.pos_embed[:, :1]).expand(len(images), -1, -1)
        tokens = tokens.gather(1, kept[:, :, None].expand(-1, -1, tokens.shape[2]))
        return model.norm(model.blocks(torch.cat([cls_token, tokens], 1)))

    return latent


def _run_vit_model(model):
    def latent(images, kept):
        tokens = model.embeddings(images)
        patches = tokens[:, 1:].gather(1, kept[:, :, None].expand(-1, -1, tokens.shape[2]))
        x = torch.cat([tokens[:, :1], patches], 1)
        for layer in model.layers:
            x = layer(x)
            x = x[0] if isinstance(x, tuple) else x
        return model.layernorm(x)

    return latent


def _compare_latent(bmae, report, recipe, weights, generator, latent, program, target=None):
    """The masked encoder's output."""
    batch = inputs(generator, recipe, 3)
    found = bmae.forward(recipe, weights, batch, target)["latent"]
    kept = batch["noise"].argsort(dim=1, stable=True)[:, : found.shape[1] - 1]
    with torch.no_grad():
        report.exchanged(f"{program} and forward: latent", latent(batch["images"], kept), found)


def _compare_vitmae(bmae, report, recipe, weights, model, batch):
    found = bmae.forward(recipe, weights, batch)
    with torch.no_grad():
        theirs = model(pixel_values=batch["images"], noise=batch["noise"])
        latent = model.vit(batch["images"], noise=batch["noise"]).last_hidden_state
    report.exchanged("ViTMAE and forward: latent", latent, found["latent"])
    report.exchanged("ViTMAE and forward: prediction", theirs.logits, found["pred"])
    report.exchanged("ViTMAE and forward: loss", theirs.loss.reshape(1), found["loss"])


def _compare_forward(bmae, report, what, recipe, weights, batch, expected):
    found = bmae.forward(recipe, weights, batch)
    for name in ("latent", "pred", "loss"):
        report.exchanged(f"{what}: {name}", found[name], expected[name])


def _compare_features(bmae, report, generator, recipe, weights, model):
    """`bmae features` of a folder of pictures against timm's VisionTransformer."""
    size = recipe["data"]["image_size"]
    mean, std = [0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]
    recipe["data"] |= {"mean": mean, "std": std}
    pixels = torch.from_numpy(generator.integers(0, 256, (PICTURES, size, size, 3)).astype("uint8"))
    classes = [i * CLASSES // PICTURES for i in range(PICTURES)]
    root = bmae.file("pictures")
    for split in ("train", "test"):
        for i, picture in enumerate(pixels):
            path = root / split / f"class{classes[i]}" / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture.numpy()).save(path)
    images = (pixels.float() / 255 - torch.tensor(mean)) / torch.tensor(std)
    images = images.permute(0, 3, 1, 2)
    with torch.no_grad():
        tokens = model.forward_features(images)
        blocks = model.forward_intermediates(images, norm=False, output_fmt="NLC", intermediates_only=True)
    expected = {"class-token": tokens[:, 0], "mean": tokens[:, 1:].mean(1)}
    expected |= {f"block:{i}": block.mean(1) for i, block in enumerate(blocks)}
    for feature, theirs in expected.items():
        found = bmae.features(recipe, weights, root, feature)
        report.exchanged(f"timm and features: {feature}", theirs, found["features"])
        if found["labels"].tolist() != classes:
            report.fail(f"features: {feature}", f"labels {found['labels'].tolist()} instead of {classes}")


def _complete(report, what, info):
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info[kind]:
            report.fail(what, f"{kind}: {sorted(info[kind])}")
