"""In what two states differ, entry by entry, so that a checkpoint can say why it does not fit."""

from collections.abc import Iterator
from typing import Any

import torch


def entries(state: Any, stem: str = "") -> Iterator[tuple[str, Any]]:
    """("0.weight", tensor), ("optimizer.param_groups.0.lr", 0.1), …: every leaf of nested dicts and lists of dicts."""
    if isinstance(state, list) and state and all(isinstance(part, dict) for part in state):
        state = dict(enumerate(state))
    if not isinstance(state, dict):
        yield stem, state
        return
    for key, value in state.items():
        yield from entries(value, f"{stem}.{key}" if stem else str(key))


def difference(ours: dict, theirs: dict) -> str | None:
    """The first entry that does not fit, and how; None if all do.

    Tensors must have the same shapes and types on both sides. An optimizer has none before its first step, so its own
    are not compared; but each setting in the file must be known here: Adam's betas mean nothing to SGD.
    """
    mine, others = dict(entries(ours)), dict(entries(theirs))
    for entry in sorted(mine.keys() | others.keys()):
        here, there = (_kind(side.get(entry), entry in side) for side in (mine, others))
        if entry.startswith("optimizer.state."):
            continue
        setting = "tensor" not in here + there
        if (here == "nothing") if setting else here != there:
            return f"{entry} has {there} in the file and {here} here"
    return None


def has_nan(states: dict) -> str | None:
    """The name of the first tensor that holds NaN."""
    for name, value in entries(states):
        if isinstance(value, torch.Tensor) and value.is_floating_point() and bool(value.isnan().any()):
            return name
    return None


def _kind(value: Any, there: bool) -> str:
    if isinstance(value, torch.Tensor):
        return f"a tensor {tuple(value.shape)} of {str(value.dtype).removeprefix('torch.')}"
    return f"the setting {value!r}" if there else "nothing"
