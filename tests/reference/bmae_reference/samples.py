"""Weights and batches drawn at random, and recipes as TOML."""

import numpy
import torch

from .vit import pair


def tensor(generator, *shape, mean=0.0, std=1.0):
    return torch.from_numpy(generator.normal(mean, std, shape).astype(numpy.float32))


def jittered_weights(generator, module):
    """Values for every parameter of `module`: matrices at about Xavier's scale, biases and norms away from 0 and 1.
    Positions stay as they are."""
    weights = {}
    for name, value in module.named_parameters():
        shape = tuple(value.shape)
        if name.endswith("pos_embed"):
            weights[name] = value.detach().to(torch.float32).clone()
        elif "norm" in name and name.endswith(".weight"):
            weights[name] = tensor(generator, *shape, mean=1.0, std=0.2)
        elif value.ndim == 1:
            weights[name] = tensor(generator, *shape, std=0.2)
        elif value.ndim == 3:
            weights[name] = tensor(generator, *shape, std=0.5)
        else:
            fan_out, fan_in = shape[0], value[0].numel()
            weights[name] = tensor(generator, *shape, std=(2 / (fan_in + fan_out)) ** 0.5)
    return weights


def head(generator, name, outputs, inputs):
    return {
        f"{name}.weight": tensor(generator, outputs, inputs, std=inputs**-0.5),
        f"{name}.bias": tensor(generator, outputs, std=0.2),
    }


def images(generator, *counts, size, channels=3):
    """Normalised images [.., C, H, W] with some structure: coarse cells and a little noise."""
    height, width = pair(size)
    cells = (-(-height // 4), -(-width // 4))
    coarse = generator.normal(0, 1, (*counts, channels, *cells)).repeat(4, -1).repeat(4, -2)[..., :height, :width]
    return torch.from_numpy((coarse + generator.normal(0, 0.4, coarse.shape)).astype(numpy.float32))


def noise(generator, *counts, patches):
    return torch.from_numpy(generator.random((*counts, patches), dtype=numpy.float32))


def labels(generator, *counts, classes):
    return torch.from_numpy(generator.integers(0, classes, counts))


def value_to_toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(value_to_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {value_to_toml(v)}' for key, v in value.items())} }}"
    return repr(value)


def leaves(recipe, path=()):
    """(path, value) of every key; a list of tables is one value."""
    for key, value in recipe.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def recipe_to_toml(recipe):
    lines, section = [], ()
    for path, value in leaves(recipe):
        if path[:-1] != section:
            section = path[:-1]
            lines.append(f"\n[{'.'.join(section)}]")
        lines.append(f"{path[-1]} = {value_to_toml(value)}")
    return "\n".join(lines).lstrip() + "\n"


# Where preset `paper`, the recipe of `forward` and `replay` below these flags, says otherwise.
DEFAULTS = {"masks": "shared", "warmup_weight": "one"}


def recipe_to_flags(recipe):
    """The same as `--set` arguments."""
    recipe = recipe | {"method": DEFAULTS | recipe["method"]}
    return [word for path, value in leaves(recipe) for word in ("--set", f"{'.'.join(path)}={value_to_toml(value)}")]
