"""The training of `bmae` once more, in plain PyTorch, to check the Rust against.

Own code from the papers and from docs/methods.md, docs/recipes.md and docs/formats.md, no port of the Rust. It is naive
on purpose: one student pass per target, no fusing, no accumulation. Parameters carry the official MAE's names,
so a state dict is a weight file as it is.
"""
