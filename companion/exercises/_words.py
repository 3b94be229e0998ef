"""How the checkers speak of what a student's function was given and what it returned."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def plain(value: Any) -> np.ndarray | None:
    """`value` as a NumPy array of numbers, None when it is none. Tensors come to the CPU, sparse matrices get full."""
    if value is None or isinstance(value, (tuple, bool, str)):
        return None
    try:
        for step in ("detach", "cpu", "resolve_conj", "toarray"):
            value = getattr(value, step)() if hasattr(value, step) else value
        x = np.asarray(value)
    except Exception:  # lists of unlike arrays, foreign objects: whatever they raise, they are not numbers
        return None
    return x if x.dtype.kind in "iufc" else None


def described(value: Any) -> str:
    """A 5 × 3 matrix, the number 4, a tuple of 2 things (…)."""
    if value is None or isinstance(value, (bool, str)):
        return "None" if value is None else f"the {type(value).__name__} {value!r}"
    x = plain(value)
    if x is not None:
        return f"the number {x.item():.6g}" if x.ndim == 0 else shaped(x.shape)
    if isinstance(value, (tuple, list)):
        things = ", ".join(described(v) for v in value[:4]) + (", …" if len(value) > 4 else "")
        return f"a {type(value).__name__} of {len(value)} things ({things})"
    if isinstance(value, np.ndarray):
        return f"{shaped(value.shape)} of {value.dtype} values"
    return f"a {type(value).__name__}"


def shaped(shape: tuple[int, ...]) -> str:
    """A vector of length 3, a 5 × 3 matrix."""
    if len(shape) == 1:
        return f"a vector of length {shape[0]}"
    kind = {0: "one number", 2: "matrix"}.get(len(shape), "array")
    return f"a {' × '.join(map(str, shape))} {kind}" if shape else kind


def listed(given: Mapping[str, Any]) -> str:
    """A = [[1, 2], [3, 4]], X (12 × 4), rank = 2, rng: small arrays of whole numbers in full, others by their shape."""
    return ", ".join(f"{name} {_one(value)}".strip() for name, value in given.items())


def _one(value: Any) -> str:
    if isinstance(value, np.ndarray):
        short = value.size <= 12 and value.ndim <= 2 and bool((value == np.round(value)).all())
        return f"= {value.astype(int).tolist()}" if short else f"({' × '.join(map(str, value.shape))})"
    return f"= {value:g}" if isinstance(value, (int, float)) else ""
