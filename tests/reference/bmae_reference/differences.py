"""What is compared how, and which difference is too large. README.md says why."""

import re

import torch

LOSS_AT_FIRST = 1e-5  # relative
LOSS = 1e-4  # relative, over a trajectory
TENSOR = 1e-3  # relative to the largest value of the tensor
RATE = 1e-6  # relative
# Of a trajectory with linear layers in bfloat16, as `apart` has it: losses and movement.
BF16 = (2e-3, 5e-3)  # from the rule of `bfloat16.RoundedLinears`
AUTOCAST = (5e-3, 3.5e-2)  # from PyTorch's autocast
EXCHANGED = 1e-4  # absolute: features, predictions and losses of exchanged weights


def kind_of(name):
    """Of a tensor: its name without the number of its block."""
    return re.sub(r"\.\d+\.", ".*.", name)


def apart(found, expected, weights):
    """Two trajectories that began at `weights`: the largest relative difference of their losses; and the root of the
    summed squares of how far their parameters are apart, in parts of how far the expected ones moved. Without the key
    part of qkv.bias, whose gradient is rounding alone."""
    losses = (found["loss"].double() / expected["loss"].double() - 1).abs().max().item()
    difference = movement = 0.0
    for name, value in expected.items():
        if name.startswith("param."):
            of_found, of_expected, at_first = (
                _without_keys(name, values.double()) for values in (found[name], value, weights[name.removeprefix("param.")])
            )
            difference += (of_found - of_expected).square().sum().item()
            movement += (of_expected - at_first).square().sum().item()
    return losses, (difference / movement) ** 0.5


def _without_keys(name, values):
    if not name.endswith("qkv.bias"):
        return values
    query, _, value = values.chunk(3)
    return torch.cat([query, value])


class Report:
    """Prints each comparison as it comes, remembers the largest difference of each kind."""

    def __init__(self):
        self.largest, self.failures = {}, []

    def note(self, what, kind, difference, limit):
        """Whether the difference is within its limit; NaN is not."""
        if kind not in self.largest or not difference <= self.largest[kind][0]:
            self.largest[kind] = (difference, limit, what)
        return difference <= limit

    def fail(self, what, why):
        why = " ".join(str(why).split())
        self.failures.append(f"{what}: {why}")
        print(f"  {what}: FAILED: {why}")

    def exchanged(self, what, found, expected):
        """The largest absolute difference of what two programs compute from the same weights."""
        if found.shape != expected.shape:
            return self.fail(what, f"{tuple(found.shape)} instead of {tuple(expected.shape)}")
        difference = (found.double() - expected.double()).abs().max().item()
        if self.note(what, f"exchanged: {what}", difference, EXCHANGED):
            print(f"  {what}: {difference:.1e}")
        else:
            self.fail(what, f"{difference:.1e} apart, limit {EXCHANGED:.0e}")

    def outputs(self, what, found, expected):
        """Everything that `expected` holds, as `bmae forward` or `bmae replay` name it, and nothing else."""
        wrong, worst = [f"{name} was not expected" for name in sorted(set(found) - set(expected))], {}
        for name, tensor in expected.items():
            if name not in found:
                wrong.append(f"no {name}")
            elif found[name].shape != tensor.shape or found[name].dtype != tensor.dtype:
                of = f"{found[name].dtype} {tuple(found[name].shape)}"
                wrong.append(f"{name} is {of} instead of {tensor.dtype} {tuple(tensor.shape)}")
            else:
                for kind, difference, limit in compare(name, found[name], tensor):
                    if not self.note(what, kind, difference, limit):
                        wrong.append(f"{name} differs by {difference:.1e}")
                    short = kind.split(".")[0]
                    worst[short] = max(worst.get(short, 0.0), difference)
        print(f"  {what}: {', '.join(f'{kind} {difference:.1e}' for kind, difference in worst.items())}")
        if wrong:
            self.fail(what, f"{wrong[0]}" + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""))

    def trajectory(self, what, found, expected, weights, limits):
        """With linear layers in bfloat16, from `weights` on."""
        if set(found) != set(expected):
            return self.fail(what, f"{sorted(set(found) ^ set(expected))} in one of them only")
        differences = apart(found, expected, weights)
        print(f"  {what}: losses {differences[0]:.1e}, movement {differences[1]:.1e}")
        for kind, difference, limit in zip(("losses", "movement"), differences, limits):
            if not self.note(what, f"bf16 {kind}", difference, limit):
                self.fail(what, f"{kind} {difference:.1e} apart, limit {limit:.1e}")

    def finish(self):
        print("\nlargest difference of each kind (limit), and where")
        for kind, (difference, limit, what) in sorted(self.largest.items()):
            where = "" if kind.startswith("exchanged") else f"  {what}"
            print(f"  {kind:60} {difference:.1e} ({limit:.0e}){where}")
        for failure in self.failures:
            print(f"FAILED {failure}")
        print(f"{len(self.failures)} comparisons failed" if self.failures else "all within the limits")
        return 1 if self.failures else 0


def compare(name, found, expected):
    """(kind, difference, limit) of one tensor."""
    difference = (found.double() - expected.double()).abs()
    largest = expected.double().abs().max().clamp_min(1e-12)
    if name == "loss":
        relative = difference / expected.double().abs()
        yield "first loss", relative[0].item(), LOSS_AT_FIRST
        if len(relative) > 1:
            yield "losses", relative.max().item(), LOSS
    elif name == "lr":
        yield "lr", (difference.max() / largest).item(), RATE
    elif name in ("mask", "ids_restore"):
        yield name, difference.max().item(), 0.0
    else:
        yield kind_of(name), (difference.max() / largest).item(), TENSOR
