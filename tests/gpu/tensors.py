"""Tensors of safetensors files, and how far some are from others. No packages."""

import json
import struct


def read(path):
    """The tensors of a safetensors file, as flat lists."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + length])
    letter = {"F32": "f", "I64": "q", "F64": "d"}
    tensors = {}
    for name, about in header.items():
        if name != "__metadata__":
            begin, end = about["data_offsets"]
            data = raw[8 + length + begin:8 + length + end]
            kind = letter[about["dtype"]]
            tensors[name] = struct.unpack(f"<{len(data) // struct.calcsize(kind)}{kind}", data)
    return tensors


def error(name, expected, found):
    """As golden.rs has it: of a loss relative to each, else relative to the tensor's largest number."""
    assert len(expected) == len(found), name
    differences = [abs(a - b) for a, b in zip(expected, found)]
    if any(difference != difference for difference in differences):
        return float("inf")
    if name == "loss":
        return max(difference / abs(a) for difference, a in zip(differences, expected))
    return max(differences, default=0.0) / max(max((abs(a) for a in expected), default=0.0), 1e-300)
