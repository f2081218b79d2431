"""Methods as lists of targets (docs/methods.md): what each target is, and when it changes."""

import math
from dataclasses import dataclass

import torch


@dataclass
class Target:
    weight: float = 1.0
    update: str = "ema"  # or "copy"
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
    return method["wse"], [Target(**target) for target in method["targets"]]


class Targets:
    """The target encoders of a run."""

    def __init__(self, method, epochs, steps_per_epoch):
        self.created, self.recipes = warmup_and_targets(method)
        self.copy_at = method.get("copy_at", "epoch-start")
        self.epochs, self.steps_per_epoch = epochs, steps_per_epoch
        self.encoders = []

    def before_epoch(self, epoch, student):
        """Creation and copies; says whether the targets have just appeared."""
        if epoch == self.created:
            self.encoders = [student.encoder_copy() for _ in self.recipes]
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
