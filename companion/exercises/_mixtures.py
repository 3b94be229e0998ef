"""Mixtures, points and likelihoods to try a student's function on, each made to bring a mistake to light."""

import numpy as np

WEIGHTS = np.array([0.2, 0.5, 0.3])
MEANS = np.array([[1.0, -2], [3, 1], [-1, 2]])
ROOTS = np.array([[[2.0, 0], [1.5, 0.8]], [[0.7, 0], [-0.6, 1.6]], [[1.5, 0], [0.5, 0.6]]])
COVARIANCES = ROOTS @ ROOTS.transpose(0, 2, 1)
_rng = np.random.default_rng(21)
NEAR = 2 * _rng.standard_normal((9, 2)) + [1, 1]

# Three components in two dimensions; one; two in four, where the determinants are far from 1.
MIXTURES = (
    (NEAR, WEIGHTS, MEANS, COVARIANCES),
    (NEAR[:4], np.ones(1), MEANS[:1], COVARIANCES[:1]),
    (
        _rng.standard_normal((6, 4)),
        np.array([0.7, 0.3]),
        np.array([[0.0] * 4, [1.0] * 4]),
        np.stack([0.2 * np.eye(4), 3 * np.eye(4)]),
    ),
)
FAR = (np.array([[300.0, -200], [0, 500], [-400, -400]]), WEIGHTS, MEANS, COVARIANCES)

# (X, r). Far from the origin, with unequal counts; one column; responsibilities of zero and one.
_soft = _rng.dirichlet([1.5, 1, 1], 12)
_hard = np.eye(2)[[0, 0, 1, 1, 1, 0, 1, 1, 0, 1]]
SHARES = (
    (_rng.standard_normal((12, 2)) * [1, 3] + [5, -4], _soft),
    (_rng.standard_normal((12, 1)) + 2, _soft[:, :2] / _soft[:, :2].sum(1, keepdims=True)),
    (_rng.standard_normal((10, 3)), _hard),
)

# (log_prob, k, d): no two of the usual mistakes give the same number on the first.
LOG_PROBS = (
    (-2.5 + _rng.standard_normal(50), 3, 4),
    (1.5 + _rng.standard_normal(20), 1, 2),
    (-10 + _rng.standard_normal(200), 5, 1),
)


def quadratic(X, means, matrices):
    """(x − μ_k)ᵀA_k(x − μ_k) for every row x of X and every k."""
    y = X[:, None, :] - means
    return np.einsum("nki,kij,nkj->nk", y, matrices, y)


def log_joint(X, weights, means, covariances):
    """log π_k N(x; μ_k, Σ_k), as the checkers know it."""
    squares = quadratic(X, means, np.linalg.inv(covariances))
    return np.log(weights) - (squares + np.linalg.slogdet(2 * np.pi * covariances)[1]) / 2


def softmax(logs, axis=1):
    """Shares that sum to one along `axis`."""
    shares = np.exp(logs - logs.max(axis=axis, keepdims=True))
    return shares / shares.sum(axis=axis, keepdims=True)
