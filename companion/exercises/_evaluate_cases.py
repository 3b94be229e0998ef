"""Clouds to try a student's metric on, each made to bring a mistake to light; and what the metrics are made of."""

import numpy as np

_rng = np.random.default_rng(17)
_mix = _rng.standard_normal((3, 3))
# Correlated, of unlike sizes, their means apart; with covariances that do not commute; on a line.
CLOUDS = (
    (_rng.standard_normal((12, 3)) @ _mix + [2, 0, -1], 0.6 * _rng.standard_normal((9, 3)) + [0, 1, 1]),
    (_rng.standard_normal((15, 2)) @ [[2.0, 1.5], [0, 0.3]], _rng.standard_normal((15, 2)) @ [[0.3, 0], [1, 2.0]] + 5),
    (3 * _rng.standard_normal((7, 1)) + 1, _rng.standard_normal((10, 1))),
)

# Two samples of one distribution, for which the unbiased squared MMD comes out negative.
_alike = np.random.default_rng(2)
LIKE = (_alike.standard_normal((8, 2)), _alike.standard_normal((11, 2)))

# (real, fake, k). The fake points cover a part of the real ones, with some strays; sizes differ.
NEIGHBOURS = (
    (2 * _rng.standard_normal((25, 2)), _rng.standard_normal((16, 2)) + np.array([1.6, 0]), 3),
    (_rng.standard_normal((14, 3)), 2 * _rng.standard_normal((20, 3)), 1),
    (
        np.concatenate([_rng.standard_normal((12, 2)), [[30.0, 0]]]),
        _rng.standard_normal((11, 2)) + np.array([25, 0]),
        2,
    ),
)

# (fake, train, held_out): more training than held-out points; fewer; a half of the fake ones copied.
_train = _rng.standard_normal((18, 2))
COPIES = (
    (_rng.standard_normal((47, 2)), _rng.standard_normal((30, 2)) + 0.3, _rng.standard_normal((10, 2))),
    (3 * _rng.standard_normal((15, 3)), _rng.standard_normal((8, 3)), _rng.standard_normal((24, 3))),
    (np.concatenate([_train[:7] + 0.01, _rng.standard_normal((7, 2))]), _train, _rng.standard_normal((18, 2))),
)


def root(S):
    """The symmetric root of a symmetric matrix."""
    w, V = np.linalg.eigh(S)
    return (V * np.sqrt(np.maximum(w, 0))) @ V.T


def moments(x, ddof=1):
    """(mean, covariance) of the rows."""
    return x.mean(0), np.cov(x.T, ddof=ddof).reshape(x.shape[1], -1)


def spread(S, T):
    """tr S + tr T − 2 tr (ST)^½."""
    return np.trace(S) + np.trace(T) - 2 * np.linalg.svd(root(S) @ root(T), compute_uv=False).sum()


def kernels(x, y, power=3, scale=None, plus=1):
    """(xᵀy/d + 1)³ of all pairs."""
    return (x @ y.T / (scale or x.shape[1]) + plus) ** power


def off(K):
    """The mean over pairs of different rows."""
    n = len(K)
    return (K.sum() - np.trace(K)) / (n * (n - 1))


def distances(x, y):
    """Euclidean distances of all pairs."""
    return np.sqrt(((x[:, None] - y) ** 2).sum(-1))


def reach(x, k):
    """The distance of each row to its k-th nearest other row."""
    return np.sort(distances(x, x), axis=1)[:, k]
