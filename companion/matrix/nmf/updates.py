"""Multiplicative updates (Lee & Seung 2001): every entry times a quotient that is 1 where the gradient vanishes."""

from collections.abc import Callable
from typing import Any

from companion.matrix.nmf.frobenius import penalty
from companion.matrix.nmf.problem import Problem, blocks

BLOCK = 256  # rows of X/(WH) at once: they are used twice while they are in a core's cache


def scaled(xp, F, numerator, denominator, floor: float = 0.0) -> Any:
    """F·numerator/denominator, at least `floor`. A zero stays zero unless `floor` is positive.

    Entries on their way to zero stop at the root of the smallest number of the dtype (1e-19 in float32): no data feel
    it, products with them stay exact, and they can still come back.
    """
    tiny = float(xp.finfo(F.dtype).smallest_normal) ** 0.5
    new = F * (numerator / (denominator + tiny**2))
    lowest = xp.full_like(F, floor) if floor > tiny else xp.where(F > 0, xp.full_like(F, tiny), xp.zeros_like(F))
    return xp.maximum(new, lowest)


def kl_step(xp, problem: Problem, l1: tuple, l2: tuple, floor: float) -> Callable:
    """step(W, H) -> (error, W', H') of D(X‖WH) = Σ x·log(x/wh) − x + wh, in blocks of rows (Lee & Seung 2001, eq. 5).

    w_il ← w_il·Σ_j h_lj·x_ij/(WH)_ij / Σ_j h_lj, then h likewise; sums go over the known entries. The error is
    (D + l1·Σ(W, H) + ½·l2·(‖W‖² + ‖H‖²))/ΣX: nats for each unit of light.
    """
    X, mask, total = problem.X, problem.mask, _total(xp, problem.X)
    quotient = _sparse_quotient if hasattr(X, "tocsr") else _dense_quotient
    entropy = sum(_entropy(xp, block) for block in blocks(X)) - total

    def step(W, H):
        new, numerator, known, log_sum, mass = xp.zeros_like(W), xp.zeros_like(H), 0.0, 0.0, 0.0
        for i in range(0, X.shape[0], BLOCK):
            rows, w = slice(i, i + BLOCK), W[:, i : i + BLOCK]
            seen = None if mask is None else xp.astype(mask[rows, :], H.dtype)
            weight = xp.sum(H, axis=1, keepdims=True) if seen is None else H @ seen.T
            Q, part = quotient(xp, X[rows], w, H, True)
            log_sum, mass = log_sum + part, mass + float(xp.sum(w * weight, dtype=xp.float64))
            w = scaled(xp, w, H @ Q.T, weight + l1[0] + l2[0] * w, floor)
            numerator += w @ quotient(xp, X[rows], w, H, False)[0]
            known = known + (xp.sum(w, axis=1, keepdims=True) if seen is None else w @ seen)
            new[:, rows] = w
        error = (entropy - log_sum + mass + penalty(xp, W, H, l1, l2) / 2) / total
        return max(error, 0.0), new, scaled(xp, H, numerator, known + l1[1] + l2[1] * H, floor)

    return step


def _total(xp, X) -> float:
    return float(xp.sum(X.data if hasattr(X, "tocsr") else X, dtype=xp.float64))


def _entropy(xp, x) -> float:
    """Σ x·log x."""
    return float(xp.sum(x * xp.log(xp.where(x > 0, x, xp.ones_like(x))), dtype=xp.float64))


def _dense_quotient(xp, x, w, H, with_log: bool) -> tuple[Any, float]:
    """X/(WH) of a block, made in the one array where it ends, and Σ x·log(wh)."""
    Q = w.T @ H
    Q += float(xp.finfo(Q.dtype).smallest_normal) ** 0.5
    log_sum = float(xp.sum(xp.vecdot(x, xp.log(Q)), dtype=xp.float64)) if with_log else 0.0
    Q **= -1
    Q *= x
    return Q, log_sum


def _sparse_quotient(xp, x, w, H, with_log: bool) -> tuple[Any, float]:
    """The same where x is not zero, as a sparse matrix; only there is WH computed."""
    rows = xp.repeat(xp.arange(x.shape[0]), xp.diff(x.indptr))
    WH = xp.sum(w[:, rows] * H[:, x.indices], axis=0) + float(xp.finfo(H.dtype).smallest_normal) ** 0.5
    Q = x.copy()
    Q.data = x.data / WH
    return Q, float(xp.sum(x.data * xp.log(WH), dtype=xp.float64)) if with_log else 0.0
