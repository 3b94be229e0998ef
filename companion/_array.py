"""The only file that knows there is more than one array library.

Everything in ``matrix/`` is written against the Python Array API: NumPy arrays and torch tensors on any device
go in, and the same type comes out. What differs between the libraries is here, and what functions ask of input.
"""

import contextlib
import operator
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_array_api_obj
from jaxtyping import Inexact, Num

Scalar = Num[Any, ""]
Vector = Num[Any, " n"]
Matrix = Num[Any, "m n"]  # SciPy-sparse where the docstring says so
Factor = Inexact[Any, "m n"]

FLOATING = ("float32", "float64", "complex64", "complex128")
WHOLE = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def checked(x, name: str, ndim: int | tuple[int, ...], *, sparse: bool = False):
    """(namespace, x) with x floating, finite, not empty and of `ndim` dimensions; integers become float64.

    With `sparse`, SciPy-sparse matrices pass as CSR. Raises TypeError for what is not an array of numbers, ValueError
    for a wrong shape, an empty array, NaN or infinity.
    """
    x = x.tocsr() if sparse and hasattr(x, "tocsr") else x
    entries = x.data if hasattr(x, "tocsr") and sparse else x
    if not is_array_api_obj(entries):
        remedy = f"{name}.toarray()" if hasattr(x, "toarray") else f"numpy.asarray({name})"
        raise TypeError(f"{name} is a {type(x).__name__}; a NumPy array or a torch tensor is needed: try {remedy}.")
    if str(x.dtype).removeprefix("torch.") not in FLOATING + WHOLE:
        raise TypeError(
            f"{name} has dtype {x.dtype}; allowed are {', '.join(FLOATING)} and integers: convert {name} to float64."
        )
    _check_shape(tuple(x.shape), name, ndim)
    xp = array_namespace(entries)
    with np.errstate(over="ignore", invalid="ignore"):
        total = xp.sum(entries)  # finite only if every entry is; the converse fails where the sum overflows
    if not bool(xp.isfinite(total)) and not bool(xp.all(xp.isfinite(entries))):
        raise ValueError(f"{name} holds NaN or infinity; every entry must be finite: remove or replace those entries.")
    if str(x.dtype).removeprefix("torch.") in WHOLE:
        x = x.astype("float64") if entries is not x else xp.astype(x, xp.float64)
    return xp, x


def _check_shape(shape: tuple[int, ...], name: str, ndim: int | tuple[int, ...]) -> None:
    allowed = (ndim,) if isinstance(ndim, int) else ndim
    if len(shape) not in allowed:
        wanted = " or ".join(str(d) for d in allowed)
        raise ValueError(f"{name} has shape {shape}; it must have {wanted} dimension(s): reshape {name} first.")
    if 0 in shape:
        raise ValueError(f"{name} has shape {shape}, so it is empty; at least one entry per dimension is needed.")


def whole(value, name: str, low: int, high: float = float("inf")) -> int:
    """`value` as an int with low ≤ value ≤ high; TypeError for anything but a whole number, ValueError outside."""
    number = None
    with contextlib.suppress(TypeError):
        number = operator.index(value)
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; a whole number is needed.")
    if not low <= number <= high:
        span = f"{low} ≤ {name} ≤ {high}" if high < float("inf") else f"{name} ≥ {low}"
        raise ValueError(f"{name} is {number}; allowed is {span}: choose {name} in that range.")
    return number


def positive(value, name: str) -> float:
    """`value` as a float > 0; TypeError for anything but a real number, ValueError for zero, negatives, NaN, inf."""
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} is {value!r}; a positive number is needed.")
    if not 0 < float(value) < float("inf"):
        raise ValueError(f"{name} is {float(value)}; allowed is 0 < {name} < inf: choose a small positive {name}.")
    return float(value)


def nonnegative(value, name: str) -> float:
    """`value` as a float ≥ 0; TypeError for anything but a real number, ValueError for negatives, NaN, inf."""
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} is {value!r}; a number ≥ 0 is needed.")
    if not 0 <= float(value) < float("inf"):
        raise ValueError(f"{name} is {float(value)}; allowed is 0 ≤ {name} < inf: choose {name} in that range.")
    return float(value)


def normal(rng, shape: tuple[int, ...], like):
    """Standard normals (complex ones for a complex `like`) drawn by NumPy: every library sees the same numbers.

    `rng` is a seed, a numpy.random.Generator or None for a fresh one (SPEC 7).
    """
    rng, dtype = np.random.default_rng(rng), np.dtype(str(like.dtype).removeprefix("torch."))
    real = np.empty(0, dtype).real.dtype
    draw = rng.standard_normal(shape, dtype=real)
    if dtype.kind == "c":
        draw = (draw + 1j * rng.standard_normal(shape, dtype=real)) / np.sqrt(real.type(2))
    if isinstance(like, np.ndarray) or hasattr(like, "tocsr"):
        return draw
    return array_namespace(like).asarray(draw, device=device(like))


def logsumexp(x, axis: int = -1):
    """log Σ exp(x) along `axis`, for entries of any size: the largest is taken out of the sum; −inf where all are."""
    xp = array_namespace(x)
    top = xp.max(x, axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, xp.zeros_like(top))  # −inf − (−inf) would be NaN
    with np.errstate(divide="ignore"):
        return xp.squeeze(top, axis=axis) + xp.log(xp.sum(xp.exp(x - top), axis=axis))


def kth_smallest(x, k: int):
    """The k-th smallest entry of every row of a matrix, k = 1, 2, …: the Array API has a full sort only."""
    xp = array_namespace(x)
    if isinstance(x, np.ndarray):
        return np.partition(x, k - 1, axis=1)[:, k - 1].copy()  # a view would keep all of x
    return xp.topk(x, k, dim=1, largest=False).values[:, k - 1] if hasattr(xp, "topk") else xp.sort(x)[:, k - 1]
