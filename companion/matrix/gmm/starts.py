"""Where EM begins: from k-means++, from given means, from a given mixture."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj

from companion.matrix.gmm import covariance as cov
from companion.matrix.gmm.collapse import accepted
from companion.matrix.gmm.maximize import Estimate
from companion.matrix.gmm.mixture import GaussianMixture
from companion.matrix.gmm.moments import Data
from companion.matrix.gmm.points import blocks, rows_like
from companion.matrix.gmm.seeding import kmeans_plus_plus, nearest


def start(data: Data, k: int, kind: str, init: Any, reg: float, rng: np.random.Generator) -> GaussianMixture:
    """A mixture with these means, each weighted by its share of the nearest points.

    All components begin with the same covariance, that of the points around their nearest means, so that none can
    collapse before the first step.
    """
    if isinstance(init, GaussianMixture):
        return _given(data, k, kind, init)
    if isinstance(init, str) and init == "k-means++":
        return _around(data, kmeans_plus_plus(data.X, k, rng=rng).centres, kind, reg)
    if not is_array_api_obj(init):
        raise ValueError(f"init is {init!r}; allowed are 'k-means++', an array of {k} means and a GaussianMixture.")
    _, means = rows_like(init, data.X, "init")
    if means.shape[0] != k:
        raise ValueError(f"init has {means.shape[0]} rows; n_components is {k}: give one mean for each component.")
    return _around(data, means, kind, reg)


def _given(data: Data, k: int, kind: str, init: GaussianMixture) -> GaussianMixture:
    wanted = (k, data.X.shape[1], kind, array_namespace(data.X), data.X.dtype)
    if (*init.means.shape, init.covariance, array_namespace(init.means), init.means.dtype) != wanted:
        ours, d = init.means.shape
        raise ValueError(
            f"init is a mixture of {ours} {init.covariance} components in {d} dimensions, {init.means.dtype}; "
            f"{k} {kind} ones in {data.X.shape[1]} dimensions, {data.X.dtype}, are needed."
        )
    return init


def _around(data: Data, means: Any, kind: str, reg: float) -> GaussianMixture:
    xp, k, n = array_namespace(data.X), means.shape[0], data.X.shape[0]
    labels, S = nearest(data.X, means), 0
    for rows in blocks(*data.X.shape):
        x = data.X[rows, :] - xp.take(means, labels[rows], axis=0)
        S = S + x.T @ x
    counts = xp.stack([xp.sum(xp.astype(labels == j, data.X.dtype)) for j in range(k)])
    counts = counts + 1  # so that a mean far from all points is not given up before the first step
    return accepted(data, Estimate(counts, means, cov.stored(xp, kind, S / n, k)), kind, reg)
