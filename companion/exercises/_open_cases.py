"""Pictures, gradients, rates and losses to try a student's function on; and the answers as the checkers know them."""

from collections.abc import Callable

import numpy as np
from scipy.special import gammaln, logsumexp

_rng = np.random.default_rng(41)


def _picture(n: int, step: float, epsilon: float) -> tuple:
    """x is some steps away from start already: inside the box, at its edge; pixels near 0 and near 1 are there."""
    start = np.concatenate([[0.0, 1.0, 0.02, 0.97], _rng.random(n - 4)])
    x = np.clip(start + epsilon * _rng.choice([-1.0, -0.5, 0, 0.4, 1.0], n), 0, 1)
    return x, np.concatenate([[-2.0, 3.0, -0.5, 0.7], 3 * _rng.standard_normal(n - 4)]), start, step, epsilon


# (x, slope, start, step, epsilon)
PICTURES = (_picture(60, 0.15, 0.1), _picture(12, 0.3, 0.3), _picture(25, 0.02, 0.2))

# (gradients, max_norm, noise, z, size): rows shorter and longer than the bound; more and fewer rows than expected.
SUMS = tuple(
    (_rng.standard_normal((n, k)) * np.geomspace(0.1, 9, n)[:, None], bound, noise, _rng.standard_normal(k), size)
    for n, k, bound, noise, size in ((7, 4, 1.5, 1.3, 5.0), (3, 6, 0.7, 2.0, 4.0), (12, 2, 2.5, 0.5, 10.0))
)

# (rate, noise, order)
STEPS = ((0.1, 0.8, 3), (0.02, 1.1, 8), (0.4, 3.0, 2), (0.3, 1.7, 12))

_members = _rng.gamma(1.0, 0.5, 20)
_others = _rng.gamma(2.0, 1.0, 35)
# (members, others): shares of unlike sizes; whole losses with ties; an attack that only finds the others
ATTACKS = (
    (_members, _others),
    (np.array([1.0, 1, 2, 3]), np.array([1.0, 2, 2, 4, 4])),
    (np.array([3.0, 4, 5]), np.array([1.0, 2])),
)


def lengths(g: np.ndarray) -> np.ndarray:
    return np.linalg.norm(g, axis=1, keepdims=True)


def clipped(g: np.ndarray, bound: float) -> np.ndarray:
    """Rows longer than the bound are shortened to it."""
    return g / np.maximum(1, lengths(g) / bound)


def binomial(
    q: float,
    sigma: float,
    order: int,
    *,
    power: Callable = lambda k: k**2 - k,
    counted: bool = True,
    terms: int | None = None,
) -> float:
    """log Σ_k binom(α, k) (1 − q)^(α − k) q^k exp((k² − k)/2σ²), or one of its misreadings."""
    k = np.arange(order + 1 if terms is None else terms)
    binom = gammaln(order + 1) - gammaln(k + 1) - gammaln(order - k + 1) if counted else 0.0
    return float(logsumexp(binom + (order - k) * np.log1p(-q) + k * np.log(q) + power(k) / (2 * sigma**2)))


def advantage(members: np.ndarray, others: np.ndarray) -> float:
    """max over thresholds of the share of members at or below it, minus that of the others; never below 0."""
    every = np.concatenate([members, others])
    return max(0.0, *(float(np.mean(members <= t) - np.mean(others <= t)) for t in every))
