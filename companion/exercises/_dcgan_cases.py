"""Maps and weights to try a student's function on, and the layers of the chapter as the checkers know them."""

from collections.abc import Callable
from typing import Any

import numpy as np

_rng = np.random.default_rng(64)


def _whole(*shape: int) -> np.ndarray:
    return _rng.integers(1, 9, shape) * _rng.choice([-1.0, 1.0], shape)


# (y, w, stride, padding): copies that overlap much, by half, by one; with a gap between; square and oblong weights
STAMPS = (
    (_whole(3, 4), _whole(5, 5), 2, 1),
    (_whole(2, 3), _whole(4, 4), 2, 1),
    (_whole(3, 2), _whole(2, 3), 1, 0),
    (_whole(2, 2), _whole(2, 2), 3, 0),
    (_whole(4, 4), _whole(3, 3), 2, 1),
)


def stamped(y, w, stride, padding, *, columns=None, add: Callable = np.add, start=0.0, after=None):
    """Copies of w times each entry of y, `stride` apart, put together by `add`; the edge cut off."""
    columns = columns or stride
    x = np.full(((y.shape[0] - 1) * stride + w.shape[0], (y.shape[1] - 1) * columns + w.shape[1]), start)
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            part = np.s_[stride * i : stride * i + w.shape[0], columns * j : columns * j + w.shape[1]]
            x[part] = add(x[part], y[i, j] * w)
    after = padding if after is None else after
    return x[padding : x.shape[0] - after, padding : x.shape[1] - after]


# (size, kernel, stride)
LINES = ((6, 5, 2), (5, 3, 2), (4, 5, 3), (3, 2, 3), (7, 3, 1), (1, 4, 2))


def covered(size: int, kernel: int, stride: int) -> np.ndarray:
    counts = np.zeros((size - 1) * stride + kernel)
    for i in range(size):
        counts[i * stride : i * stride + kernel] += 1
    return counts


MOMENTUM, EPS = 0.1, 1e-5


def _maps(n: int, c: int, h: int, w: int, scale: Any) -> np.ndarray:
    """Channels of different mean and spread; one of them nearly constant, so that ε is felt."""
    spread = np.asarray(scale)[:, None, None]
    return spread * (_rng.standard_normal((n, c, h, w)) + _rng.standard_normal((n, c, 1, 1)) / 2) + 3 * spread


# (x, running mean, running variance, training)
# the last running variance in evaluation is as small as ε, so that it is felt there too
MAPS = tuple(
    (_maps(*shape, scale), _rng.standard_normal(shape[1]), least * (0.5 + _rng.random(shape[1])), training)
    for shape, scale, least, training in (
        ((4, 3, 2, 5), (1.0, 4.0, 0.003), 1.0, True),
        ((4, 3, 2, 5), (1.0, 4.0, 0.003), np.array([1, 1, 2e-5]), False),
        ((3, 2, 3, 3), (2.0, 0.5), 1.0, True),
        ((1, 2, 3, 3), (2.0, 0.5), 1.0, False),
    )
)


def normalized(x, mean, var, training, *, axes=(0, 2, 3), use=None, keep=None, unbiased=True, own_unbiased=False):
    """(y, mean, var) after batch norm; `use` and `keep` the batch's statistics for y, for the running ones."""
    shape = (1, -1, 1, 1)
    use, keep = training if use is None else use, training if keep is None else keep
    m, v = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    n = int(np.prod([x.shape[a] for a in axes]))
    correction = n / max(n - 1, 1)
    mine = (m, v * (correction if own_unbiased else 1)) if use else (mean.reshape(shape), var.reshape(shape))
    y = (x - mine[0]) / np.sqrt(mine[1] + EPS)
    if keep:
        channel = (0, 2, 3)
        m, v = x.mean(channel), x.var(channel) * (x.size / x.shape[1] / (x.size / x.shape[1] - 1) if unbiased else 1)
        mean, var = (1 - MOMENTUM) * mean + MOMENTUM * m, (1 - MOMENTUM) * var + MOMENTUM * v
    return y, mean, var


def _kernel(*shape: int, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    weight = spread * _rng.standard_normal(shape)
    v = _rng.standard_normal(int(np.prod(shape[1:])))
    return weight, v / np.linalg.norm(v)


# (weight, v): convolutions, one with as many outputs as inputs
KERNELS = (_kernel(5, 2, 3, 3, spread=2.0), _kernel(4, 1, 2, 2, spread=0.3), _kernel(3, 3, 2, 4))


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x)


def stepped(weight: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(weight/σ, u, v) after one step of power iteration."""
    W = weight.reshape(len(weight), -1)
    u = unit(W @ v)
    v = unit(W.T @ u)
    return weight / (u @ W @ v), u, v
