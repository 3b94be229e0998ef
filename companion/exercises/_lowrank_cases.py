"""Layers, data and gradients to try a student's function on."""

import numpy as np

_rng = np.random.default_rng(58)


def _weights(q: int, p: int, falls: float) -> np.ndarray:
    """q × p with singular values 4, 4·falls, 4·falls², …"""
    n = min(q, p)
    U, V = (np.linalg.qr(_rng.standard_normal((side, side)))[0][:, :n] for side in (q, p))
    return (U * (4 * falls ** np.arange(n))) @ V.T


# (W, rank): wide, tall, square, and one of rank 1 only
LAYERS = ((_weights(6, 9, 0.6), 3), (_weights(8, 5, 0.7), 2), (_weights(5, 5, 0.5), 4), (_weights(4, 7, 0.01), 1))


def _seen(n: int, p: int) -> np.ndarray:
    """Rows of inputs of unlike sizes, correlated: what W's largest singular vectors say hardly occurs."""
    return _rng.standard_normal((n, p)) @ (_rng.standard_normal((p, p)) * np.geomspace(0.05, 3, p)[:, None])


# (W, X, rank): many inputs, fewer than W has columns, and rank 1
SEEN = (
    (_weights(6, 9, 0.8), _seen(40, 9), 3),
    (_weights(7, 8, 0.7), _seen(6, 8), 2),
    (_weights(4, 5, 0.8), _seen(30, 5), 1),
)

# (c, o, k, rank, size): inputs, outputs, kernel, rank, side of the picture; all unlike in the first
SIZES = ((3, 16, 5, 4, 28), (32, 64, 3, 12, 13), (7, 7, 1, 3, 10), (1, 9, 4, 2, 4))


def _step(n: int, q: int, p: int, r: int, scale: float) -> tuple:
    W, A, B = (_rng.standard_normal(shape) for shape in ((q, p), (r, p), (q, r)))
    return W, A, B, _rng.standard_normal((n, p)), _rng.standard_normal((n, q)), scale


# (W, A, B, x, g, scale): the layer x ↦ x(W + scale·BA)ᵀ, inputs, and the gradient g by its outputs
STEPS = (_step(4, 5, 7, 2, 3.0), _step(6, 4, 4, 3, 0.5), _step(1, 3, 6, 1, 2.0))
