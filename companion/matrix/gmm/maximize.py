"""The M-step: weights, means and covariances from responsibilities, or from the moments of a sweep."""

from typing import Any, NamedTuple

from array_api_compat import array_namespace
from jaxtyping import Inexact

from companion._array import Vector
from companion.matrix.gmm.moments import Data, Moments
from companion.matrix.gmm.points import Points, blocks


class Estimate(NamedTuple):
    """N_k = Σr, and mean and covariance of the points weighted by r.

    A component that holds less than ε of all points counts 0, and has the mean and the covariance of all.
    """

    counts: Vector
    means: Points
    covariances: Inexact[Any, "..."]


def from_responsibilities(data: Data, r: Inexact[Any, "n k"], kind: str) -> Estimate:
    """Means first, then covariances around them: two looks at the data, and no digit lost (Bishop 2006, §9.2.2)."""
    xp, n = array_namespace(r), r.shape[0]
    counts = xp.sum(r, axis=0)
    dead = counts <= n * xp.finfo(r.dtype).eps
    shares = xp.where(dead, xp.asarray(1 / n, dtype=r.dtype), r / xp.where(dead, xp.ones_like(counts), counts))
    first = sum(shares[rows, :].T @ (data.X[rows, :] - data.centre) for rows in blocks(*data.X.shape))
    means = data.centre + first
    weights = xp.where(dead, xp.zeros_like(counts), counts)
    return Estimate(weights, means, _scatter(xp, data.X, means, shares, weights / n, kind))


def _scatter(xp, X, means, shares, weights, kind: str) -> Any:
    """Σ_i shares_ik (x_i − μ_k)(x_i − μ_k)ᵀ as `kind` stores it."""
    each = []
    for k in range(means.shape[0]):
        total = 0
        for rows in blocks(*X.shape):
            x = X[rows, :] - means[k, :]
            weighted = shares[rows, k, None] * x
            total = total + (weighted.T @ x if kind in ("full", "tied") else xp.sum(weighted * x, axis=0))
        each.append(total)
    S = xp.stack(each)
    if kind == "tied":
        return xp.sum(weights[:, None, None] * S, axis=0)
    return xp.mean(S, axis=1) if kind == "spherical" else S


def from_moments(data: Data, moments: Moments, kind: str) -> Estimate:
    """The same from Σr, Σry and Σr yyᵀ with y = x − c: covariance = second moment − δδᵀ for δ = μ − c."""
    xp, (n, d) = array_namespace(data.X), data.X.shape
    counts, first, second = moments.counts, moments.first, moments.second
    dead = counts <= n * xp.finfo(data.X.dtype).eps
    sizes = xp.where(dead, xp.full_like(counts, n), counts)
    delta = xp.where(dead[:, None], xp.sum(first, axis=0), first) / sizes[:, None]
    weights = xp.where(dead, xp.zeros_like(counts), counts)
    if kind == "tied":
        return Estimate(weights, data.centre + delta, (data.scatter - (weights * delta.T) @ delta) / n)
    square = {"full": lambda: delta[:, :, None] * delta[:, None, :], "diag": lambda: delta * delta,
              "spherical": lambda: xp.sum(delta * delta, axis=1)}[kind]()  # fmt: skip
    second = second[:, 0] if kind == "spherical" else second
    shape = (-1, *(1,) * (second.ndim - 1))
    second = xp.where(xp.reshape(dead, shape), xp.sum(second, axis=0), second) / xp.reshape(sizes, shape)
    C = second - square
    return Estimate(weights, data.centre + delta, C / d if kind == "spherical" else C)
