"""What is put on an encoder to evaluate it."""

from torch import nn

from .vit import EPSILON, Encoder


class Classifier(Encoder):
    """Fine-tuning: the mean of the patch tokens, then `fc_norm` (and no final norm); or the class token after the
    final norm. Positions are trained."""

    def __init__(self, sizes, classes, pooling):
        super().__init__(sizes)
        self.pooling = pooling
        self.pos_embed.requires_grad_(True)
        if pooling == "mean":
            self.norm = nn.Identity()
            self.fc_norm = nn.LayerNorm(sizes.dim, eps=EPSILON)
        self.head = nn.Linear(sizes.dim, classes)

    def forward(self, images):
        x = self.run(self.embed(images))[-1]
        if self.pooling == "mean":
            return self.head(self.fc_norm(x[:, 1:].mean(1)))
        return self.head(self.norm(x)[:, 0])


class Probe(nn.Module):
    """Linear probing: BatchNorm without affine part, then one Linear, on features that are given."""

    def __init__(self, dim, classes):
        super().__init__()
        self.batchnorm = nn.BatchNorm1d(dim, affine=False, eps=1e-6)
        self.head = nn.Linear(dim, classes)

    def forward(self, features):
        return self.head(self.batchnorm(features))
