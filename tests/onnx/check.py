"""Runs exported models in the real onnxruntime and transformers, and opens files of features in numpy and pandas.

    python -m venv /tmp/onnx && /tmp/onnx/bin/pip install onnx onnxruntime numpy pandas safetensors pillow
    /tmp/onnx/bin/pip install torch torchvision transformers      # for the Hugging Face part, which is skipped without
    /tmp/onnx/bin/python tests/onnx/check.py --bmae target/release/bmae

It draws a few images, trains an encoder, fine-tuned and probed classifiers on them, exports all of them, and compares what the
files compute with what `bmae features` computes (times the head, in 64 bits, for logits). It prints a line for each check with
the largest difference, and exits with 1 if one is above its limit.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import pandas
from PIL import Image
from safetensors import safe_open

LIMIT = 1e-4
CLASSES = ["=sum, or not", "chat \N{CAT FACE}", "d\N{LATIN SMALL LETTER O WITH DIAERESIS}g"]
RECIPE = """
seed = 3
[data]
image_size = 32
mean = [0.43, 0.5, 0.61]
std = [0.2, 0.25, 0.3]
[model]
patch_size = 8
encoder = { dim = 48, depth = 3, heads = 4 }
decoder = { dim = 24, depth = 1, heads = 2 }
[pretrain]
epochs = 6
warmup_epochs = 1
batch_size = 16
[finetune]
epochs = 30
base_lr = 0.03
warmup_epochs = 1
batch_size = 16
[linprobe]
epochs = 30
base_lr = 3.0
warmup_epochs = 0
batch_size = 16
"""
failures = []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bmae", default="target/release/bmae", type=pathlib.Path)
    parser.add_argument("--keep", type=pathlib.Path, help="folder to keep all files in")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        check(arguments.bmae.resolve(), folder)
    print("all as it should be" if not failures else f"{len(failures)} failed: {', '.join(failures)}")
    sys.exit(bool(failures))


def check(bmae, folder):
    def run(*words):
        done = subprocess.run([bmae, *map(str, words)], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    (folder / "small.toml").write_text(RECIPE)
    draw_images(folder / "photos", 32, 32)
    draw_images(folder / "wide", 16, 48)
    photos = ["--preset", "small.toml", "--data", "photos", "-q"]
    wide = ["--preset", "small.toml", "--data", "wide", "-q", "--set", "data.image_size=[16, 48]"]
    run("pretrain", *photos, "--out", "mae")
    check_model(run, folder, photos, "encoder", "mae", "class-token")
    check_model(run, folder, photos, "encoder", "mae", "mean")
    for pooling in ["class-token", "mean"]:
        run("finetune", *photos, "--from", "mae", "--set", f"finetune.pooling={pooling}", "--out", f"finetuned-{pooling}")
        run("linprobe", *photos, "--from", "mae", "--set", f"linprobe.feature={pooling}", "--out", f"probed-{pooling}")
        check_model(run, folder, photos, "fine-tuned", f"finetuned-{pooling}", pooling)
        check_model(run, folder, photos, "probed", f"probed-{pooling}", pooling)
    run("pretrain", *wide, "--out", "wide-mae")
    run("finetune", *wide, "--from", "wide-mae", "--out", "wide-finetuned", "--set", "finetune.pooling=mean")
    check_model(run, folder, wide, "fine-tuned, 16 x 48", "wide-finetuned", "mean")
    check_feature_files(run, folder, photos)
    check_hugging_face(run, folder)


def check_model(run, folder, own, kind, directory, pooling):
    """Exports a run with integers and floats as input, and compares with what bmae computes of its test images."""
    is_encoder = kind == "encoder"
    features, files = features_of(run, folder, own, directory, pooling)
    data = folder / own[own.index("--data") + 1] / "test"
    images = np.stack([np.asarray(Image.open(data / file)) for file in files])
    expected = features if is_encoder else logits(folder / directory, features)
    for numbers in ["uint8", "float"]:
        file = folder / f"{directory}-{pooling}-{numbers}.onnx"
        more = ["--feature", pooling] if is_encoder else []
        run("checkpoint", "export", "--from", directory, "--to", "onnx", "--input", numbers, "--out", file, "-q", *more)
        found = check_onnx(f"{kind}, {pooling}, {numbers}", file, images, expected, is_encoder)
    if not is_encoder:
        check_predict(run, f"{kind}, {pooling}", directory, data, files, found)


def check_predict(run, label, directory, data, files, logits):
    """The softmax of what onnxruntime computes is what `bmae predict` says."""
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    told = json.loads(run("predict", "--from", directory, "--json", "--top", len(CLASSES), *(data / file for file in files)))
    place = {str(data / file): index for index, file in enumerate(files)}
    found = np.zeros_like(likely)
    for record in told:
        found[place[record["file"]], CLASSES.index(record["class"])] = record["probability"]
    compare(f"{label}: bmae predict", found, likely)


def draw_images(folder, height, width):
    """Blobs of colours that depend on the class, so that something can be learned."""
    generator = np.random.default_rng(5)
    rows, columns = np.mgrid[0:height, 0:width]
    for split, count in [("train", 24), ("test", 7)]:
        for label, name in enumerate(CLASSES):
            (folder / split / name).mkdir(parents=True, exist_ok=True)
            for index in range(count):
                row, column, radius = generator.uniform([0, 0, 4], [height, width, 9])
                blob = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / radius**2)[..., None]
                colour = np.eye(3)[label] * 200 + generator.uniform(0, 55, 3)
                pixels = blob * colour + generator.uniform(0, 60, (height, width, 3))
                Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / split / name / f"{index}.png")


def features_of(run, folder, own, directory, feature):
    """What bmae computes of the test images, and their files."""
    out = folder / "features.safetensors"
    run("features", *own, "--from", directory, "--split", "test", "--feature", feature, "--out", out)
    with safe_open(out, "numpy") as file:
        return file.get_tensor("features"), json.loads(file.metadata()["bmae.files"])


def logits(directory, features):
    """The head of a classifier on its features, in 64 bits."""
    with safe_open(directory / "checkpoints" / "last.safetensors", "numpy") as file:
        weights = {name: file.get_tensor(name).astype(np.float64) for name in file.keys()}
    x = features.astype(np.float64)
    if "batchnorm.running_mean" in weights:
        x = (x - weights["batchnorm.running_mean"]) / np.sqrt(weights["batchnorm.running_var"] + 1e-6)
    return x @ weights["head.weight"].T + weights["head.bias"]


def check_onnx(label, path, images, expected, is_encoder):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    report(f"{label}: onnx.checker", model.opset_import[0].version == 17, f"opset {model.opset_import[0].version}, ir {model.ir_version}")
    told = {entry.key: entry.value for entry in model.metadata_props}
    is_named = is_encoder or json.loads(told["bmae.classes"]) == CLASSES
    report(f"{label}: metadata", is_named and model.producer_name == "bmae" and told["bmae.version"] == model.producer_version, "")
    session = onnxruntime.InferenceSession(path)
    [given], [result] = session.get_inputs(), session.get_outputs()
    is_uint8 = label.endswith("uint8")
    sides = list(images.shape[1:3])
    shape = ["N", *sides, 3] if is_uint8 else ["N", 3, *sides]
    output = "features" if is_encoder else "logits"
    report(f"{label}: inputs and outputs", (given.name, given.shape, result.name) == ("images", shape, output), f"{given.name} {given.shape} -> {result.name} {result.shape}")
    x = images if is_uint8 else (images.transpose(0, 3, 1, 2) / np.float32(255)).astype(np.float32)
    for batch in [1, 7]:
        found = [session.run([output], {"images": x[at : at + batch]})[0] for at in range(0, len(x), batch)]
        compare(f"{label}: onnxruntime at batch {batch}", np.concatenate(found), expected)
    return np.concatenate(found)


def check_feature_files(run, folder, own):
    command = ["features", *own, "--from", "mae", "--split", "test", "--feature", "mean", "--out"]
    for name in ["f.safetensors", "f.npz", "f.csv"]:
        run(*command, name)
        first = (folder / name).read_bytes()
        run(*command, name)
        report(f"{name}: the same again", (folder / name).read_bytes() == first, "")
    with safe_open(folder / "f.safetensors", "numpy") as file:
        expected, labels = file.get_tensor("features"), file.get_tensor("labels")
        files, classes = (json.loads(file.metadata()[f"bmae.{key}"]) for key in ["files", "classes"])
    arrays = np.load(folder / "f.npz", allow_pickle=False)
    is_same = (arrays["features"] == expected).all() and (arrays["labels"] == labels).all()
    is_same = is_same and arrays["files"].tolist() == files and arrays["classes"].tolist() == classes == CLASSES
    shapes = ", ".join(f"{name} {arrays[name].dtype} {list(arrays[name].shape)}" for name in arrays.files)
    report("f.npz: numpy.load without pickle", is_same, shapes)
    table = pandas.read_csv(folder / "f.csv")
    values = table.filter(regex="^f[0-9]+$").to_numpy(np.float32)
    names = ["'" + name if name.startswith("=") else name for name in CLASSES]
    is_same = (values == expected).all() and table["label"].tolist() == [names[label] for label in labels]
    report("f.csv: pandas.read_csv", is_same and len(table["file"]) == len(files), f"{table.shape[0]} rows, columns {', '.join(table.columns[:4])}, ...")


def check_hugging_face(run, folder):
    try:
        import torch
        import transformers
    except ImportError as missing:
        print(f"skipped: transformers ({missing})")
        return
    run("checkpoint", "export", "--from", "finetuned-class-token", "--to", "huggingface", "--out", "vit", "-q")
    model = transformers.ViTForImageClassification.from_pretrained(folder / "vit").eval()
    processor = transformers.AutoImageProcessor.from_pretrained(folder / "vit")
    report("transformers: id2label", [model.config.id2label[at] for at in range(3)] == CLASSES, str(model.config.id2label))
    path = next((folder / "photos" / "test").rglob("3.png"))
    image = Image.open(path)
    session = onnxruntime.InferenceSession(folder / "finetuned-class-token-class-token-uint8.onnx")
    [expected] = session.run(["logits"], {"images": np.asarray(image)[None]})
    with torch.no_grad():
        found = model(**processor(image, return_tensors="pt")).logits.numpy()
    compare(f"transformers: logits of an image through {type(processor).__name__}", found, expected)


def compare(label, found, expected):
    difference = float(np.abs(found - expected).max())
    report(label, found.shape == expected.shape and difference <= LIMIT, f"largest difference {difference:.1e} of numbers up to {np.abs(expected).max():.2f}")


def report(label, is_right, detail):
    if not is_right:
        failures.append(label)
    print(f"{'ok' if is_right else 'FAILED'}: {label}{': ' if detail else ''}{detail}", flush=True)


if __name__ == "__main__":
    main()
