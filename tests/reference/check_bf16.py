"""Measures how far apart trajectories with linear layers in bfloat16 are, which the limits in
`bmae_reference/differences.py` are made from, and that they notice another rule of rounding. See README.md.

    python tests/reference/check_bf16.py
"""

import sys
import tomllib
from contextlib import nullcontext

import torch
from safetensors.torch import load_file

from bmae_reference import bfloat16, differences, replay
from bmae_reference.bfloat16 import RoundedLinears, RoundedProduct, rounded
from make_golden import STEPS_PER_EPOCH
from make_golden_bf16 import FOLDER

DRAWS = 16


class RoundedResults(RoundedProduct):
    @staticmethod
    def forward(context, x, weight, bias):
        return rounded(RoundedProduct.forward(context, x, weight, bias))


class RoundedForwardOnly(RoundedProduct):
    @staticmethod
    def backward(context, gradient):
        x, weight = (rounded(saved) for saved in context.saved_tensors)
        of_rows = gradient.flatten(0, -2)
        return gradient @ weight, of_rows.T @ x.flatten(0, -2), of_rows.sum(0)


class Truncated(RoundedProduct):
    """Cut off, not rounded."""

    @staticmethod
    def _cut(values):
        bits = values.to(torch.float32).contiguous().view(torch.int32)
        return (bits & -0x10000).view(torch.float32).to(values.dtype)

    @staticmethod
    def forward(context, x, weight, bias):
        return RoundedProduct.forward(context, Truncated._cut(x), Truncated._cut(weight), bias)


def products(of):
    return type(of.__name__, (RoundedLinears,), {"product": of})


WRONG = {
    "precision ignored": nullcontext, "results rounded, too": products(RoundedResults),
    "gradients not rounded": products(RoundedForwardOnly), "cut off instead of rounded": products(Truncated),
}  # fmt: skip


def case(name):
    def tensors(kind):
        path = FOLDER / f"{name}.{kind}.safetensors"
        return load_file(path) if path.exists() else None

    return tomllib.loads((FOLDER / f"{name}.toml").read_text()), tensors


def moved_by_rounding(weights, draw):
    """The same weights, but for half a unit in the last place."""
    generator = torch.Generator().manual_seed(draw)
    return {name: value * (1 + 6e-8 * torch.randn(value.shape, generator=generator)) for name, value in weights.items()}


def one_pass(name):
    recipe, tensors = case(name)

    def largest(dtype, products, weights):
        found = replay.forward(recipe, weights, tensors("inputs"), tensors("target"), dtype, products)
        compared = [each for key, value in tensors("expected").items() for each in differences.compare(key, found[key], value)]
        return max(difference / limit for _, difference, limit in compared if limit)

    weights = tensors("weights")
    worst = max(largest(torch.float32, RoundedLinears, moved_by_rounding(weights, draw)) for draw in range(DRAWS))
    yield f"{name}: in 32 bits, {DRAWS} times, in parts of the limits", worst, worst <= 1
    for what, wrong in WRONG.items():
        found = largest(torch.float64, wrong, weights)
        yield f"{name}: {what}, in parts of the limits", found, found > 1


def trajectory(name):
    recipe, tensors = case(name)
    weights, batches, run = tensors("weights"), tensors("batches"), getattr(replay, name.split("-")[0])

    def found(dtype, products, draw=None):
        of_draw = weights if draw is None else moved_by_rounding(weights, draw)
        return run(recipe, of_draw, batches, STEPS_PER_EPOCH, dtype, products)

    def largest(ours, others):
        each = [differences.apart(one, other, weights) for one in ours for other in others]
        return [max(of_each) for of_each in zip(*each)]

    exact, autocast = [tensors("expected")], [tensors("autocast")]
    first = (found(torch.float32, RoundedLinears)["loss"][0] / exact[0]["loss"][0] - 1).abs().item()
    yield f"{name}: the rule in 32 bits: first loss", first, first <= differences.LOSS_AT_FIRST
    rounding = [found(torch.float32, RoundedLinears, draw) for draw in range(DRAWS)]
    casts = [found(torch.float32, bfloat16.autocast, draw) for draw in range(DRAWS)]
    for what, ours, others, bounds in (
        (f"the rule in 32 bits, {DRAWS} times, to the rule in 64", rounding, exact, differences.BF16),
        ("the rule in 64 bits to autocast", exact, autocast, differences.AUTOCAST),
        (f"the rule in 32 bits, {DRAWS} times, to autocast", rounding, autocast, differences.AUTOCAST),
        (f"autocast to autocast, {DRAWS} times", casts, autocast, differences.AUTOCAST),
    ):
        of_losses, movement = largest(ours, others)
        yield f"{name}: {what}: losses", of_losses, of_losses <= bounds[0]
        yield f"{name}: {what}: movement", movement, movement <= bounds[1]
    for what, wrong in WRONG.items():
        off = [found(torch.float64, wrong)]
        of_losses, movement = largest(off, exact)
        yield f"{name}: {what}: losses", of_losses, True
        yield f"{name}: {what}: movement", movement, movement > differences.BF16[1]
        yield f"{name}: {what}, to autocast: movement", largest(off, autocast)[1], True


def main():
    torch.set_num_threads(1)
    wrong = 0
    for name in sorted(path.stem for path in FOLDER.glob("*.toml")):
        for what, difference, is_good in (one_pass if name.startswith("forward") else trajectory)(name):
            wrong += not is_good
            print(f"  {what}: {difference:.1e}{'' if is_good else '   WRONG'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
