"""The Vision Transformer (Dosovitskiy et al. 2021): patches, positions, blocks, encoder."""

import math
from dataclasses import dataclass

import torch
from torch import nn

EPSILON = 1e-6  # of every LayerNorm
CHANNELS = 3  # where a recipe names no other number


@dataclass
class Sizes:
    """Image and patch each have one side, or [height, width]."""

    image_size: int | list[int]
    patch_size: int | list[int]
    dim: int
    depth: int
    heads: int
    mlp_ratio: float = 4.0
    channels: int = CHANNELS

    @classmethod
    def of(cls, recipe):
        data, model = recipe["data"], recipe["model"]
        channels = data.get("channels", CHANNELS)
        return cls(data["image_size"], model["patch_size"], channels=channels, **model["encoder"])

    @property
    def grid(self):
        """Patches from top to bottom and from left to right."""
        image, patch = pair(self.image_size), pair(self.patch_size)
        return image[0] // patch[0], image[1] // patch[1]

    @property
    def patches(self):
        rows, columns = self.grid
        return rows * columns

    @property
    def patch_length(self):
        height, width = pair(self.patch_size)
        return height * width * self.channels


def pair(size):
    """Height and width of what a recipe writes as one number or two."""
    return (size, size) if isinstance(size, int) else tuple(size)


def patchify(images, patch_size):
    """[N, C, H, W] to [N, L, h*w*C]: patches row by row, within a patch the order row, column, channel."""
    count, channels, _, _ = images.shape
    height, width = pair(patch_size)
    strips = images.unfold(2, height, height).unfold(3, width, width)  # [N, C, rows, columns, h, w]
    return strips.permute(0, 2, 3, 4, 5, 1).reshape(count, -1, height * width * channels)


def sin_cos_positions(dim, grid):
    """[1, 1 + rows*columns, dim]; the first half encodes the column, the second the row; each half its sines, then its
    cosines; the class token's are zeros."""
    quarter = dim // 4
    frequencies = 10000.0 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    rows = [torch.zeros(dim, dtype=torch.float64)]
    for row in range(grid[0]):
        for column in range(grid[1]):
            x, y = column * frequencies, row * frequencies
            rows.append(torch.cat([x.sin(), x.cos(), y.sin(), y.cos()]))
    return torch.stack(rows).unsqueeze(0)


class PatchEmbedding(nn.Module):
    def __init__(self, patch_size, dim, channels=CHANNELS):
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, pair(patch_size), pair(patch_size))

    def forward(self, images):
        return self.proj(images).flatten(2).transpose(1, 2)


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        count, tokens, dim = x.shape
        width = dim // self.heads
        query, key, value = self.qkv(x).reshape(count, tokens, 3, self.heads, width).permute(2, 0, 3, 1, 4)
        weights = (query @ key.transpose(-2, -1) / math.sqrt(width)).softmax(-1)
        return self.proj((weights @ value).transpose(1, 2).reshape(count, tokens, dim))


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=EPSILON)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=EPSILON)
        self.mlp = Mlp(dim, hidden)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Encoder(nn.Module):
    """Positions are a parameter that nothing trains, unless a classifier says otherwise."""

    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes
        self.cls_token = nn.Parameter(torch.zeros(1, 1, sizes.dim))
        self.pos_embed = nn.Parameter(sin_cos_positions(sizes.dim, sizes.grid), requires_grad=False)
        self.patch_embed = PatchEmbedding(sizes.patch_size, sizes.dim, sizes.channels)
        hidden = int(sizes.dim * sizes.mlp_ratio)
        self.blocks = nn.ModuleList(Block(sizes.dim, sizes.heads, hidden) for _ in range(sizes.depth))
        self.norm = nn.LayerNorm(sizes.dim, eps=EPSILON)

    def embed(self, images):
        """Patch tokens with their positions, [N, L, D]."""
        return self.patch_embed(images) + self.pos_embed[:, 1:]

    def run(self, patch_tokens):
        """The class token before the patch tokens, through all blocks: the output of each block."""
        cls_token = (self.cls_token + self.pos_embed[:, :1]).expand(len(patch_tokens), -1, -1)
        x = torch.cat([cls_token, patch_tokens], dim=1)
        outputs = []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        return outputs

    def features(self, images, last_blocks=1):
        """The whole image: [N, 1+L, D] after the final norm, averaged over the last blocks (each one normed)."""
        outputs = self.run(self.embed(images))[-last_blocks:]
        return sum(self.norm(x) for x in outputs) / len(outputs)
