"""What bmae is compared with where images come from disk: masked autoencoding in PyTorch, as its users write it.

    pip install torch torchvision timm       (in a virtual environment of your own)
    python scripts/pytorch_from_disk.py FOLDER [--loading] [--model vit-s16-224|vit-b16-224] [--batch 64] [--steps 4]
        [--warmup 1] [--workers 2] [--threads 2]

FOLDER has one folder of images for each class. torchvision's ImageFolder opens it and a DataLoader with --workers processes
makes the batches: RandomResizedCrop (bicubic, 0.2 to 1), a mirror image, normalisation. The encoder is timm's
VisionTransformer, the decoder is made of timm's blocks. With --loading the batches are thrown away. One JSON line is printed:
images/s over --steps batches after --warmup, and the sum of the peak memory of all its processes in MiB.
"""
import argparse, json, resource, time

import timm, torch
from timm.models.vision_transformer import Block
from torch import nn
from torchvision import transforms
from torchvision.datasets import ImageFolder

MODELS = {"vit-s16-224": ("vit_small_patch16_224", 192, 4, 3), "vit-b16-224": ("vit_base_patch16_224", 512, 8, 16)}


class MaskedAutoencoder(nn.Module):
    def __init__(self, name, width, depth, heads):
        super().__init__()
        self.encoder = timm.create_model(name, num_classes=0)
        self.patches, values = self.encoder.patch_embed.num_patches, 3 * 16 * 16
        self.embed = nn.Linear(self.encoder.embed_dim, width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, self.patches + 1, width) * 0.02, requires_grad=False)
        self.blocks = nn.Sequential(*[Block(width, heads, qkv_bias=True) for _ in range(depth)])
        self.norm, self.predict = nn.LayerNorm(width), nn.Linear(width, values)

    def forward(self, images):
        n, patches, kept = len(images), self.patches, self.patches // 4
        target = images.unfold(2, 16, 16).unfold(3, 16, 16).permute(0, 2, 3, 4, 5, 1).reshape(n, patches, -1)
        order = torch.rand(n, patches).argsort(1)
        back, e = order.argsort(1), self.encoder
        tokens = e.patch_embed(images) + e.pos_embed[:, 1:]
        tokens = tokens.gather(1, order[:, :kept, None].expand(-1, -1, tokens.shape[-1]))
        tokens = torch.cat([(e.cls_token + e.pos_embed[:, :1]).expand(n, -1, -1), tokens], 1)
        seen = self.embed(e.norm(e.blocks(tokens)))
        everywhere = torch.cat([seen[:, 1:], self.mask_token.expand(n, patches - kept, -1)], 1)
        everywhere = everywhere.gather(1, back[..., None].expand(-1, -1, everywhere.shape[-1]))
        decoded = self.blocks(torch.cat([seen[:, :1], everywhere], 1) + self.positions)
        error = ((self.predict(self.norm(decoded))[:, 1:] - target) ** 2).mean(-1)
        masked = (back >= kept).float()
        return (error * masked).sum() / masked.sum()


def batches(loader):
    while True:
        yield from loader


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder")
    p.add_argument("--loading", action="store_true")
    p.add_argument("--model", default="vit-s16-224", choices=MODELS)
    for name, value in (("batch", 64), ("steps", 4), ("warmup", 1), ("workers", 2), ("threads", 2)):
        p.add_argument(f"--{name}", type=int, default=value)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    steps = [
        transforms.RandomResizedCrop(224, scale=(0.2, 1.0), interpolation=transforms.InterpolationMode.BICUBIC),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
    data = ImageFolder(a.folder, transforms.Compose(steps))
    loader = torch.utils.data.DataLoader(data, a.batch, shuffle=True, num_workers=a.workers, drop_last=True)
    if not a.loading:
        model = MaskedAutoencoder(*MODELS[a.model])
        optimiser = torch.optim.AdamW((w for w in model.parameters() if w.requires_grad), lr=1e-4, fused=True)
    start = time.perf_counter()
    for step, (images, _) in zip(range(a.warmup + a.steps), batches(loader)):
        if not a.loading:
            optimiser.zero_grad(set_to_none=True)
            model(images).backward()
            optimiser.step()
        if step + 1 == a.warmup:
            start = time.perf_counter()
    seconds = time.perf_counter() - start
    del loader
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + a.workers * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"images_per_s": round(a.steps * a.batch / seconds, 2), "peak_rss_mib": round(peak / 1024)}))


if __name__ == "__main__":
    main()
