"""Logits, densities and discriminators to try a student's function on; and the losses as the checkers know them."""

import numpy as np

_rng = np.random.default_rng(41)

# (real, fake) logits of D. Unequal numbers of them, both signs; then some so large that exp overflows.
LOGITS = (
    (np.array([2.0, -1.0, 0.5]), np.array([-3.0, 1.0, 0.25, -0.5])),
    (_rng.normal(1, 2, 6), _rng.normal(-1, 2, 6)),
    (np.array([900.0, -800.0, 1.0]), np.array([750.0, -1000.0])),
)


def softplus(a: np.ndarray) -> np.ndarray:
    """log(1 + exp(a)) for entries of any size."""
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def sigmoid(a: np.ndarray) -> np.ndarray:
    return np.exp(-softplus(-a))


# (p, q): densities at the same points, of unlike height; some points where one of them, or both, are 0.
DENSITIES = (
    (np.array([0.1, 0.5, 0.3, 0.0, 0.2]), np.array([0.3, 0.1, 0.3, 0.4, 0.0])),
    (_rng.random(7) + 0.05, 3 * _rng.random(7) + 0.05),
    (np.array([0.0, 0.2, 0.0]), np.array([0.0, 0.6, 0.5])),
)


def _net(n: int, d: int, h: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return _rng.standard_normal((n, d)), _rng.standard_normal((h, d)), _rng.standard_normal(h), _rng.standard_normal(h)


# (x, W, b, v) of D(x) = v · tanh(W x + b): several points; as many points as inputs as units; a single point.
NETS = (_net(5, 3, 4), _net(3, 3, 3), _net(1, 3, 2))


def gradients(x, W, b, v, *, bend=None):
    """∇ₓ v · tanh(W x + b), a row for each x; `bend` is the tanh's slope by its value."""
    a = np.tanh(x @ W.T + b)
    return (v * (bend(a) if bend else 1 - a**2)) @ W
