"""Makes the weight files that the tests of reading and writing weights use, once: python make_weight_fixtures.py

Needs torch, timm, transformers, safetensors; made with torch 2.15.0, timm 1.0.31, transformers 5.24.0. The model is the
tiny one of crates/nn/tests/suite/tiny.rs: images of 6, patches of 2, encoder 8 x 2 with 2 heads and MLPs 16 wide, decoder
4 x 1 with 2 heads. Every file but classifier_* holds the same values, which weights.safetensors has under official names.

weights.safetensors      official names; also what every other file must turn into
plain.pth                torch.save of the state dict, with a tensor of whole numbers and one that is not contiguous
official.pth             as the official code saves: {model, optimizer, epoch, scaler, args = argparse.Namespace}
mae_vit_tiny_official.pth  one tensor; its name has 21 letters, and some versions of the crate zip take such archives for damaged
legacy.pth               {state_dict: {module.*}} in the format of torch before 1.6
huggingface/             ViTMAEForPreTraining.save_pretrained, by the transformers above
huggingface_4.safetensors        the names of transformers 4
huggingface_modules.safetensors  ViTMAEForPreTraining.state_dict() of transformers 5
classifier_timm.safetensors      timm VisionTransformer, 3 classes, mean pooling (fc_norm)
classifier_huggingface/          ViTForImageClassification.save_pretrained, 3 classes, class token
outputs.safetensors      images, noise, and what timm and transformers compute from them
"""

import argparse
import json
import os

import timm
import torch
from safetensors.torch import save_file
from transformers import ViTConfig, ViTForImageClassification, ViTMAEConfig, ViTMAEForPreTraining

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGE, PATCH, DIM, DEPTH, HEADS, HIDDEN = 6, 2, 8, 2, 2, 16
DECODER_DIM, DECODER_DEPTH, DECODER_HEADS = 4, 1, 2


def block_shapes(prefix, dim, hidden):
    linears = {"attn.qkv": (3 * dim, dim), "attn.proj": (dim, dim), "mlp.fc1": (hidden, dim), "mlp.fc2": (dim, hidden)}
    shapes = {}
    for name, shape in linears.items():
        shapes[f"{prefix}{name}.weight"] = shape
        shapes[f"{prefix}{name}.bias"] = shape[:1]
    for norm in ("norm1", "norm2"):
        shapes[f"{prefix}{norm}.weight"] = (dim,)
        shapes[f"{prefix}{norm}.bias"] = (dim,)
    return shapes


def official():
    tokens = 1 + (IMAGE // PATCH) ** 2
    shapes = {
        "cls_token": (1, 1, DIM),
        "pos_embed": (1, tokens, DIM),
        "patch_embed.proj.weight": (DIM, 3, PATCH, PATCH),
        "patch_embed.proj.bias": (DIM,),
        "norm.weight": (DIM,),
        "norm.bias": (DIM,),
        "mask_token": (1, 1, DECODER_DIM),
        "decoder_pos_embed": (1, tokens, DECODER_DIM),
        "decoder_embed.weight": (DECODER_DIM, DIM),
        "decoder_embed.bias": (DECODER_DIM,),
        "decoder_norm.weight": (DECODER_DIM,),
        "decoder_norm.bias": (DECODER_DIM,),
        "decoder_pred.weight": (PATCH * PATCH * 3, DECODER_DIM),
        "decoder_pred.bias": (PATCH * PATCH * 3,),
    }
    for i in range(DEPTH):
        shapes |= block_shapes(f"blocks.{i}.", DIM, HIDDEN)
    for i in range(DECODER_DEPTH):
        shapes |= block_shapes(f"decoder_blocks.{i}.", DECODER_DIM, 4 * DECODER_DIM)
    generator = torch.Generator().manual_seed(9)
    # Norms lie around 1, everything else around 0: no value is special.
    around = lambda name: 1.0 if "norm" in name and name.endswith("weight") else 0.0
    return {k: around(k) + 0.3 * torch.randn(s, generator=generator) for k, s in sorted(shapes.items())}


def hugging_face(weights, version):
    """The official names as Hugging Face's: those of checkpoints of version 4, or of version 5's modules."""
    parts = {
        4: ["attention.attention.query", "attention.attention.key", "attention.attention.value",
            "attention.output.dense", "intermediate.dense", "output.dense"],
        5: ["attention.q_proj", "attention.k_proj", "attention.v_proj", "attention.o_proj", "mlp.fc1", "mlp.fc2"],
    }[version]
    query, key, value, proj, fc1, fc2 = parts
    rest = {"attn.proj": proj, "mlp.fc1": fc1, "mlp.fc2": fc2, "norm1": "layernorm_before", "norm2": "layernorm_after"}
    outside = {
        "cls_token": "vit.embeddings.cls_token",
        "pos_embed": "vit.embeddings.position_embeddings",
        "patch_embed.proj": "vit.embeddings.patch_embeddings.projection",
        "norm": "vit.layernorm",
        "mask_token": "decoder.mask_token",
        "head": "classifier",
    }
    out = {}
    for name, tensor in weights.items():
        words = name.split(".")
        if words[0] in ("blocks", "decoder_blocks"):
            encoder = "vit.encoder.layer." if version == 4 else "vit.layers."
            block = (encoder if words[0] == "blocks" else "decoder.decoder_layers.") + words[1]
            part, kind = ".".join(words[2:-1]), words[-1]
            if part == "attn.qkv":
                for theirs, third in zip((query, key, value), tensor.chunk(3)):
                    out[f"{block}.{theirs}.{kind}"] = third.clone()
            else:
                out[f"{block}.{rest[part]}.{kind}"] = tensor
            continue
        for ours, theirs in outside.items():
            if name == ours or name.startswith(ours + "."):
                out[theirs + name[len(ours):]] = tensor
                break
        else:
            out["decoder." + name] = tensor
    return out


def save_pretrained(model, name):
    folder = os.path.join(HERE, name)
    model.save_pretrained(folder)
    # Only what the tests need.
    for entry in os.listdir(folder):
        assert entry in ("config.json", "model.safetensors"), entry


def main():
    weights = official()
    path = lambda name: os.path.join(HERE, name)
    save_file(weights, path("weights.safetensors"))

    plain = dict(weights)
    plain["blocks.0.mlp.fc1.weight"] = weights["blocks.0.mlp.fc1.weight"].t().contiguous().t()
    torch.save(plain | {"steps": torch.tensor(7)}, path("plain.pth"))
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.ones(3))], lr=1e-3)
    optimizer.param_groups[0]["params"][0].sum().backward()
    optimizer.step()
    torch.save(
        {
            "model": weights,
            "optimizer": optimizer.state_dict(),
            "epoch": 3,
            "scaler": {},
            "args": argparse.Namespace(model="mae_tiny", lr=1e-3, norm_pix_loss=False),
        },
        path("official.pth"),
    )
    torch.save({"patch_embed.proj.weight": torch.ones(8, 3, 2, 2)}, path("mae_vit_tiny_official.pth"))
    wrapped = {"epoch": 3, "state_dict": {f"module.{name}": tensor for name, tensor in weights.items()}}
    torch.save(wrapped, path("legacy.pth"), _use_new_zipfile_serialization=False)

    sizes = dict(
        hidden_size=DIM, num_hidden_layers=DEPTH, num_attention_heads=HEADS, intermediate_size=HIDDEN, image_size=IMAGE,
        patch_size=PATCH, layer_norm_eps=1e-6, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )
    mae = ViTMAEForPreTraining(ViTMAEConfig(
        **sizes, decoder_hidden_size=DECODER_DIM, decoder_num_hidden_layers=DECODER_DEPTH,
        decoder_num_attention_heads=DECODER_HEADS, decoder_intermediate_size=4 * DECODER_DIM, mask_ratio=0.6,
    )).eval()
    mae.load_state_dict(hugging_face(weights, 5))
    save_pretrained(mae, "huggingface")
    save_file(hugging_face(weights, 4), path("huggingface_4.safetensors"))
    save_file(hugging_face(weights, 5), path("huggingface_modules.safetensors"))

    generator = torch.Generator().manual_seed(10)
    random = lambda *shape: torch.randn(shape, generator=generator)
    images, noise = random(2, 3, IMAGE, IMAGE), torch.rand((2, (IMAGE // PATCH) ** 2), generator=generator)
    head = {"head.weight": random(3, DIM), "head.bias": random(3)}
    encoder = {k: v for k, v in weights.items() if not k.startswith(("decoder_", "mask_token"))}

    vit = lambda **more: timm.models.VisionTransformer(
        img_size=IMAGE, patch_size=PATCH, embed_dim=DIM, depth=DEPTH, num_heads=HEADS, mlp_ratio=HIDDEN / DIM, **more
    ).eval()
    plain_vit = vit(num_classes=0, global_pool="token")
    plain_vit.load_state_dict(encoder)
    pooled = {k.replace("norm.", "fc_norm.") if k.startswith("norm.") else k: v for k, v in encoder.items()} | head
    timm_classifier = vit(num_classes=3, global_pool="avg")
    timm_classifier.load_state_dict(pooled)
    save_file({k: v.contiguous() for k, v in timm_classifier.state_dict().items()}, path("classifier_timm.safetensors"))

    hf_classifier = ViTForImageClassification(ViTConfig(**sizes, num_labels=3)).eval()
    hf_classifier.load_state_dict(hugging_face(encoder | head, 5))
    save_pretrained(hf_classifier, "classifier_huggingface")

    with torch.no_grad():
        out = mae(images, noise=noise)
        save_file(
            {
                "images": images,
                "noise": noise,
                "features": plain_vit.forward_features(images),
                "prediction": out.logits.contiguous(),
                "mask": out.mask.contiguous(),
                "loss": out.loss.reshape(1),
                "timm_logits": timm_classifier(images),
                "huggingface_logits": hf_classifier(images).logits.contiguous(),
            },
            path("outputs.safetensors"),
        )
    print(json.dumps({e: os.path.getsize(path(e)) for e in sorted(os.listdir(HERE)) if os.path.isfile(path(e))}))


main()
