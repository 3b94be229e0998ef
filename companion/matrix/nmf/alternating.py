"""Hierarchical alternating least squares: one row of a factor at a time, each set to its best value."""

from typing import Any

from array_api_compat import device
from jaxtyping import Float

from companion._array import Matrix, checked
from companion.matrix.nmf.problem import blocks

BLOCK = 4096  # columns that are swept together: with 50 rows of float32 they stay in a core's cache


def hals_step(X: Matrix, W: Float[Any, "m r"], H: Float[Any, "r n"]) -> Float[Any, "r n"]:
    """H with each row in turn replaced by the best one ≥ 0, while W and the other rows stand still.

    The row that minimizes ‖X − WH‖_F is max(0, h_l + (WᵀX − WᵀWH)_l/(WᵀW)_ll) (Cichocki & Phan 2009; Gillis & Glineur
    2012). The other half of an iteration is the same transposed: hals_step(X.T, H.T, W.T).T.
    """
    xp, X = checked(X, "X", 2, sparse=True)
    (_, W), (_, H) = checked(W, "W", 2), checked(H, "H", 2)
    for F, name, shape in ((W, "W", (X.shape[0], H.shape[0])), (H, "H", (W.shape[1], X.shape[1]))):
        if tuple(F.shape) != shape:
            raise ValueError(f"{name} has shape {tuple(F.shape)} for an X of {tuple(X.shape)}; it must be {shape}.")
    return sweep(xp, W.T @ X, W.T @ W, H, 1)


def sweep(xp, C, G, F, times: int = 1, l1: float = 0.0) -> Any:
    """The same, `times` over, from C = WᵀX and G = WᵀW alone; l1 is the weight of a penalty ΣF. G_ll = 0: row l stays.

    G + l2·I for G adds the penalty ½·l2·‖F‖².
    """
    F, zero = xp.asarray(F, copy=True), xp.zeros((), dtype=F.dtype, device=device(F))
    pivots = [float(g) for g in xp.linalg.diagonal(G)]
    for first in range(0, F.shape[1], BLOCK):
        c, f = (A[:, first : first + BLOCK] for A in (C, F))
        for row, pivot in list(enumerate(pivots)) * times:
            if pivot > 0:
                f[row, :] = xp.maximum(f[row, :] + (c[row, :] - l1 - G[row, :] @ f) / pivot, zero)
    return F


def revived(xp, X, C, G, W, H) -> tuple[Any, Any, Any, Any]:
    """Every component that has died is given the row of X that is fitted worst; the error never rises.

    A component is dead when its row of W (r × m) or of H is zero: WH does not feel the other one. C = HXᵀ, G = HHᵀ.
    """
    dead = (xp.linalg.diagonal(G) == 0) | ~xp.any(W > 0, axis=1)
    if not bool(xp.any(dead)):
        return C, G, W, H
    W, H = xp.asarray(W, copy=True), xp.asarray(H, copy=True)
    if hasattr(X, "tocsr"):
        squares = xp.reshape(xp.asarray(X.multiply(X).sum(1)), (-1,))
    else:
        squares = xp.concat([xp.sum(block * block, axis=1) for block in blocks(X)])
    for row in [i for i, is_dead in enumerate(dead) if is_dead]:
        W[row, :] = 0
        missed = squares + xp.sum(W * (G @ W - 2 * C), axis=0)  # ‖x_i − WH_i‖² of every row, WH not formed
        worst = int(xp.argmax(missed))
        x = X[[worst]].toarray()[0] if hasattr(X, "tocsr") else X[worst, :]
        h = x - W[:, worst] @ H
        H[row, :] = xp.maximum(h, xp.zeros_like(h))
        W[row, worst] = 1
        C, G = (X @ H.T).T, H @ H.T
    return C, G, W, H
