"""Alternating least squares on counts: what nobody clicked is a weak no, and there is a shortcut for all of that."""

from typing import Any

from array_api_compat import array_namespace, device

from companion._array import Scalar, positive, whole
from companion.matrix.recommender.factors import Factors, Items, Users, fits, start, tables
from companion.matrix.recommender.ratings import Table, table, triples
from companion.matrix.recommender.rowwise import EXACT, conjugate_gradients, forth, gathered, padded


def implicit_als(
    counts: Any, rank: int, *, ridge: float, alpha: float = 40.0, sweeps: int = 15, steps: int | None = 2,
    rng: Any = None,
) -> Factors:  # fmt: skip
    """min Σ c(p − x_u·y_i)² + λ(Σ‖x_u‖² + Σ‖y_i‖²) over all u, i: p = 1, c = 1 + αr for a count r, else p = 0, c = 1.

    Hu, Koren & Volinsky (2008), with the conjugate gradients of Takács, Pilászy & Tikk (2011): `steps` of them a row
    and sweep, from the row's last solution; None solves each row. Counts must be positive. The loss never rises.
    """
    xp, known = triples(counts, "counts")
    rank, ridge, alpha = whole(rank, "rank", 1, min(known.shape)), positive(ridge, "ridge"), positive(alpha, "alpha")
    sweeps, steps = whole(sweeps, "sweeps", 1), None if steps is None else whole(steps, "steps", 1)
    extra = alpha * _counted(xp, known)
    users, items = tables(xp, known._replace(values=extra), rank)
    X, Y = start(xp, known, items, rank, rng)
    nothing, losses = xp.sum(extra) + extra.shape[0], []  # the loss of X = 0: every known entry missed
    for _ in range(sweeps):
        X, _ = implicit_step(users, X, Y, ridge, steps=steps, measured=False)
        Y, fall = implicit_step(items, Y, X, ridge, steps=steps)
        losses.append(nothing + fall + ridge * (xp.sum(X**2) + xp.sum(Y**2)))
    return Factors(X, Y, X[:, 0] * 0, Y[:, 0] * 0, xp.mean(extra) * 0, xp.stack(losses))


def implicit_step(
    table: Table, X: Users, Y: Items, ridge: float, *, steps: int | None = 2, measured: bool = True
) -> tuple[Users, Scalar]:
    """(X, Σ c(p − x·y)² less its value at X = 0): each row x anew, from (YᵀY + Yᵀ(C − I)Y + λI)x = YᵀCp.

    YᵀY stands for all the entries that are not known: it is the same for each row, and diagonal in its eigenvectors
    (Hu, Koren & Volinsky 2008). The table's values are c − 1. Not `measured`, it is quicker and the sum is not to be
    used.
    """
    xp = array_namespace(Y)
    S = Y.T @ Y
    spread, V = xp.linalg.eigh(S)
    D, X, d = padded(xp, Y @ V), X @ V, xp.clip(spread, min=0) + ridge
    fall = xp.sum(table.counts) * 0
    for rows, columns, extra, _ in table.blocks:
        G, c = gathered(xp, D, columns), extra + 1
        left = steps or EXACT * float(xp.sum(c))
        X[rows] = x = conjugate_gradients(xp, G, extra, c, d, d, X[rows], left)
        if measured:
            fit = forth(G, x)
            fall = fall + xp.sum(fit * (extra * fit - 2 * c))
    X = X @ V.T
    return X, fall + xp.sum((X.T @ X) * S)


def implicit_fold_in(factors: Factors, counts: Any, *, ridge: float, alpha: float = 40.0) -> Factors:
    """The factors with new users in the place of the old, from their counts; `ridge`, `alpha` as in `implicit_als`."""
    xp, known = triples(counts, "counts")
    ridge, alpha = positive(ridge, "ridge"), positive(alpha, "alpha")
    fits(factors, known, "counts")
    Y = factors.items
    X = xp.zeros((known.shape[0], Y.shape[1]), dtype=Y.dtype, device=device(Y))
    rows = table(xp, known._replace(values=alpha * _counted(xp, known)), Y.shape[1])
    X, _ = implicit_step(rows, X, Y, ridge, steps=None, measured=False)
    return factors._replace(users=X, user_bias=X[:, 0] * 0)


def _counted(xp, counts) -> Any:
    low = float(xp.min(counts.values))
    if low <= 0:
        raise ValueError(f"counts.values holds {low:g}; counts are positive: leave out the pairs that never met.")
    return counts.values
