"""What `bmae forward` and `bmae replay` compute, with files as dictionaries of tensors (docs/formats.md).

`products` makes the context of a step's forward pass: `bfloat16` has two.
"""

from contextlib import nullcontext

import torch
from torch import nn

from .heads import Classifier, Probe
from .mae import MaskedAutoencoder, loss_of_patches, pixel_target
from .methods import Target, Targets, warmup_and_targets, warmup_weight
from .optimisation import Lars, finetuning_groups, group, learning_rate, pretraining_group, set_rate
from .vit import Encoder, Sizes


def load(model, weights, dtype):
    """Every parameter of `model` from `weights`, which may hold more."""
    model.to(dtype)
    names = [name for name, _ in model.named_parameters()]
    model.load_state_dict({name: weights[name] for name in names}, strict=False)
    return model


def student(recipe, weights, dtype):
    width = len(weights["decoder_pred.bias"])
    return load(MaskedAutoencoder(Sizes.of(recipe), recipe["model"]["decoder"], width), weights, dtype)


def loss_of(model, recipe, inputs, target=None):
    """One pass of a student. `target`: the weights of an encoder whose features are predicted instead of pixels."""
    dtype, settings = model.cls_token.dtype, recipe["pretrain"]
    images = inputs["images"].to(dtype)
    latent, mask, restore = model.encode(images, inputs["noise"], settings["mask_ratio"])
    prediction = model.decoder_pred(model.decode(latent, restore))
    outputs = {"latent": latent, "pred": prediction, "mask": mask, "ids_restore": restore}
    if target is None:
        wanted, weight = pixel_target(images, model.sizes.patch_size, settings["norm_pix"]), warmup_weight(recipe["method"])
    else:
        _, targets = warmup_and_targets(recipe["method"])
        of_first, weight = (targets or [Target()])[0], 1.0
        wanted = of_first.features(load(Encoder(model.sizes), target, dtype), images).detach()
        outputs["target"] = wanted
    loss = weight * loss_of_patches(prediction, wanted, mask, settings.get("loss_on", "masked"))
    return outputs | {"loss": loss.reshape(1)}


def forward(recipe, weights, inputs, target=None, dtype=torch.float64, products=nullcontext):
    """Outputs and all gradients."""
    model = student(recipe, weights, dtype)
    with products():
        outputs = loss_of(model, recipe, inputs, target)
    outputs["loss"].backward()
    gradients = {f"grad.{n}": p.grad for n, p in model.named_parameters() if p.requires_grad}
    return _detached(outputs | gradients)


def pretrain(recipe, weights, batches, steps_per_epoch, dtype=torch.float64, products=nullcontext):
    stage, method = recipe["pretrain"], recipe["method"]
    model = student(recipe, weights, dtype)
    targets = Targets(method, stage["epochs"], steps_per_epoch, recipe["data"]["image_size"], dtype)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW([pretraining_group(p, stage) for p in trained], betas=(0.9, 0.95), eps=1e-8)
    pixel_weight, is_separate = method.get("pixel_weight", 0.0), method.get("masks", "shared") == "separate"
    losses, rates = [], []

    for i, (images, noise) in enumerate(zip(batches["images"].to(dtype), batches["noise"])):
        epoch, step = divmod(i, steps_per_epoch)
        noises = [noise]  # of each target, [N, L]
        if is_separate and len(targets.recipes) > 1:
            noises += batches["further_noise"][i].unbind(1)
        if step == 0 and targets.before_epoch(epoch, model):
            _predict_features(model, optimiser, weights, recipe, dtype)
        rate = learning_rate(stage, epoch + step / steps_per_epoch)
        set_rate(optimiser, rate)
        optimiser.zero_grad()

        pixels = pixel_target(images, model.sizes.patch_size, stage["norm_pix"])
        if targets.encoders:
            each = zip(targets.recipes, targets.encoders)
            terms = [
                (target.weight, "decoder_pred", target.features(encoder, images), noises[i] if is_separate else noise)
                for i, (target, encoder) in enumerate(each)
            ]
            if pixel_weight > 0:
                terms.append((pixel_weight, "pixel_pred", pixels, noise))
        else:
            terms = [(warmup_weight(method), "decoder_pred", pixels, noise)]
        # One pass of the student for each term, as the published code did for its two targets.
        total = 0.0
        for weight, head, wanted, of_term in terms:
            with products():
                latent, mask, restore = model.encode(images, of_term, stage["mask_ratio"])
                prediction = getattr(model, head)(model.decode(latent, restore))
                loss = weight * loss_of_patches(prediction, wanted, mask, stage.get("loss_on", "masked"))
            loss.backward()
            total += loss.item()
        _clip(optimiser, stage)
        optimiser.step()
        targets.after_step(epoch, step, model)
        if step == steps_per_epoch - 1:
            targets.after_epoch(epoch, model)
        losses.append(total)
        rates.append(rate)
    fixed = ("pos_embed", "decoder_pos_embed")
    return _trajectory(losses, rates, {n: p for n, p in model.named_parameters() if n not in fixed})


def _predict_features(model, optimiser, weights, recipe, dtype):
    """The switch: a new head for features. The old one goes on as `pixel_pred`, with its moments, or is dropped."""
    method, old = recipe["method"], model.decoder_pred
    if method.get("pixel_weight", 0.0) > 0:
        model.pixel_pred = old
    else:
        dropped = {id(p) for p in old.parameters()}
        optimiser.param_groups = [g for g in optimiser.param_groups if id(g["params"][0]) not in dropped]
    head = nn.Linear(old.in_features, len(weights["feature_pred.bias"]))
    head.load_state_dict({"weight": weights["feature_pred.weight"], "bias": weights["feature_pred.bias"]})
    model.decoder_pred = head.to(dtype)
    if method["feature_head"] == "frozen":
        head.requires_grad_(False)
    else:
        for parameter in head.parameters():
            optimiser.add_param_group(pretraining_group(parameter, recipe["pretrain"]))


def finetune(recipe, weights, batches, steps_per_epoch, dtype=torch.float64, products=nullcontext):
    stage = recipe["finetune"]
    model = load(Classifier(Sizes.of(recipe), len(weights["head.bias"]), stage["pooling"]), weights, dtype)
    optimiser = torch.optim.AdamW(finetuning_groups(model, stage), betas=(0.9, 0.999), eps=1e-8)
    losses, rates = [], []
    for i, (images, labels) in enumerate(zip(batches["images"].to(dtype), batches["labels"])):
        with products():
            loss = nn.functional.cross_entropy(model(images), labels, label_smoothing=stage["label_smoothing"])
        rates.append(_update(optimiser, stage, loss, i / steps_per_epoch))
        losses.append(loss.item())
    return _trajectory(losses, rates, dict(model.named_parameters()))


def linprobe(recipe, weights, batches, steps_per_epoch, dtype=torch.float64):
    stage = recipe["linprobe"]
    encoder = load(Encoder(Sizes.of(recipe)), weights, dtype).requires_grad_(False)
    probe = load(Probe(encoder.sizes.dim, len(weights["head.bias"])), weights, dtype)
    optimiser = Lars([group(p, stage["weight_decay"]) for p in probe.parameters()])
    losses, rates = [], []
    for i, (images, labels) in enumerate(zip(batches["images"].to(dtype), batches["labels"])):
        features = encoder.features(images)
        features = features[:, 0] if stage["feature"] == "class-token" else features[:, 1:].mean(1)
        loss = nn.functional.cross_entropy(probe(features), labels)
        rates.append(_update(optimiser, stage, loss, i / steps_per_epoch))
        losses.append(loss.item())
    of_encoder = {n: p for n, p in encoder.named_parameters() if n != "pos_embed"}
    outputs = _trajectory(losses, rates, of_encoder | dict(probe.named_parameters()))
    for name in ("running_mean", "running_var"):
        outputs[f"batchnorm.{name}"] = getattr(probe.batchnorm, name)
    return _detached(outputs)


def _update(optimiser, stage, loss, epoch):
    rate = learning_rate(stage, epoch)
    set_rate(optimiser, rate)
    optimiser.zero_grad()
    loss.backward()
    _clip(optimiser, stage)
    optimiser.step()
    return rate


def _clip(optimiser, stage):
    if stage.get("clip_norm", 0.0) > 0:
        trained = [p for each in optimiser.param_groups for p in each["params"]]
        nn.utils.clip_grad_norm_(trained, stage["clip_norm"])


def _trajectory(losses, rates, parameters):
    outputs = {"loss": torch.tensor(losses, dtype=torch.float64), "lr": torch.tensor(rates, dtype=torch.float64)}
    return _detached(outputs | {f"param.{name}": value for name, value in parameters.items()})


def _detached(outputs):
    """As the files hold them: 32-bit floats and 64-bit integers."""
    as_file = {}
    for name, value in outputs.items():
        value = value.detach()
        as_file[name] = (value if value.dtype == torch.int64 else value.to(torch.float32)).contiguous().clone()
    return as_file
