"""Alternating least squares on ratings: with the items fixed, each user is a small ridge regression, and vice versa."""

from typing import Any

from array_api_compat import array_namespace, device

from companion._array import Scalar, positive, whole
from companion.matrix.recommender.factors import Factors, Items, Users, fits, start, tables
from companion.matrix.recommender.ratings import Table, table, triples
from companion.matrix.recommender.rowwise import EXACT, conjugate_gradients, forth, gathered, padded

PER = ("row", "rating")  # what one λ stands for: exponents 0 and 1 of the number of ratings


def als(
    ratings: Any, rank: int, *, ridge: float, ridge_per: str = "rating", sweeps: int = 15, tol: float = 1e-6,
    rng: Any = None,
) -> Factors:  # fmt: skip
    """min Σ (r − mean − b_u − c_i − p_u·q_i)² + Σ_u λ_u(‖p_u‖² + b_u²) + Σ_i λ_i(‖q_i‖² + c_i²), over known r only.

    Alternating least squares for the objective of Koren, Bell & Volinsky (2009, eq. 5), biases and factors of a row at
    once. With ridge_per="row" each λ is `ridge`; with "rating" it is `ridge` times the number of ratings of that user
    or item (Zhou, Wilkinson, Schreiber & Pan 2008). The mean is that of all ratings given, and fixed. A row counts as
    solved when about `tol` of the squares it explains is left to gain. The loss never rises.
    """
    xp, known = triples(ratings)
    rank, ridge = whole(rank, "rank", 1, min(known.shape)), positive(ridge, "ridge")
    sweeps, tol = whole(sweeps, "sweeps", 1), positive(tol, "tol")
    mean, per = xp.mean(known.values), _per(ridge_per)
    users, items = tables(xp, known._replace(values=known.values - mean), rank + 1)
    X, Y = start(xp, known, items, rank + 1, rng)
    Y[:, -1] = 0
    losses = []
    for _ in range(sweeps):
        X, _ = als_step(users, X, Y, ridge, per=per, tol=tol, measured=False)
        Y, error = als_step(items, Y, X, ridge, per=per, tol=tol)
        penalties = (xp.sum(side.counts[:, None] ** per * Z**2) for side, Z in ((users, X), (items, Y)))
        losses.append(error + ridge * sum(penalties))
    return Factors(X[:, :-1], Y[:, :-1], X[:, -1], Y[:, -1], mean, xp.stack(losses))


def als_step(
    table: Table, X: Users, Y: Items, ridge: float, *, per: int, tol: float, measured: bool = True
) -> tuple[Users, Scalar]:
    """(X, Σ errors²): each row x of X anew, min Σ (t − y·x)² + λ‖x‖² over the row's own ratings; biases come last.

    A row's matrix Σ yyᵀ + λI is near nS + λI, where S = E[yyᵀ] over all ratings. In the eigenvectors of S that is
    diagonal, and a good preconditioner. `per` is 1 for λ = ridge·n, 0 for λ = ridge. Not `measured`,
    it is quicker and the sum is not to be used.
    """
    xp = array_namespace(Y)
    D = xp.concat([Y[:, :-1], xp.ones_like(Y[:, -1:])], axis=1)
    spread, V = xp.linalg.eigh((D * table.shares[:, None]).T @ D)
    D, bias, spread = padded(xp, D @ V), padded(xp, Y[:, -1]), xp.clip(spread, min=0)
    X, error = X @ V, xp.sum(table.counts) * 0
    for rows, columns, values, counts in table.blocks:
        G, t, penalty = gathered(xp, D, columns), values - gathered(xp, bias, columns), ridge * counts**per
        left = tol * float(xp.sum(t**2))
        X[rows] = x = conjugate_gradients(xp, G, None, t, penalty, counts * spread + penalty, X[rows], left)
        if measured:
            error = error + xp.sum((t - forth(G, x)) ** 2)
    return X @ V.T, error


def fold_in(factors: Factors, ratings: Any, *, ridge: float, ridge_per: str = "rating") -> Factors:
    """The factors with new users in the place of the old: each solved from its own ratings, the items as they are.

    `ratings` has one row for each new user and the columns that `factors` knows. A row without ratings gets zeros.
    """
    xp, known = triples(ratings)
    ridge, per = positive(ridge, "ridge"), _per(ridge_per)
    fits(factors, known)
    Y = xp.concat([factors.items, factors.item_bias[:, None]], axis=1)
    X = xp.zeros((known.shape[0], Y.shape[1]), dtype=Y.dtype, device=device(Y))
    rows = table(xp, known._replace(values=known.values - factors.mean), Y.shape[1])
    X, _ = als_step(rows, X, Y, ridge, per=per, tol=EXACT, measured=False)
    return factors._replace(users=X[:, :-1], user_bias=X[:, -1])


def _per(ridge_per: str) -> int:
    if ridge_per not in PER:
        raise ValueError(
            f"ridge_per is {ridge_per!r}; allowed are 'row', λ for each, and 'rating', λ times its ratings."
        )
    return PER.index(ridge_per)
