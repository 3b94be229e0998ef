"""‖X − WHWᵀ − b1ᵀ‖²_F and its gradients by hand. No n × n matrix but X is ever formed: X may be large, or sparse."""

from typing import Any, NamedTuple

import numpy as np
from array_api_compat import device
from jaxtyping import Inexact, Num

from companion._array import Scalar, checked

Square = Num[Any, "n n"]  # SciPy-sparse where the docstring says so
Groups = Inexact[Any, "n d"]
Core = Inexact[Any, "d d"]
Bias = Num[Any, ""] | Num[Any, " n"] | float


class Gradients(NamedTuple):
    """The derivatives of a loss by W, H and b, each of the shape of its parameter."""

    W: Groups
    H: Core
    b: Inexact[Any, ""] | Inexact[Any, " n"]


def gradients(X: Square, W: Groups, H: Core, b: Bias = 0.0) -> Gradients:
    """∂W = −2(RWHᵀ + RᵀWH), ∂H = −2WᵀRW, ∂b = −2ΣR: the gradients of ‖R‖²_F with R = X − WHWᵀ − b1ᵀ.

    `b` is one number, or one for each row; ∂b then sums each row. RW, RᵀW and R1 are formed without R, from products
    with X, in O(n²d). `X` may be SciPy-sparse. Everything is computed in the dtype of X.
    """
    xp, X, W, H, b = operands(X, W, H, b)
    column = b * ones(xp, X)  # one number or n of them: n of them from here on
    gram, sums = W.T @ W, xp.sum(W, axis=0)
    RW = X @ W - W @ (H @ gram) - column[:, None] * sums
    RtW = X.T @ W - W @ (H.T @ gram) - column @ W
    R1 = X @ ones(xp, X) - W @ (H @ sums) - X.shape[0] * column
    by_bias = -2 * R1 if b.ndim else -2 * xp.sum(R1)
    return Gradients(-2 * (RW @ H.T + RtW @ H), -2 * (W.T @ RW), by_bias)


def loss(X: Square, W: Groups, H: Core, b: Bias = 0.0) -> Scalar:
    """‖X − WHWᵀ − b1ᵀ‖²_F, without the residual: ‖X‖² − 2⟨X, M⟩ + ‖M‖² with M = WHWᵀ + b1ᵀ, in O(n²d).

    That difference loses digits where the fit is close: below √ε·‖X‖², with ε the spacing of the dtype, the residual is
    squared itself, a block of rows at a time. `X` may be SciPy-sparse.
    """
    xp, X, W, H, b = operands(X, W, H, b)
    total = energy(xp, X)
    value = expanded(xp, X, total, W, H, b)
    return by_rows(xp, X, W, H, b) if value < exact_below(xp, X.dtype, total) else value


def expanded(xp, X, total, W, H, b) -> Any:
    """The loss as ‖X‖² − 2⟨X, M⟩ + ‖M‖², `total` being ‖X‖²: n × d products only."""
    column, sums, HG = b * ones(xp, X), xp.sum(W, axis=0), H @ (W.T @ W)
    cross = xp.sum((X @ W) * (W @ H)) + xp.sum((X @ ones(xp, X)) * column)
    square = xp.sum(HG * (W.T @ W @ H)) + 2 * xp.sum((column @ W) * (H @ sums)) + X.shape[0] * xp.sum(column * column)
    return total - 2 * cross + square


def by_rows(xp, X, W, H, b, *, entries: int = 2**22) -> Any:
    """The loss as the sum of the squared residual, `entries` of it at a time."""
    n = X.shape[0]
    right, column, block = H @ W.T, b * ones(xp, X), max(1, entries // n)
    total = xp.zeros((), dtype=X.dtype, device=device(W))
    for i in range(0, n, block):
        rows = X[i : i + block, :]
        rows = rows.toarray() if hasattr(rows, "toarray") else rows
        total = total + xp.sum((rows - W[i : i + block, :] @ right - column[i : i + block, None]) ** 2)
    return total


def exact_below(xp, dtype, total) -> Any:
    """Losses below this have lost more than half their digits in the difference from ‖X‖² = `total`."""
    return xp.finfo(dtype).eps ** 0.5 * total


def energy(xp, X) -> Any:
    """‖X‖²_F, infinite where it leaves the range of the dtype."""
    entries = X.data if hasattr(X, "tocsr") else X
    with np.errstate(over="ignore", under="ignore"):
        return xp.sum(entries * entries)


def squared(X) -> tuple[Any, Any]:
    """(namespace, X) with X checked: square and real, SciPy-sparse as CSR."""
    xp, X = checked(X, "X", 2, sparse=True)
    if X.shape[0] != X.shape[1]:
        raise ValueError(f"X has shape {tuple(X.shape)}; it must be square: let rows and columns be the same n things.")
    if "complex" in str(X.dtype):
        raise TypeError(f"X has dtype {X.dtype}; real numbers are needed: give X.real or abs(X).")
    return xp, X


def operands(X, W, H, b) -> tuple:
    """(namespace, X, W, H, b), checked, of fitting shapes and in the dtype of X."""
    xp, X = squared(X)
    n, d = X.shape[0], H.shape[0] if getattr(H, "ndim", 0) else 0
    W, H = (xp.astype(checked(M, name, 2)[1], X.dtype) for M, name in ((W, "W"), (H, "H")))
    if tuple(W.shape) != (n, d) or tuple(H.shape) != (d, d):
        shapes = f"W has shape {tuple(W.shape)} and H {tuple(H.shape)} for an X of {n} × {n}"
        raise ValueError(f"{shapes}; W must be n × d and H d × d: give the factors of one and the same fit.")
    b = xp.asarray(b, dtype=X.dtype, device=device(W)) if isinstance(b, (int, float)) else b
    _, b = checked(b, "b", (0, 1))
    if tuple(b.shape) not in ((), (n,)):
        raise ValueError(f"b has shape {tuple(b.shape)} for an X of {n} × {n}; allowed are one number or {n} of them.")
    return xp, X, W, H, xp.astype(b, X.dtype)


def ones(xp, X) -> Any:
    """The vector 1 that sums the rows of X."""
    return xp.ones(X.shape[0], dtype=X.dtype, device=None if hasattr(X, "tocsr") else device(X))
