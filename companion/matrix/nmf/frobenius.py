"""One iteration on ‖X − WH‖_F, and its error, from small matrices: WH is never formed for data that are whole."""

from collections.abc import Callable
from typing import Any

from array_api_compat import device

from companion.matrix.nmf.alternating import revived
from companion.matrix.nmf.problem import Problem, blocks, rowwise

BLOCK = 2**18  # numbers of WH that are formed at once where it must be


def frobenius_step(xp, problem: Problem, update: Callable, l1: tuple, l2: tuple, *, revive: bool = False) -> Callable:
    """step(W, H) -> (error, W', H') where update(C, G, F, l1) betters F in ½‖A − BF‖² + l1·ΣF, C = BᵀA, G = BᵀB.

    The error is √(‖X − WH‖² + 2·l1·Σ(W, H) + l2·(‖W‖² + ‖H‖²))/‖X‖. Entries that the mask calls unknown are taken from
    WH before each half, which never raises the error of the known ones: the EM algorithm.
    """
    X, mask, size = problem.X, problem.mask, _squares(xp, problem.X)
    unit = xp.eye(problem.W.shape[0], dtype=problem.W.dtype, device=device(problem.W))

    def step(W, H):
        A = filled(xp, X, mask, W, H)
        C, G = rowwise(xp, (A @ H.T).T), H @ H.T
        error = _missed(xp, A, size if mask is None else _squares(xp, A), C, G, W, H) + penalty(xp, W, H, l1, l2)
        if revive:
            C, G, W, H = revived(xp, A, C, G, W, H)
        new = update(C, G + l2[0] * unit, W, l1[0])
        A = filled(xp, X, mask, new, H)
        return (error / size) ** 0.5, new, update(new @ A, new @ new.T + l2[1] * unit, H, l1[1])

    return step


def filled(xp, X, mask, W, H) -> Any:
    """X, with its unknown entries taken from WH. (W is r × m.)"""
    return X if mask is None else xp.where(mask, X, W.T @ H)


def penalty(xp, W, H, l1: tuple, l2: tuple) -> float:
    """2·l1·ΣW + l2·‖W‖² and the same of H: twice what is added to a loss that begins with ½."""
    if not any((*l1, *l2)):
        return 0.0
    return sum(float(2 * a * xp.sum(F) + b * xp.sum(F * F)) for F, a, b in zip((W, H), l1, l2, strict=True))


def _missed(xp, X, size: float, C, G, W, H) -> float:
    """‖X − WH‖² = ‖X‖² − 2⟨HXᵀ, W⟩ + ⟨HHᵀ, WWᵀ⟩, and from X − WH itself where that difference would lose its digits."""
    total = {"dtype": xp.float64}
    square = size + float(xp.sum(W * (G @ W - 2 * C), **total))
    if square > 1e4 * float(xp.finfo(W.dtype).eps) * size:
        return square
    square, rows = 0.0, max(1, BLOCK // X.shape[1])
    for i in range(0, X.shape[0], rows):
        block = X[i : i + rows].toarray() if hasattr(X, "tocsr") else X[i : i + rows, :]
        square += float(xp.sum((block - W[:, i : i + rows].T @ H) ** 2, **total))
    return square


def _squares(xp, X) -> float:
    """‖X‖², a block at a time: no second X is formed."""
    return sum(float(xp.sum(block * block, dtype=xp.float64)) for block in blocks(X))
