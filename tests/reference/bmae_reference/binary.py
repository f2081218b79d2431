"""Runs `bmae` on files in one folder, and writes down there what it ran."""

import shlex
import subprocess
from pathlib import Path

from safetensors.torch import load_file, save_file

from .samples import recipe_to_flags


class Failed(Exception):
    """bmae ended with an error."""


class Bmae:
    def __init__(self, path, folder):
        self.path, self.folder, self.runs = Path(path).resolve(), Path(folder), 0

    def file(self, name):
        """A path that no earlier call has used."""
        self.runs += 1
        return self.folder / f"{self.runs:03}-{name}"

    def save(self, tensors, name):
        path = self.file(f"{name}.safetensors")
        save_file({key: value.contiguous().clone() for key, value in tensors.items()}, path)
        return path

    def run(self, *arguments):
        command = [str(self.path), *map(str, arguments)]
        with (self.folder / "commands.txt").open("a") as commands:
            commands.write(shlex.join(command) + "\n")
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"bmae {arguments[0]} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout + done.stderr

    def forward(self, recipe, weights, inputs, target=None, gradients=False):
        """`weights` and `target`: paths; `inputs`: tensors."""
        outputs = self.file("outputs.safetensors")
        files = ["--weights", weights, "--inputs", self.save(inputs, "inputs"), "--outputs", outputs]
        files += ["--target", target] if target else []
        files += ["--grads"] if gradients else []
        self.run("forward", *files, *recipe_to_flags(recipe))
        return load_file(outputs)

    def replay(self, stage, recipe, weights, batches, steps_per_epoch):
        outputs = self.file("outputs.safetensors")
        files = ["--weights", weights, "--batches", self.save(batches, "batches"), "--outputs", outputs]
        arguments = ["--stage", stage, "--steps-per-epoch", steps_per_epoch]
        self.run("replay", *arguments, *files, *recipe_to_flags(recipe))
        return load_file(outputs)

    def features(self, recipe, weights, data, feature, split="train"):
        out = self.file("features.safetensors")
        files = ["--from", weights, "--data", data, "--split", split, "--out", out]
        self.run("features", *files, "--feature", feature, *recipe_to_flags(recipe))
        return load_file(out)

    def export(self, recipe, weights, to):
        out = self.file("exported" if to == "huggingface" else f"exported-{to}.safetensors")
        self.run("checkpoint", "export", "--from", weights, "--to", to, "--out", out, *recipe_to_flags(recipe))
        return out
