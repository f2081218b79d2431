"""Writes corpus/: a few tiny files for each parser. Needs Pillow and torch; the files are in the repository.

    python fuzz/make_corpus.py
"""

import io
import json
import pickle
import shutil
import struct
import tarfile
import zipfile
from pathlib import Path

import torch
from PIL import Image

CORPUS = Path(__file__).parent / "corpus"
ROOT = Path(__file__).parent.parent


def write(target, name, data):
    path = CORPUS / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def picture(mode, size=(9, 7)):
    image = Image.new("RGB", size)
    image.putdata([((x * 28) % 256, (y * 36) % 256, (x * y * 7) % 256) for y in range(size[1]) for x in range(size[0])])
    return image.convert("RGB").convert("L").convert(mode) if mode in ("1", "I;16") else image.convert(mode)


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def images():
    exif = Image.Exif()
    exif[0x0112] = 6
    for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"):
        write("image", f"{mode.lower().replace(';', '')}.png", encoded(picture(mode), "PNG"))
    write("image", "exif.png", encoded(picture("RGB"), "PNG", exif=exif))
    write("image", "baseline.jpg", encoded(picture("RGB", (19, 17)), "JPEG", quality=60, exif=exif))
    write("image", "progressive.jpg", encoded(picture("RGB", (19, 17)), "JPEG", progressive=True, quality=60))
    write("image", "grey.jpg", encoded(picture("L"), "JPEG"))
    write("image", "cmyk.jpg", encoded(picture("CMYK"), "JPEG"))
    write("image", "lossy.webp", encoded(picture("RGB"), "WEBP"))
    write("image", "lossless.webp", encoded(picture("RGBA"), "WEBP", lossless=True))
    frames = [picture("RGB"), picture("RGB").rotate(180)]
    write("image", "animated.webp", encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]))
    write("image", "animated.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    write("image", "rgb.bmp", encoded(picture("RGB"), "BMP"))
    write("image", "palette.bmp", encoded(picture("P"), "BMP"))
    for compression in (None, "tiff_lzw", "packbits", "tiff_adobe_deflate"):
        write("image", f"{compression or 'raw'}.tiff", encoded(picture("RGB"), "TIFF", compression=compression))
    write("image", "grey.tiff", encoded(picture("I;16"), "TIFF"))
    for kind, mode in (("ppm", "RGB"), ("pgm", "L"), ("pbm", "1")):
        write("image", f"raw.{kind}", encoded(picture(mode), "PPM"))
    write("image", "text.ppm", "P3\n# text\n2 2 255\n0 0 0 255 0 0 0 255 0 0 0 255\n")
    header = "P7\nWIDTH 2\nHEIGHT 2\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
    write("image", "alpha.pam", header.encode() + bytes(range(16)))
    pixels = b"".join(b"\xff" + bytes([n, 2 * n, 3 * n]) for n in range(8))
    write("image", "rgba.qoi", b"qoif" + struct.pack(">IIBB", 4, 2, 4, 0) + pixels + bytes(7) + b"\x01")


def cifar():
    record = bytes([3]) + bytes(3072)
    write("cifar_binary", "cifar10", b"\x00" + record)
    write("cifar_binary", "cifar100", b"\x01\x02" + record)
    write("cifar_binary", "short", b"\x00" + record[:100])
    names = [f"data_batch_{n}" for n in range(1, 6)] + ["test_batch"]
    for form, kind in (("tar", tarfile.USTAR_FORMAT), ("gnu.tar", tarfile.GNU_FORMAT), ("pax.tar", tarfile.PAX_FORMAT)):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
            for name in names:
                info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
                info.size = len(record)
                archive.addfile(info, io.BytesIO(record))
        write("cifar_archive", form, out.getvalue())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name in ("train", "test"):
            info = tarfile.TarInfo(f"cifar-100-binary/{name}.bin")
            info.size = 3074
            archive.addfile(info, io.BytesIO(b"\x02" + record))
        link = tarfile.TarInfo("cifar-100-binary/fine_label_names.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    write("cifar_archive", "link.tar.gz", out.getvalue())


def sets():
    png = encoded(picture("L", (3, 2)), "PNG")
    members = [(f"{n}.{ending}", data) for n in range(3) for ending, data in (("png", png), ("cls", str(n % 2).encode()))]
    members += [("b/3.jpg", encoded(picture("L", (3, 2)), "JPEG")), ("b/3.json", b'{"label": 1}'), ("b/3.txt", b"text")]
    for form, kind in (("gnu.tar", tarfile.GNU_FORMAT), ("pax.tar", tarfile.PAX_FORMAT)):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
            for name, data in members + [("long" * 30 + ".png", png), ("long" * 30 + ".cls", b"0")]:
                info = tarfile.TarInfo(name)
                info.size, info.mtime = len(data), 1.5 if kind == tarfile.PAX_FORMAT else 1
                archive.addfile(info, io.BytesIO(data))
        write("shard", form, out.getvalue())
    for name, kind in (("stored.zip", zipfile.ZIP_STORED), ("deflated.zip", zipfile.ZIP_DEFLATED)):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", kind) as archive:
            for path in ("train/a/0.png", "train/b/1.png", "val/a/0.png", "val/b/1.png", "notes.txt"):
                archive.writestr(zipfile.ZipInfo("photos/" + path), png, kind)
        write("zip", name, out.getvalue())
    write("table", "named.csv", "label,file,split\r\na,0.png,train\r\nb,b/1.png,train\r\n")
    write("table", "plain.csv", "0.png,7\n\"b/1.png\", 12\n")
    write("table", "tabs.csv", "\ufefffilename\tclass\n0.png\tx\nb/1.png\ty\n")


def texts():
    for name in ("quick", "paper"):
        lines = (ROOT / f"configs/{name}.toml").read_text().splitlines()
        write("recipe", f"{name}.toml", "\n".join(line for line in lines if not line.startswith("#")) + "\n")
    write("recipe", "custom.toml", (
        '[method]\nname = "custom"\nwse = 4\npixel_weight = 0.5\n'
        '[[method.targets]]\nupdate = "ema"\nunit = "step"\ntau = 0.01\ntau_end = 0.001\nramp = "cosine"\n'
        '[[method.targets]]\nweight = 0.2\nupdate = "copy"\nevery = 5\n'
    ))
    write("setting", "scalars", "pretrain.epochs=3\nmethod.name=mae-k\nmethod.k=2\nfinetune.base_lr=1e-3\n")
    write("setting", "tables", "model.encoder={dim=16, depth=1, heads=2}\npretrain.crop_scale=[0.2, 1.0]\n")
    write("setting", "targets", "method.name=custom\nmethod.targets=[{update='ema', tau=0.1}, {update='copy'}]\n")
    write("setting", "wrong", "pretrain.epoch=3\n=4\nseed=\nseed=\"x\n")
    for name in ("k", "report", "lambda"):
        lines = (ROOT / f"configs/sweeps/{name}.toml").read_text().splitlines()
        write("sweep", f"{name}.toml", "\n".join(line for line in lines if not line.startswith("#")) + "\n")
    about = (
        'stage = "pretrain"\nname = "mae-new"\nmethod = "mae-new"\nk = 5\ntau = 0.005\nslow_weight = 0.2\nseed = 1\n'
        'epochs = 12\nfinished = false\nfailed = "no room left"\nprogram = "bmae 0.1.0"\ncommit = "71eae48+"\n'
        'machine = "2 cores"\nthreads = 2\ndata = "CIFAR-10"\nclasses = 10\ntest_images = 10000\n'
        'started = 1700000000\nshared_from = "runs/trunk"\nshared_epochs = 5\nfrom = "runs/a"\n'
        '[[earlier]]\nprogram = "bmae 0.0.9"\nthreads = 1\n'
    )
    write("run_file", "run.toml", about)
    write("run_file", "with-config", about + "\0" + "seed = 1\n[data]\nsource = \"cifar10\"\n[finetune]\nepochs = 3\n")
    write("run_file", "probe", 'stage = "linprobe"\nname = "mae"\nmethod = "mae"\nseed = 0\nepochs = 1\n')
    lines = [
        {"kind": "step", "run": "mae", "seed": 0, "epoch": 0, "wall_s": 1.5, "step": 4, "epoch_1000x": 250,
         "loss": 0.5, "lr": 0.001, "images_per_s": 100.0, "targets": [0.2, 0.25], "pixel": 0.5},
        {"kind": "epoch", "run": "mae", "seed": 0, "epoch": 0, "wall_s": 2.0, "loss": None, "images_per_s": 100.0,
         "grad_norm": 1.0, "target_std": 0.5, "prediction_std": 0.5, "rank_me": 3.5, "knn_top1": 20.0,
         "event": "switch", "event_at_end": True, "event_after": "copy", "collapse": "it collapsed"},
        {"kind": "stability", "run": "mae", "seed": 0, "epoch": 0, "wall_s": 2.0, "student_cosine": 0.75,
         "student_cka": 0.5, "target_cosine": [1.0, 0.5], "target_cka": [1.0, None], "loss_roughness": 0.125,
         "renewals": [{"target": 1, "at": "end", "loss_before": 0.25, "loss_after": 0.5, "cosine": 0.875}]},
        {"kind": "eval", "run": "mae", "seed": 0, "epoch": 0, "wall_s": 2.5, "evaluation": "knn", "top1": 12.5},
    ]
    whole = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    write("metrics", "whole.jsonl", whole)
    write("metrics", "torn.jsonl", whole[:-20])


def safetensors(tensors, metadata=None):
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def weights():
    # An encoder of one block and width 4 for patches of 2 x 2.
    shapes = {
        "cls_token": [1, 1, 4], "pos_embed": [1, 5, 4], "patch_embed.proj.weight": [4, 3, 2, 2],
        "patch_embed.proj.bias": [4], "blocks.0.norm1.weight": [4], "blocks.0.norm1.bias": [4],
        "blocks.0.attn.qkv.weight": [12, 4], "blocks.0.attn.qkv.bias": [12], "blocks.0.attn.proj.weight": [4, 4],
        "blocks.0.attn.proj.bias": [4], "blocks.0.norm2.weight": [4], "blocks.0.norm2.bias": [4],
        "blocks.0.mlp.fc1.weight": [8, 4], "blocks.0.mlp.fc1.bias": [8], "blocks.0.mlp.fc2.weight": [4, 8],
        "blocks.0.mlp.fc2.bias": [4], "norm.weight": [4], "norm.bias": [4],
    }
    generator = torch.Generator().manual_seed(0)
    state = {name: torch.rand(shape, generator=generator) for name, shape in shapes.items()}
    raw = {name: ("F32", list(t.shape), t.numpy().tobytes()) for name, t in state.items()}
    write("weights", "official.safetensors", safetensors(raw, {"bmae.config": "seed = 0\n", "bmae.epochs_done": "2"}))
    other = {
        "half": ("F16", [2], b"\0\x3c\0\x3c"), "brain": ("BF16", [1, 2], bytes(4)), "double": ("F64", [1], bytes(8)),
        "whole": ("I64", [1], bytes(8)), "single": ("F32", [], bytes(4)),
    }
    write("weights", "types.safetensors", safetensors(other))
    names = {
        "cls_token": "embeddings.cls_token", "pos_embed": "embeddings.position_embeddings",
        "patch_embed.proj.": "embeddings.patch_embeddings.projection.", "norm.": "layernorm.",
        "blocks.0.norm1": "encoder.layer.0.layernorm_before", "blocks.0.norm2": "encoder.layer.0.layernorm_after",
        "blocks.0.attn.proj": "encoder.layer.0.attention.output.dense",
        "blocks.0.mlp.fc1": "encoder.layer.0.intermediate.dense", "blocks.0.mlp.fc2": "encoder.layer.0.output.dense",
    }
    theirs = {}
    for name, tensor in state.items():
        if ".qkv." in name:
            for part, third in zip(("query", "key", "value"), tensor.chunk(3)):
                key = f"vit.encoder.layer.0.attention.attention.{part}.{name.rsplit('.', 1)[1]}"
                theirs[key] = ("F32", list(third.shape), third.contiguous().numpy().tobytes())
            continue
        old = next(old for old in names if name.startswith(old))
        theirs["vit." + names[old] + name[len(old):]] = ("F32", list(tensor.shape), tensor.numpy().tobytes())
    write("weights", "huggingface.safetensors", safetensors(theirs, {"format": "pt"}))
    few = {name: state[name] for name in ("cls_token", "patch_embed.proj.weight", "norm.bias")}
    for name, value, zipped in (
        ("plain.pth", few, True),
        ("nested.pth", {"model": few, "epoch": 3, "optimizer": {"lr": 0.1, "step": torch.tensor(3)}}, True),
        ("legacy.pth", {"state_dict": {f"module.{name}": tensor for name, tensor in few.items()}}, False),
        ("views.pth", {"a": few["cls_token"].expand(1, 5, 4), "b": few["patch_embed.proj.weight"].transpose(0, 1)}, True),
    ):
        out = io.BytesIO()
        torch.save(value, out, _use_new_zipfile_serialization=zipped)
        write("weights", name, out.getvalue())
        if zipped:
            with zipfile.ZipFile(out) as archive:
                pickled = next(entry for entry in archive.namelist() if entry.endswith("/data.pkl"))
                write("pickle", name.replace(".pth", ".pkl"), archive.read(pickled))
    write("weights", "archive.pth", tar_container())
    config = {
        "architectures": ["ViTMAEForPreTraining"], "model_type": "vit_mae", "hidden_size": 4, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 8, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
        "image_size": 4, "patch_size": 2, "num_channels": 3, "qkv_bias": True, "decoder_num_attention_heads": 16,
        "decoder_hidden_size": 512, "decoder_num_hidden_layers": 8, "decoder_intermediate_size": 2048,
        "mask_ratio": 0.75, "norm_pix_loss": False, "transformers_version": "4.44.0",
    }
    write("hugging_face", "mae.json", json.dumps(config, indent=1))
    write("hugging_face", "other.json", '{"num_attention_heads": "two", "hidden_act": "relu", "layer_norm_eps": null}')


def tar_container():
    """What torch.save wrote before version 0.1.10: a tar of pickles."""
    def member(archive, name, data):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))

    protocol = 2
    storages = pickle.dumps(1, protocol) + pickle.dumps(("0", "cpu", "FloatStorage"), protocol)
    storages += struct.pack("<q", 4) + struct.pack("<4f", 1, 2, 3, 4)
    tensors = pickle.dumps(1, protocol) + pickle.dumps(("1", "0", "FloatTensor"), protocol)
    tensors += struct.pack("<i", 1) + bytes(4) + struct.pack("<q", 4) + struct.pack("<q", 1) + struct.pack("<q", 0)

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return "1" if isinstance(value, torch.Tensor) else None

    objects = io.BytesIO()
    Pickler(objects, protocol).dump({"norm.weight": torch.zeros(4)})
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        system = {"protocol_version": 1000, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
        member(archive, "sys_info", pickle.dumps(system, protocol))
        member(archive, "pickle", objects.getvalue())
        member(archive, "tensors", tensors)
        member(archive, "storages", storages)
    return out.getvalue()


if __name__ == "__main__":
    shutil.rmtree(CORPUS, ignore_errors=True)
    images()
    cifar()
    sets()
    texts()
    weights()
