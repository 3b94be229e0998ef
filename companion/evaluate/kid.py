"""The kernel distance of two clouds of features: 0 on average for equal distributions, however few samples."""

import math
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import device

from companion._array import whole
from companion.evaluate.rows import Others, Rows, pair


class KID(NamedTuple):
    """Mean and standard deviation of the estimates from random subsets, and the standard error of their mean.

    `error` counts both kinds of chance, which rows the subsets took and which rows there are: std·√(1/subsets + f/(1 −
    f)), f the share of the smaller side that one subset takes; it is NaN where a subset takes all, or there is one
    subset only. For unlike distributions it is about right, for like ones too large.
    """

    mean: float
    std: float
    error: float


def kernel(real: Rows, fake: Others, *, subsets: int = 100, size: int | None = None, rng: Any = None) -> KID:
    """MMD² with the kernel k(x, y) = (xᵀy/d + 1)³, unbiased, mean over `subsets` (Bińkowski et al. 2018).

    Each subset takes `size` rows of both sides without replacement (None: 1,000, or a third of the smaller side).
    Unbiased, so it may be negative. `rng` is a seed or a numpy.random.Generator.
    """
    xp, real, fake = pair(real, fake)
    least = min(real.shape[0], fake.shape[0])
    if least < 2:
        raise ValueError(f"real has {real.shape[0]} rows, fake {fake.shape[0]}; at least 2 of each are needed.")
    size = max(2, min(1000, least // 3)) if size is None else whole(size, "size", 2, least)
    subsets, rng = whole(subsets, "subsets", 1), np.random.default_rng(rng)
    found = [mmd2(_some(xp, real, size, rng), _some(xp, fake, size, rng)) for _ in range(subsets)]
    mean, std, share = float(np.mean(found)), float(np.std(found)), size / least
    known = subsets > 1 and share < 1
    return KID(mean, std, std * math.sqrt(1 / subsets + share / (1 - share)) if known else math.nan)


def mmd2(x: Rows, y: Others) -> float:
    """Σ_{i≠j} k(xᵢ, xⱼ)/(n(n − 1)) + Σ_{i≠j} k(yᵢ, yⱼ)/(m(m − 1)) − 2 Σ k(xᵢ, yⱼ)/(nm) (Gretton et al. 2012, Lemma 6).

    k(x, y) = (xᵀy/d + 1)³. Needs n × m numbers in memory: for more than some thousand rows take `kernel`.
    """
    xp, x, y = pair(x, y, ("x", "y"))
    (n, d), m = x.shape, y.shape[0]
    if min(n, m) < 2:
        raise ValueError(f"x has {n} rows, y {m}; at least 2 of each are needed.")
    within = sum(_off_diagonal(xp, z, d) for z in (x, y))
    return float(within - 2 * xp.mean(_cubes(x, y, d)))


def _off_diagonal(xp, z: Any, d: int) -> Any:
    """The mean of k over all pairs of different rows."""
    k, n = _cubes(z, z, d), z.shape[0]
    return (xp.sum(k) - xp.sum(xp.linalg.diagonal(k))) / (n * (n - 1))


def _cubes(x: Any, y: Any, d: int) -> Any:
    t = x @ y.T / d + 1
    return t * t * t  # many times as fast as t**3


def _some(xp, x: Any, size: int, rng: np.random.Generator) -> Any:
    return xp.take(x, xp.asarray(rng.choice(x.shape[0], size, replace=False), device=device(x)), axis=0)
