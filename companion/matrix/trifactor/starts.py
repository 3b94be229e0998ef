"""Where a descent begins. There are several minima, and a small picture of X shows which valley is deep.

Even a symmetric X has some, where its eigenvalues have both signs: a column of W that must turn from an eigenvector of
a small positive one to that of a large negative one passes through wᵀXw = 0, where it explains nothing.
"""

from collections.abc import Iterator
from typing import Any

from companion._array import normal
from companion.matrix.subspace import orthonormal, unit
from companion.matrix.trifactor.descent import Problem, at, descend, problem, products

SPARE = 10  # directions beyond twice the rank that the picture shows
STEPS = 10  # taken inside the picture from each of its starts
CLEARLY = 1e-3  # better by less is a tie, and the first start is kept: rounding must not decide


def start(p: Problem, rank: int, rng) -> Any:
    """An orthonormal W in the range of X and Xᵀ: the best of three short descents inside a random part of it.

    The part is a basis P of 2·rank + 10 columns, or n if fewer, after one power step; PᵀXP is a fit of that size.
    """
    xp, n = p.xp, p.sums.shape[0]
    size = min(2 * rank + SPARE, n)
    omega = normal(rng, (n, 2 * size + rank), like=p.X)  # X and Xᵀ have their own: their sum may be zero
    Y = unit(xp, p.X @ omega[:, :size] + p.XT @ omega[:, size : 2 * size])
    XY, XTY = products(p, Y)
    P = orthonormal(xp, XY @ omega[:size, :size] + XTY @ omega[:size, size : 2 * size])
    picture = P.T @ (p.X @ P)
    if p.bias:  # about what the bias will take
        level = p.sums / n if p.bias == "row" else xp.mean(p.sums) / n + 0 * p.sums
        picture = picture - (P.T @ level)[:, None] * xp.sum(P, axis=0)
    small = problem(xp, picture, None)
    deepest, *others = ([*descend(small, at(small, W), STEPS)][-1] for W in starts(xp, picture, P.T @ omega[:, -rank:]))
    for end in others:
        deepest = end if end.loss < (1 - CLEARLY) * deepest.loss else deepest
    return P @ deepest.W


def starts(xp, S, other) -> Iterator[Any]:
    """For a small S: its symmetric part's leading eigenvectors, its leading singular vectors of both sides, `other`."""
    rank = other.shape[1]
    values, V = xp.linalg.eigh((S + S.T) / 2)
    yield xp.take(V, xp.argsort(-xp.abs(values))[:rank], axis=1)
    yield xp.linalg.eigh(S @ S.T + S.T @ S)[1][:, -rank:]
    yield orthonormal(xp, other)
