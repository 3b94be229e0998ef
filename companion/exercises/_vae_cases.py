"""Codes, logits and weights to try a student's function on; and the chapter's quantities as the checkers know them."""

import numpy as np

_rng = np.random.default_rng(61)


def _posterior(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    return _rng.standard_normal((n, d)), 1.2 * _rng.standard_normal((n, d)) - 0.5


# (mean, log_var): n × d. As many pictures as numbers in a code, so that a wrong axis keeps the shape; one of each.
POSTERIORS = (_posterior(3, 2), _posterior(4, 4), _posterior(1, 5), _posterior(6, 1))


def kl_of(mean: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    """n × d: the divergence from N(0, 1) for each number of each code."""
    return (mean**2 + np.exp(log_var) - log_var - 1) / 2


def _pictures(n: int, pixels: int, d: int) -> tuple[np.ndarray, ...]:
    x = (_rng.random((n, pixels)) < 0.4).astype(float)
    return x, 2.5 * _rng.standard_normal((n, pixels)), *_posterior(n, d)


# (x, logits, mean, log_var): n × pixels, n × pixels, n × d, n × d
PICTURES = (_pictures(3, 8, 2), _pictures(5, 5, 5), _pictures(1, 12, 3))
# logits so large that a probability rounds to 0 or 1; the last pixel is not what its logit says, and costs 800 nats
SURE = (
    np.array([[1.0, 0.0, 1.0, 0.0]]),
    np.array([[800.0, -800.0, 1.0, 800.0]]),
    np.array([[0.5]]),
    np.array([[-1.0]]),
)


def log_prob_of(x: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """n × pixels: x·l − log(1 + eˡ)."""
    return x * logits - np.logaddexp(0, logits)


# log-weights, k × n. The last three are so far from 0 that exponentials are 0 or infinite; in the last of them the
# pictures are far apart, too, so that one maximum for all is not enough.
WEIGHTS = (
    3 * _rng.standard_normal((5, 3)) - 4,
    2 * _rng.standard_normal((4, 4)) + 1,
    2 * _rng.standard_normal((1, 6)) - 2,
    2 * _rng.standard_normal((7, 2)) - 900,
    2 * _rng.standard_normal((3, 2)) + 900,
    2 * _rng.standard_normal((3, 2)) - np.array([0, 900]),
)


def bound_of(log_w: np.ndarray) -> np.ndarray:
    """n: log (1/k) Σ w."""
    return np.logaddexp.reduce(log_w, axis=0) - np.log(len(log_w))
