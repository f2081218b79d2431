"""What bmae is to reach."""

# Peak memory in parts of PyTorch's, at most, in every row.
MEMORY = 0.6

# Images/s in parts of the better PyTorch's, by row, and of MAE-new also by the way in which PyTorch runs it; AVX-512, AVX2.
_OF_PYTORCH = {
    "pretrain-light": (1.5, 1.3),
    "pretrain-mini": (1.8, 1.5),
    "pretrain-paper": (1.25, 1.2),
    "pretrain-vit-s16-224": (1.3, 1.2),
    "mae-k-light": (1.45, 1.3),
    "mae-new-light two-passes": (2.1, 1.8),
    "mae-new-light one-pass": (1.4, 1.25),
    "finetune-light": (1.4, 1.25),
    "finetune-mini": (1.6, 1.4),
    "linprobe-light": (1.6, 1.4),
}

# bmae in bfloat16 with AMX: of PyTorch's better of single precision and bfloat16, and of bmae in single precision.
_AMX_OF_PYTORCH = 1.3
_AMX_OF_OWN_F32 = 2.5


def of_pytorch(row, variant, printed):
    """None where there is no goal; `printed`: what `bmae bench --json` printed."""
    if printed.get("precision", "f32") == "bf16":
        return _AMX_OF_PYTORCH if _used_amx(printed) else None
    instructions = {"avx512": 0, "avx2": 1}.get(printed["instruction_set"])
    goals = _OF_PYTORCH.get(f"{row.name} {variant}".strip())
    return goals[instructions] if goals and instructions is not None else None


def of_own_f32(printed):
    return _AMX_OF_OWN_F32 if _used_amx(printed) else None


def _used_amx(printed):
    return "amx" in printed.get("bf16_products", "")
