"""k-means++: starting points that are far from each other, by throwing dice (Arthur & Vassilvitskii 2007)."""

import math
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device
from jaxtyping import Inexact

from companion._array import Vector, whole
from companion.matrix.gmm.points import Points, blocks, points


class Seeds(NamedTuple):
    """Rows of X to start from, and Σ D², the sum of squared distances to the nearest, after each of them."""

    centres: Inexact[Any, "k d"]
    potentials: Inexact[Any, " k"]


def kmeans_plus_plus(X: Points, n_clusters: int, *, tries: int | None = None, rng: Any = None) -> Seeds:
    """Rows of X, each new one drawn with probability proportional to D², its squared distance to the nearest so far.

    Arthur & Vassilvitskii (2007), §2.2, and its greedy form: of `tries` draws (default 2 + ⌊ln k⌋) the one is kept that
    leaves the smallest Σ D². `rng` is a seed or a numpy.random.Generator. Raises ValueError if X has fewer different
    rows than `n_clusters`.
    """
    xp, X = points(X)
    k = whole(n_clusters, "n_clusters", 1, X.shape[0])
    tries = 2 + int(math.log(k)) if tries is None else whole(tries, "tries", 1)
    rng = np.random.default_rng(rng)
    chosen = [int(rng.integers(X.shape[0]))]
    nearest = squared_distances(xp, X, X[chosen, :])[0, :]
    potentials = [xp.sum(nearest)]
    while len(chosen) < k:
        if not potentials[-1] > 0:
            raise ValueError(f"X has {len(chosen)} different rows only; n_clusters is {k}: ask for at most that many.")
        drawn = _draw(xp, nearest, rng.random(tries))
        squares = xp.minimum(nearest, squared_distances(xp, X, X[drawn, :]))
        left = xp.sum(squares, axis=1)
        best = int(xp.argmin(left))
        chosen, nearest, potentials = [*chosen, drawn[best]], squares[best, :], [*potentials, left[best]]
    return Seeds(X[chosen, :], xp.stack(potentials))


def _draw(xp, weights: Vector, uniform: np.ndarray) -> list[int]:
    """Row numbers drawn with these weights: where a share of the total falls among the running sums."""
    sums = xp.cumulative_sum(xp.astype(weights, xp.float64))
    shares = xp.asarray(uniform, device=device(weights)) * sums[-1]
    return [min(int(i), weights.shape[0] - 1) for i in xp.searchsorted(sums, shares, side="right")]


def squared_distances(xp, X: Points, centres: Inexact[Any, "t d"]) -> Inexact[Any, "t n"]:
    """‖x − c‖² of every row x from every centre c: equal points are at distance 0 exactly."""
    t, d = centres.shape
    each = []
    for rows in blocks(X.shape[0], t * d):
        difference = X[None, rows, :] - centres[:, None, :]
        each.append(xp.sum(difference * difference, axis=2))
    return xp.concat(each, axis=1)


def nearest(X: Points, centres: Inexact[Any, "k d"]) -> Any:
    """The number of the nearest centre of every row."""
    xp, (k, d) = array_namespace(X), centres.shape
    each = [xp.argmin(squared_distances(xp, X[rows, :], centres), axis=0) for rows in blocks(X.shape[0], k * d)]
    return xp.concat(each)
