"""The comparisons by name, and what each program is asked to run for one."""

import re
from dataclasses import dataclass, field


class UnknownRow(Exception):
    pass


@dataclass(frozen=True)
class Model:
    """`settings`: where bmae's preset is not the model of this name in pytorch_peer.py. `is_slow`: a step takes seconds."""

    batch: int
    preset: str = "paper"
    settings: dict = field(default_factory=dict)
    is_slow: bool = False


def at_224(encoder, decoder):
    sizes = {"data.image_size": 224, "model.patch_size": 16}
    for part, (dim, depth, heads) in {"encoder": encoder, "decoder": decoder}.items():
        sizes |= {f"model.{part}.dim": dim, f"model.{part}.depth": depth, f"model.{part}.heads": heads}
    return Model(16, settings=sizes, is_slow=True)


# Encoder and decoder of both programs have as many trained parameters (positions are not trained, and the heads of the
# evaluations are left out): light 5,348,352 and 1,826,352; mini 1,196,288 and 111,536; paper 5,348,352 and 25,344,048;
# vit-s16-224 21,590,016 and 2,002,176; vit-b16-224 85,647,360 and 26,008,320.
MODELS = {
    "light": Model(64, settings={"model.decoder.dim": 192, "model.decoder.depth": 4, "model.decoder.heads": 3}),
    "mini": Model(128, preset="mini"),
    "paper": Model(64, is_slow=True),
    "vit-s16-224": at_224((384, 12, 6), (192, 4, 3)),
    "vit-b16-224": at_224((768, 12, 12), (512, 8, 16)),
}
KINDS = ("pretrain", "mae-k", "mae-new", "finetune", "linprobe")
SLOW_BATCH = 256

# What --rows may name beside single rows.
GROUPS = {
    "all": [
        "pretrain-light", "pretrain-mini", "pretrain-paper", "pretrain-vit-s16-224", "pretrain-vit-b16-224", "mae-k-light",
        "mae-new-light", "finetune-light", "finetune-mini", "linprobe-light", "linprobe-mini",
    ],
    "batches": [f"pretrain-{model}@{batch}" for model in ("light", "mini") for batch in (64, 128, 256, 512)],
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    kind: str
    model: str
    batch: int

    @classmethod
    def named(cls, name):
        """KIND-MODEL or KIND-MODEL@BATCH."""
        known = re.fullmatch(rf"({'|'.join(KINDS)})-({'|'.join(MODELS)})(?:@([1-9][0-9]*))?", name)
        if not known:
            raise UnknownRow(
                f"unknown row {name}; a row is KIND-MODEL or KIND-MODEL@BATCH with a kind of {', '.join(KINDS)} and a model of "
                f"{', '.join(MODELS)}; or one of the groups {', '.join(GROUPS)}"
            )
        kind, model, batch = known.groups()
        return cls(kind, model, int(batch or MODELS[model].batch))

    @property
    def name(self):
        suffix = "" if self.batch == MODELS[self.model].batch else f"@{self.batch}"
        return f"{self.kind}-{self.model}{suffix}"

    @property
    def is_slow(self):
        return MODELS[self.model].is_slow or self.batch >= SLOW_BATCH

    @property
    def _stage_and_method(self):
        if self.kind in ("finetune", "linprobe"):
            return self.kind, "mae"
        return "pretrain", "mae" if self.kind == "pretrain" else self.kind

    @property
    def variants(self):
        """How PyTorch runs it. The two passes of MAE-new that were published, and its one pass, are two comparisons."""
        return ("two-passes", "one-pass") if self.kind == "mae-new" else ("",)

    def of_bmae(self, pace, precision):
        model, (stage, method) = MODELS[self.model], self._stage_and_method
        settings = dict(model.settings)
        if stage == "finetune":
            settings["finetune.drop_path"] = 0.0  # the peer drops no branches
        if method == "mae-new":
            settings["method.masks"] = "shared"  # one pass of the student for both targets, the same in expectation as two
        if precision != "f32":
            settings["precision"] = precision
        command = ["bench", "--preset", model.preset, "--stage", stage, "--method", method, *self._steps(pace)]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        return [*command, "--json"]

    def of_pytorch(self, pace, precision, variant, is_compiled):
        stage, method = self._stage_and_method
        command = ["--config", self.model, "--stage", stage, "--method", method, *self._steps(pace)]
        if variant == "one-pass":
            command.append("--one-pass")
        if precision != "f32":
            command += ["--precision", precision]
        return [*command, "--compile"] if is_compiled else command

    def _steps(self, pace):
        steps, warmup = pace.of(self)
        return ["--batch", str(self.batch), "--steps", str(steps), "--warmup", str(warmup), "--threads", str(pace.threads)]


@dataclass(frozen=True)
class Pace:
    steps: int
    warmup: int
    steps_of_slow: int
    threads: int

    def of(self, row):
        """Timed steps, and those before them."""
        return (self.steps_of_slow, 1) if row.is_slow else (self.steps, self.warmup)


def rows_of(words):
    """Rows and groups by name, each row once, in the order in which they are named."""
    names = [name for word in words.split() for name in GROUPS.get(word, [word])]
    return list(dict.fromkeys(Row.named(name) for name in names))


@dataclass(frozen=True)
class Run:
    """One program's part in a row. bmae has no variant, and is not compiled."""

    is_bmae: bool
    precision: str
    variant: str = ""
    is_compiled: bool = False

    @property
    def name(self):
        if self.is_bmae:
            return f"bmae {self.precision}"
        return " ".join(filter(None, ("PyTorch", self.precision, self.variant, "compiled" if self.is_compiled else "eager")))

    def arguments(self, row, pace):
        if self.is_bmae:
            return row.of_bmae(pace, self.precision)
        return row.of_pytorch(pace, self.precision, self.variant, self.is_compiled)


def runs_of(row, precisions, with_compiled):
    """All that runs in one round of a row, in this order."""
    of_bmae = [Run(True, precision) for precision in precisions]
    compiled = (False, True) if with_compiled else (False,)
    return of_bmae + [
        Run(False, precision, variant, is_compiled)
        for variant in row.variants
        for precision in precisions
        for is_compiled in compiled
    ]
