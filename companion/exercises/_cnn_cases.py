"""Maps, chains of layers and answers to try a student's function on; and the layers as the checkers know them."""

import numpy as np

_rng = np.random.default_rng(31)


def _whole(*shape: int) -> np.ndarray:
    return _rng.integers(-4, 5, shape).astype(float)


# (x, weight, stride, padding). The first shows each usual mistake: channels, stride, padding, kernel all matter.
LAYERS = (
    (_whole(2, 9, 11), _whole(3, 2, 3, 3), 2, 2),
    (_whole(1, 3, 4), _whole(1, 1, 2, 2), 1, 0),
    (_whole(3, 6, 5), _whole(2, 3, 2, 4), 1, 2),
    (_whole(2, 8, 8), _whole(2, 2, 3, 3), 3, 0),
)

# (x, size, stride). Negative maps, windows that overlap, edges that no window reaches.
POOLS = (
    (_rng.permutation(270).reshape(15, 18) - 135.0, 6, 2),
    (-1 - np.abs(_whole(5, 7)), 2, 2),
    (_whole(6, 6), 2, 3),
    (_whole(4, 9), 4, 1),
)

# (size, chain of (kernel, stride, padding, dilation)): one layer, several, and lines that get too short on the way.
CHAINS: tuple[tuple[int, list[tuple[int, int, int, int]]], ...] = (
    (40, [(5, 3, 4, 2)]),
    (28, [(3, 1, 0, 1), (2, 2, 0, 1), (3, 1, 0, 1), (2, 2, 0, 1), (3, 1, 0, 1)]),
    (33, [(3, 2, 1, 1), (4, 3, 2, 3)]),
    (7, [(7, 2, 0, 1)]),
    (5, [(3, 1, 0, 3)]),
    (10, [(4, 3, 0, 1), (5, 1, 0, 1), (3, 1, 1, 1)]),
    (4, [(6, 1, 0, 1), (3, 1, 2, 1)]),
    (17, []),
)


def slid(x, weight, stride, padding, *, columns=None, mode="constant", step=None):
    """outputs × rows × columns; `step` is how far windows move, `stride` how many there are of them."""
    x = np.pad(x, [(0, 0), (padding, padding), (padding, padding)], mode=mode) if padding else x
    kh, kw = weight.shape[2:]
    seen = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(1, 2))
    h, w = (seen.shape[1] - 1) // stride + 1, (seen.shape[2] - 1) // (columns or stride) + 1
    step = step or stride
    seen = seen[:, ::step, :: columns or step][:, :h, :w]
    return np.einsum("chwmn,ocmn->ohw", seen, weight)


def pooled(x, size, stride, pick=np.max):
    """rows × columns: what `pick` makes of each window."""
    seen = np.lib.stride_tricks.sliding_window_view(x, (size, size))[::stride, ::stride]
    return pick(seen, axis=(2, 3))


def _answers(n: int, k: int, sharp: float) -> tuple[np.ndarray, np.ndarray]:
    z = sharp * _rng.standard_normal((n, k))
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return p, np.where(_rng.random(n) < 0.6, p.argmax(1), _rng.integers(0, k, n))


# (p, y, bins). Random answers; confidences on the edges of bins; all sure; one bin.
_edges = np.array([0.5, 0.5, 0.75, 0.75, 0.75, 1.0, 1.0, 0.625])
ANSWERS = (
    (*_answers(60, 4, 1.5), 8),
    (np.stack([_edges, 1 - _edges], 1), np.array([0, 1, 0, 0, 1, 0, 1, 0]), 4),
    (np.eye(3)[[0, 1, 2, 0]], np.array([0, 1, 1, 0]), 5),
    (*_answers(30, 3, 0.5), 1),
)


def binned(p, y, bins, *, below=False):
    """(share, confidence, accuracy) of each bin that is not empty; bins closed above, or `below`."""
    confidence, right = p.max(1), p.argmax(1) == y
    number = np.floor(confidence * bins) if below else np.ceil(confidence * bins) - 1
    found = [number == b for b in range(bins)]
    return np.array([(m.mean(), confidence[m].mean(), right[m].mean()) for m in found if m.any()]).reshape(-1, 3)
