"""Methods as lists of targets (docs/methods.md): what each target is, and when it changes."""

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from .vit import Encoder, Sizes

GOLDEN = Path(__file__).parents[1] / "golden"


@dataclass
class Target:
    weight: float = 1.0
    update: str = "ema"  # or "copy", "fixed"
    weights: str = ""  # of a fixed one: its file, in golden/ or anywhere else
    every: int = 10
    unit: str = "epoch"  # or "step"
    tau: float = 0.1
    tau_end: float | None = None
    ramp: str = "none"  # or "linear", "cosine": from tau at the first update to tau_end at the last
    normalisation: str = "none"  # or "layer-norm"
    last_blocks: int = 1

    def features(self, encoder, images):
        """Of the patch tokens, [N, L, D]."""
        with torch.no_grad():
            features = encoder.features(images, self.last_blocks)[:, 1:]
            if self.normalisation == "layer-norm":
                features = torch.nn.functional.layer_norm(features, features.shape[-1:], eps=1e-6)
        return features

    def tau_at(self, update, updates):
        """The student's part in the average at `update` (from 0) of `updates`."""
        if self.ramp == "none":
            return self.tau
        progress = update / (updates - 1) if updates > 1 else 0.0
        if self.ramp == "cosine":
            progress = (1 - math.cos(math.pi * progress)) / 2
        return self.tau + (self.tau_end - self.tau) * progress


def warmup_and_targets(method):
    """The epoch at whose start features take over from pixels (None: never), and the targets."""
    name = method["name"]
    if name == "mae":
        return None, []
    if name == "mae-k":
        return method["k"], [Target(update="copy", every=method["k"])]
    if name == "ema-mae":
        return method["wse"], [Target(update="ema", tau=method["tau"])]
    if name == "mae-new":
        fast = Target(update="ema", tau=method["tau"])
        slow = Target(update="copy", every=method["k"], weight=method["slow_weight"])
        return method["k"], [fast, slow]
    words = {"from": "weights"}  # not a word that a field may be called by
    return method["wse"], [Target(**{words.get(key, key): target[key] for key in target}) for target in method["targets"]]


def teacher(path, image_size, dtype):
    """The encoder of a file that `bmae` could have written: its recipe is in the metadata."""
    with safe_open(GOLDEN / path, "pt") as file:
        recipe = tomllib.loads(file.metadata()["bmae.config"])
    encoder = Encoder(Sizes.of(recipe | {"data": {"image_size": image_size}})).to(dtype)
    encoder.load_state_dict(load_file(GOLDEN / path))
    return encoder


class Targets:
    """The target encoders of a run."""

    def __init__(self, method, epochs, steps_per_epoch, image_size, dtype):
        self.created, self.recipes = warmup_and_targets(method)
        self.copy_at = method.get("copy_at", "epoch-start")
        self.epochs, self.steps_per_epoch = epochs, steps_per_epoch
        self.encoders = []
        fixed = [target.weights for target in self.recipes if target.update == "fixed"]
        self.teachers = {path: teacher(path, image_size, dtype) for path in fixed}

    def before_epoch(self, epoch, student):
        """Creation and copies; says whether the targets have just appeared."""
        if epoch == self.created:
            self.encoders = [self.teachers.get(target.weights) or student.encoder_copy() for target in self.recipes]
            return True
        if self.encoders and self.copy_at == "epoch-start":
            self._copy(epoch, student)
        return False

    def after_step(self, epoch, step, student):
        update = (epoch - (self.created or 0)) * self.steps_per_epoch + step
        self._average("step", update, self.steps_per_epoch, student)

    def after_epoch(self, epoch, student):
        self._average("epoch", epoch - (self.created or 0), 1, student)
        if self.encoders and self.copy_at == "epoch-end":
            self._copy(epoch, student)

    def _copy(self, epoch, student):
        for i, recipe in enumerate(self.recipes):
            if recipe.update == "copy" and (epoch - self.created) % recipe.every == 0:
                self.encoders[i] = student.encoder_copy()

    def _average(self, unit, update, updates_per_epoch, student):
        for recipe, target in zip(self.recipes, self.encoders):
            if recipe.update == "ema" and recipe.unit == unit:
                tau = recipe.tau_at(update, (self.epochs - self.created) * updates_per_epoch)
                values = dict(student.named_parameters())
                with torch.no_grad():
                    for name, value in target.named_parameters():
                        value.copy_((1 - tau) * value + tau * values[name])
