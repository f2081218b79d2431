"""Learning rates, parameter groups, and LARS."""

import math

import torch


def learning_rate(stage, epoch):
    """At a fractional epoch: a linear warm-up, then half a cosine (He et al. 2022, appendix A)."""
    peak = stage["base_lr"] * stage["batch_size"] / 256
    warmup = stage["warmup_epochs"]
    if epoch < warmup:
        return peak * epoch / warmup
    progress = (epoch - warmup) / (stage["epochs"] - warmup)
    return stage["min_lr"] + (peak - stage["min_lr"]) * (1 + math.cos(math.pi * progress)) / 2


def group(parameter, weight_decay, scale=1.0):
    """One group for each parameter: the simplest way to a rule of its own."""
    return {"params": [parameter], "weight_decay": weight_decay, "scale": scale}


def pretraining_group(parameter, stage):
    """Decay on whatever has two or more dimensions, tokens included."""
    return group(parameter, stage["weight_decay"] if parameter.ndim >= 2 else 0.0)


def finetuning_groups(model, stage):
    """Layer-wise decay (Clark et al. 2020, Bao et al. 2021); no decay on tokens and positions either."""
    depth = len(model.blocks)
    groups = []
    for name, parameter in model.named_parameters():
        if name.startswith("blocks."):
            layers_above = depth - int(name.split(".")[1])
        elif name in ("cls_token", "pos_embed") or name.startswith("patch_embed."):
            layers_above = depth + 1
        else:
            layers_above = 0
        exempt = parameter.ndim < 2 or name in ("cls_token", "pos_embed")
        weight_decay = 0.0 if exempt else stage["weight_decay"]
        groups.append(group(parameter, weight_decay, stage["layer_decay"] ** layers_above))
    return groups


def set_rate(optimiser, rate):
    for each in optimiser.param_groups:
        each["lr"] = rate * each["scale"]


class Lars(torch.optim.Optimizer):
    """You, Gitman and Ginsburg 2017, as MAE's linear probing uses it: a layer's step is scaled to `trust` times the
    norm of its weights; one-dimensional parameters are neither scaled nor decayed."""

    def __init__(self, groups, momentum=0.9, trust=0.001):
        super().__init__(groups, {"lr": 0.0, "weight_decay": 0.0, "scale": 1.0})
        self.momentum, self.trust = momentum, trust

    @torch.no_grad()
    def step(self):
        for each in self.param_groups:
            for parameter in each["params"]:
                direction = parameter.grad
                if parameter.ndim > 1:
                    direction = direction + each["weight_decay"] * parameter
                    of_weights, of_direction = parameter.norm(), direction.norm()
                    if of_weights > 0 and of_direction > 0:
                        direction = direction * (self.trust * of_weights / of_direction)
                velocity = self.state[parameter].get("velocity", torch.zeros_like(parameter))
                velocity = self.momentum * velocity + direction
                self.state[parameter]["velocity"] = velocity
                parameter.sub_(each["lr"] * velocity)
