"""In what two states differ, entry by entry, so that a checkpoint can say why it does not fit."""

from collections.abc import Iterator
from typing import Any

import torch


def entries(state: Any, stem: str = "") -> Iterator[tuple[str, Any]]:
    """("0.weight", tensor), ("param_groups.0.lr", 0.1), …: every leaf of dicts, and of lists of dicts or tensors."""
    if isinstance(state, list) and state and all(isinstance(part, dict | torch.Tensor) for part in state):
        state = dict(enumerate(state))
    if not isinstance(state, dict):
        yield stem, state
        return
    for key, value in state.items():
        yield from entries(value, f"{stem}.{key}" if stem else str(key))


def difference(ours: dict, theirs: dict) -> str | None:
    """The first entry that does not fit, and how; None if all do.

    Tensors must have the same shapes and types on both sides. An optimizer has none before its first step, so its own
    are not compared; but each setting in the file must be known here (Adam's betas mean nothing to SGD), and the groups
    must have as many parameters.
    """
    mine, others = dict(entries(ours)), dict(entries(theirs))
    names = sorted(mine.keys() | others.keys())
    of_steps = tuple({f"{name.partition('param_groups.')[0]}state." for name in names if "param_groups." in name})
    for entry in names:
        here, there = (_kind(entry, side) for side in (mine, others))
        strict = "tensor" in here + there or entry.endswith(".params")
        if not entry.startswith(of_steps or "\0") and (here != there if strict else here == "nothing"):
            return f"{entry} has {there} in the file and {here} here"
    return None


def has_nan(states: dict) -> str | None:
    """The name of the first tensor that holds NaN."""
    for name, value in entries(states):
        if isinstance(value, torch.Tensor) and value.is_floating_point() and bool(value.isnan().any()):
            return name
    return None


def _kind(entry: str, side: dict) -> str:
    if entry not in side:
        return "nothing"
    value = side[entry]
    if isinstance(value, torch.Tensor):
        return f"a tensor {tuple(value.shape)} of {str(value.dtype).removeprefix('torch.')}"
    return f"{len(value)} parameters" if entry.endswith(".params") else f"the setting {value!r}"
