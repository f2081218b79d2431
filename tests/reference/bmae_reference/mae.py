"""The masked autoencoder (He et al. 2022) and its losses."""

import torch
from torch import nn

from .vit import EPSILON, Block, Encoder, patchify, sin_cos_positions


class MaskedAutoencoder(Encoder):
    """The student. `decoder_pred` is the head in use; `pixel_pred` exists only where the pixel loss is kept beside
    feature targets."""

    def __init__(self, sizes, decoder, prediction_width):
        super().__init__(sizes)
        dim = decoder["dim"]
        self.decoder_embed = nn.Linear(sizes.dim, dim)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.decoder_pos_embed = nn.Parameter(sin_cos_positions(dim, sizes.grid), requires_grad=False)
        self.decoder_blocks = nn.ModuleList(
            Block(dim, decoder["heads"], 4 * dim) for _ in range(decoder["depth"])
        )
        self.decoder_norm = nn.LayerNorm(dim, eps=EPSILON)
        self.decoder_pred = nn.Linear(dim, prediction_width)
        self.pixel_pred = None

    def encode(self, images, noise, mask_ratio):
        """The latent [N, 1+keep, D] of the kept patches, in ascending order of noise; mask and ids_restore [N, L]."""
        tokens = self.embed(images)
        count, patches, dim = tokens.shape
        keep = int(patches * (1 - mask_ratio))
        shuffle = noise.argsort(dim=1, stable=True)
        restore = shuffle.argsort(dim=1)
        kept = tokens.gather(1, shuffle[:, :keep, None].expand(-1, -1, dim))
        mask = (restore >= keep).to(tokens.dtype)
        return self.norm(self.run(kept)[-1]), mask, restore

    def decode(self, latent, restore):
        """Decoder tokens of all patches [N, L, decoder dim], ready for a head."""
        x = self.decoder_embed(latent)
        count, seen, dim = x.shape
        masked = self.mask_token.expand(count, restore.shape[1] - (seen - 1), -1)
        shuffled = torch.cat([x[:, 1:], masked], dim=1)
        in_place = shuffled.gather(1, restore[:, :, None].expand(-1, -1, dim))
        x = torch.cat([x[:, :1], in_place], dim=1) + self.decoder_pos_embed
        for block in self.decoder_blocks:
            x = block(x)
        return self.decoder_norm(x)[:, 1:]

    def encoder_copy(self):
        """A target: the encoder as it is now, without gradient."""
        target = Encoder(self.sizes).to(self.cls_token.dtype)
        values = self.state_dict()
        target.load_state_dict({name: values[name].clone() for name in target.state_dict()})
        return target.requires_grad_(False)


def pixel_target(images, patch_size, norm_pix):
    """[N, L, h*w*C]; with norm_pix each patch by its own mean and unbiased variance."""
    target = patchify(images, patch_size)
    if norm_pix:
        mean = target.mean(-1, keepdim=True)
        variance = target.var(-1, keepdim=True, unbiased=True)
        target = (target - mean) / (variance + 1e-6).sqrt()
    return target


def loss_of_patches(prediction, target, mask, loss_on):
    """The mean square over the dimensions, then the mean over the masked patches, or over all."""
    of_patch = ((prediction - target) ** 2).mean(-1)
    return of_patch.mean() if loss_on == "all" else (of_patch * mask).sum() / mask.sum()
