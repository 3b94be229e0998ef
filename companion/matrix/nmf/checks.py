"""Data for a nonnegative factorization: what passes, and what is told why not."""

from typing import Any

from array_api_compat import array_namespace, is_array_api_obj

from companion._array import checked, nonnegative


def known(X, mask=None) -> tuple[Any, Any]:
    """(namespace, X) with X real, ≥ 0, not all zero, 0 where the mask says unknown; else ValueError or TypeError."""
    if mask is not None:
        X = _masked(X, mask)
    xp, X = checked(X, "X", 2, sparse=True)
    entries = X.data if hasattr(X, "tocsr") and X.nnz else X.toarray() if hasattr(X, "tocsr") else X
    if xp.isdtype(entries.dtype, "complex floating"):
        raise TypeError(f"X has dtype {X.dtype}; real numbers ≥ 0 are needed: take numpy.abs(X) or X.real.")
    low, top, info = float(xp.min(entries)), float(xp.max(entries)), xp.finfo(X.dtype)
    if low < 0:
        raise ValueError(f"X has the negative entry {low:.4g}; all must be ≥ 0: shift or clip X, or use svd instead.")
    bound = float(info.max * info.eps) / (X.shape[0] * X.shape[1])
    if not float(info.smallest_normal / info.eps) < top**2 < bound:
        raise ValueError(
            f"X has the largest entry {top:.4g}; {X.dtype} has no room for its square, or it is 0: give an X that "
            "is not zero everywhere, divided by its largest entry."
        )
    return xp, X


def _masked(X, mask) -> Any:
    if not (is_array_api_obj(X) and is_array_api_obj(mask) and type(X) is type(mask)):
        raise TypeError(
            f"mask is a {type(mask).__name__} for X, a {type(X).__name__}: give dense arrays of one library."
        )
    xp = array_namespace(X)
    if mask.dtype != xp.bool:
        raise TypeError(f"mask has dtype {mask.dtype}; it must be bool, True where X is known: try mask > 0.")
    if mask.shape != X.shape:
        raise ValueError(
            f"mask has shape {tuple(mask.shape)}, X {tuple(X.shape)}; give one truth value for each entry."
        )
    for axis, name in ((1, "row"), (0, "column")):
        empty = [i for i, some in enumerate(xp.any(mask, axis=axis)) if not some]
        if empty:
            raise ValueError(f"mask knows nothing of {name} {empty[0]} of X; leave out every {name} without an entry.")
    return xp.where(mask, X, xp.zeros_like(X))


def two(value, name: str) -> tuple[float, float]:
    """A number for both factors, or a pair of numbers: one for W, one for H."""
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return nonnegative(value[0], name), nonnegative(value[1], name)
    return nonnegative(value, name), nonnegative(value, name)


def switch(value, name: str) -> bool:
    """`value` if it is True or False, else TypeError."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; True or False is needed.")
    return value
