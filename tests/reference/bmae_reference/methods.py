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
    tau: float = 0.005
    tau_end: float | None = None
    ramp: str = "none"  # or "linear", "cosine": from tau at the first update to tau_end at the last
    born: str = "switch"  # or "start": averaged through the warm-up, too
    normalisation: str = "none"  # or "layer-norm", "patch-norm"
    last_blocks: int = 1

    def features(self, encoder, images):
        """Of the patch tokens, [N, L, D]."""
        with torch.no_grad():
            features = encoder.features(images, self.last_blocks)[:, 1:]
            if self.normalisation == "layer-norm":
                features = torch.nn.functional.layer_norm(features, features.shape[-1:], eps=1e-6)
            if self.normalisation == "patch-norm":  # what norm_pix does with pixels
                mean = features.mean(-1, keepdim=True)
                features = (features - mean) / (features.var(-1, keepdim=True, unbiased=True) + 1e-6).sqrt()
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
    features = {"normalisation": method.get("normalisation", "none")}
    average = features | {"update": "ema", "tau": method.get("tau", 0.005), "born": method.get("born", "switch")}
    if name == "mae-k":
        return method["k"], [Target(update="copy", every=method["k"], **features)]
    if name == "ema-mae":
        return method["wse"], [Target(**average)]
    if name == "mae-new":
        slow = Target(update="copy", every=method["k"], weight=method["slow_weight"], **features)
        return method["k"], [Target(**average), slow]
    words = {"from": "weights"}  # not a word that a field may be called by
    return method["wse"], [Target(**{words.get(key, key): target[key] for key in target}) for target in method["targets"]]


def teacher(path, image_size, dtype):
    """The encoder of a file that `bmae` could have written: its recipe is in the metadata."""
    with safe_open(GOLDEN / path, "pt") as file:
        recipe = tomllib.loads(file.metadata()["bmae.config"])
    encoder = Encoder(Sizes.of(recipe | {"data": {"image_size": image_size}})).to(dtype)
    encoder.load_state_dict(load_file(GOLDEN / path))
    return encoder


def warmup_weight(method):
    """What the pixel loss counts before the targets appear."""
    _, targets = warmup_and_targets(method)
    of_sum = method.get("warmup_weight", "one") == "sum" and targets
    return sum(target.weight for target in targets) if of_sum else 1.0


class Targets:
    """The target encoders of a run. `encoders` are those whose features are predicted: none before the switch."""

    def __init__(self, method, epochs, steps_per_epoch, image_size, dtype):
        self.created, self.recipes = warmup_and_targets(method)
        self.copy_at = method.get("copy_at", "epoch-start")
        self.epochs, self.steps_per_epoch = epochs, steps_per_epoch
        self.early = {}  # averages that are kept through the warm-up, by number
        self.encoders = []
        fixed = [target.weights for target in self.recipes if target.update == "fixed"]
        self.teachers = {path: teacher(path, image_size, dtype) for path in fixed}

    def before_epoch(self, epoch, student):
        """Creation and copies; says whether the targets have just appeared."""
        if epoch == 0 and self.created is not None:
            born = [i for i, recipe in enumerate(self.recipes) if recipe.update == "ema" and recipe.born == "start"]
            self.early = {i: student.encoder_copy() for i in born}
        if epoch == self.created:
            created = {i: self.early.get(i) or self.teachers.get(target.weights) for i, target in enumerate(self.recipes)}
            self.encoders = [created[i] or student.encoder_copy() for i in created]
            return True
        if self.encoders and self.copy_at == "epoch-start":
            self._copy(epoch, student)
        return False

    def after_step(self, epoch, step, student):
        self._average("step", epoch * self.steps_per_epoch + step, self.steps_per_epoch, student)

    def after_epoch(self, epoch, student):
        self._average("epoch", epoch, 1, student)
        if self.encoders and self.copy_at == "epoch-end":
            self._copy(epoch, student)

    def _copy(self, epoch, student):
        for i, recipe in enumerate(self.recipes):
            if recipe.update == "copy" and (epoch - self.created) % recipe.every == 0:
                self.encoders[i] = student.encoder_copy()

    def _average(self, unit, now, updates_per_epoch, student):
        """Every target of this unit that exists; `now` counts epochs or steps from the beginning of the training."""
        for i, target in dict(enumerate(self.encoders)).items() if self.encoders else self.early.items():
            recipe = self.recipes[i]
            if recipe.update == "ema" and recipe.unit == unit:
                first = 0 if recipe.born == "start" else self.created
                tau = recipe.tau_at(now - first * updates_per_epoch, (self.epochs - first) * updates_per_epoch)
                values = dict(student.named_parameters())
                with torch.no_grad():
                    for name, value in target.named_parameters():
                        value.copy_((1 - tau) * value + tau * values[name])
