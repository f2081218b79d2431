"""Linear layers that multiply bfloat16: by `bmae`'s rule, and as PyTorch's autocast has it.

Both are contexts around a forward pass and its loss; the backward pass then follows what was recorded.
"""

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode


def rounded(values):
    """To bfloat16 and back: to the nearest, ties to even."""
    return values.to(torch.bfloat16).to(values.dtype)


class RoundedProduct(torch.autograd.Function):
    """x W^T + b for x [.., in], W [out, in], b [out]. All three products, this one and the two of the backward pass,
    take factors rounded to bfloat16. Sums, results and the bias's gradient are those of the tensors' own type."""

    @staticmethod
    def forward(context, x, weight, bias):
        context.save_for_backward(x, weight)
        return rounded(x) @ rounded(weight).T + bias

    @staticmethod
    def backward(context, gradient):
        x, weight = context.saved_tensors
        of_rows, rows = gradient.flatten(0, -2), x.flatten(0, -2)
        return rounded(gradient) @ rounded(weight), rounded(of_rows).T @ rounded(rows), of_rows.sum(0)


class RoundedLinears(TorchFunctionMode):
    """Every Linear, and the patch embedding, which is one on patches, becomes a `RoundedProduct`. All else stays."""

    product = RoundedProduct

    def __torch_function__(self, function, types, arguments=(), named=None):
        if function is functional.linear:
            return self.product.apply(*arguments)
        if function is functional.conv2d:
            return self._patch_embedding(*arguments[:4])
        return function(*arguments, **(named or {}))

    def _patch_embedding(self, images, weight, bias, stride):
        patches = functional.unfold(images, weight.shape[2:], stride=stride).transpose(1, 2)
        rows, columns = (images.shape[2] // stride[0], images.shape[3] // stride[1])
        out = self.product.apply(patches, weight.flatten(1), bias)
        return out.transpose(1, 2).reshape(len(images), -1, rows, columns)


FAR_FROM_A_TIE = 1e-6  # of the largest value of a row; 32-bit floats round at 6e-8
NEGLIGIBLE = 2.0**-13  # of the same


class NearATie(Exception):
    """A factor was computed that the last bits of a sum could round either way."""


class WatchedProduct(RoundedProduct):
    @staticmethod
    def forward(context, x, weight, bias):
        refuse_ties(x)
        return RoundedProduct.forward(context, x, weight, bias)

    @staticmethod
    def backward(context, gradient):
        refuse_ties(gradient)
        return RoundedProduct.backward(context, gradient)


class FarFromTies(RoundedLinears):
    """`RoundedLinears`, or `NearATie`."""

    product = WatchedProduct


def refuse_ties(factor):
    """A tie is the middle between two neighbouring bfloat16. Numbers so small that their rounding is negligible beside
    the largest value of their row do not count, nor do images, which are given in 32 bits and not computed."""
    _, exponents = torch.frexp(factor)
    spacing = torch.ldexp(torch.ones_like(factor), exponents - 8)
    distance = spacing / 2 - (factor - rounded(factor)).abs()
    largest = factor.abs().amax(-1, keepdim=True)
    counts = (spacing > NEGLIGIBLE * largest) & (factor != factor.to(torch.float32))
    if (counts & (distance < FAR_FROM_A_TIE * largest)).any():
        raise NearATie


def autocast():
    """What a PyTorch user writes. On a CPU it computes linear layers, attention's two products and softmax in bfloat16,
    and rounds their results to it; what follows them keeps the type until it meets 32 bits again."""
    return torch.autocast("cpu", torch.bfloat16)
