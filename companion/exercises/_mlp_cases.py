"""Logits, labels and small networks to try a student's function on, each made to bring a mistake to light."""

import numpy as np

_rng = np.random.default_rng(31)

# (logits, y). More rows than classes and fewer; one row; logits far from zero; probabilities that underflow to 0.
LABELLED = (
    (2 * _rng.standard_normal((5, 3)), np.array([0, 2, 1, 2, 2])),
    (_rng.standard_normal((2, 4)) + 3, np.array([3, 1])),
    (np.array([[1.0, -1]]), np.array([1])),
    (np.array([[1000.0, 1001, 998], [-1000, -1003, -1002]]), np.array([2, 0])),
)
HUGE = (np.array([[2000.0, 0, -1000], [0, 900, 0]]), np.array([1, 1]))


def softmax(logits: np.ndarray, axis: int = 1) -> np.ndarray:
    """Shares that sum to one along `axis`."""
    shares = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return shares / shares.sum(axis=axis, keepdims=True)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Their logarithms, for logits of any size."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _network(n: int, p: int, h: int, k: int) -> tuple[np.ndarray, ...]:
    """x, W1, b1, W2, b2, G with sums well away from 0, and one hidden unit that no row of x switches on."""
    x, W1, W2 = (_rng.standard_normal(shape) for shape in ((n, p), (h, p), (k, h)))
    b1, b2, G = (_rng.standard_normal(shape) for shape in ((h,), (k,), (n, k)))
    b1[-1] = -20
    return x, W1, b1, W2, b2, G


# Sizes that all differ; all alike, so that a missing transpose is not seen by the shapes; one hidden unit more.
NETWORKS = (_network(6, 3, 5, 2), _network(4, 4, 4, 4), _network(1, 2, 3, 3))

SIZES = ((400, 300), (50, 2000), (700, 90))  # inputs, outputs of a layer
BITS = (2, 3, 5)


def corners(n: int) -> np.ndarray:
    """All rows of n zeros and ones, 2ⁿ × n."""
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(float)
