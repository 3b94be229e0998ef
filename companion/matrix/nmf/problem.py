"""What every NMF needs before and after its iteration: checked data, a start, and the rows and columns that count."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import device

from companion._array import checked, normal, whole
from companion.matrix.nmf.checks import known
from companion.matrix.nmf.starts import nndsvd

BLOCK = 2**18  # numbers in a block: a megabyte of float32, which stays in a core's cache
STARTS = ("nndsvda", "nndsvd", "random")


class Problem(NamedTuple):
    """Data without empty rows and columns, and a start. W is held transposed: row l of either factor is contiguous."""

    X: Any
    mask: Any  # True where X is known; None: everywhere
    W: Any  # r × rows
    H: Any  # r × columns
    kept: tuple[Any, Any]  # which rows and columns of the whole X these are


def posed(X, rank: int, init, mask, rng) -> tuple[Any, Problem]:
    """(namespace, Problem): checked, started and trimmed. A row or column of zeros has zeros for its best factors."""
    xp, X = known(X, mask)
    W, H = _started(xp, X, whole(rank, "rank", 1), init, mask, rng)
    rows, columns = (xp.reshape(xp.asarray(X.sum(axis), device=device(W)) > 0, (-1,)) for axis in (1, 0))
    if not bool(xp.all(rows)):
        X, W, mask = X[rows], W[rows], None if mask is None else mask[rows]
    if not bool(xp.all(columns)):
        X, H, mask = X[:, columns], H[:, columns], None if mask is None else mask[:, columns]
    return xp, Problem(X, mask, rowwise(xp, W.T), rowwise(xp, H), (rows, columns))


def rowwise(xp, F) -> Any:
    """A copy whose rows are contiguous in memory: algorithms go along them, and a stride costs twice the time."""
    copy = xp.empty(F.shape, dtype=F.dtype, device=device(F))
    copy[:, :] = F
    return copy


def blocks(X) -> Iterator[Any]:
    """X in blocks of rows, or the nonzeros of a sparse X in blocks: for sums that need no second X in memory."""
    entries = X.data if hasattr(X, "tocsr") else X
    size = max(1, BLOCK // (1 if entries.ndim == 1 else entries.shape[1]))
    for first in range(0, entries.shape[0], size):
        yield entries[first : first + size]


def whole_again(xp, F, kept) -> Any:
    """The factor (r × all) of which F (r × kept) is what was computed: zeros elsewhere."""
    if bool(xp.all(kept)):
        return F
    full = xp.zeros((F.shape[0], kept.shape[0]), dtype=F.dtype, device=device(F))
    full[:, kept] = F
    return full


def _started(xp, X, rank: int, init, mask, rng) -> tuple[Any, Any]:
    """(W, H), m × r and r × n, of X's dtype."""
    if isinstance(init, (tuple, list)) and len(init) == 2:
        return tuple(
            _given(xp, F, name, shape, X)
            for F, name, shape in zip(init, "WH", ((X.shape[0], rank), (rank, X.shape[1])), strict=True)
        )
    if not isinstance(init, str) or init not in STARTS:
        raise ValueError(f"init is {init!r:.60}; allowed are {', '.join(map(repr, STARTS))}, or a pair (W, H).")
    if init == "random":
        level, rng = (float(X.mean()) / rank) ** 0.5, np.random.default_rng(rng)
        like = X.data if hasattr(X, "tocsr") else X
        return tuple(level * xp.abs(normal(rng, s, like=like)) for s in ((X.shape[0], rank), (rank, X.shape[1])))
    if rank > min(X.shape):
        raise ValueError(f"rank is {rank}, init={init!r} allows at most {min(X.shape)}: use init='random' beyond that.")
    if mask is not None:  # the start, at least, needs a value for every entry: the mean of the known ones
        share = float(xp.mean(xp.astype(mask, X.dtype)))
        X = xp.where(mask, X, xp.mean(X) / share)
    return nndsvd(X, rank, fill="mean" if init == "nndsvda" else "zero", rng=0 if rng is None else rng)


def _given(xp, F, name: str, shape: tuple[int, int], X) -> Any:
    theirs, F = checked(F, f"{name} of init", 2)
    if theirs is not xp:
        raise TypeError(f"{name} of init is a {type(F).__name__}, X is not: give arrays of one library.")
    if tuple(F.shape) != shape:
        raise ValueError(f"{name} of init has shape {tuple(F.shape)}; for this X and rank it must be {shape}.")
    if xp.isdtype(F.dtype, "complex floating") or bool(xp.any(F < 0)):
        raise ValueError(f"{name} of init has entries that are not ≥ 0: clip them, or take their absolute values.")
    return xp.astype(F, X.dtype)
