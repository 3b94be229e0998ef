"""Sequences and weights to try a student's function on, and what right and wrong recurrences make of them."""

from collections.abc import Callable
from typing import Any

import numpy as np

_rng = np.random.default_rng(43)


def _sequence(moments: int, sequences: int, inputs: int, hidden: int) -> tuple[np.ndarray, ...]:
    """(x, W, U, b, h): every number differs from 0, so that whatever is left out is felt."""
    sizes = ((moments, sequences, inputs), (hidden, inputs), (hidden, hidden), (hidden,), (sequences, hidden))
    scales = (1.0, 0.7, 0.6, 0.5, 0.8)
    return tuple(scale * _rng.standard_normal(size) for scale, size in zip(scales, sizes, strict=True))


# as many inputs as hidden numbers, as many sequences as moments: a transpose or a wrong axis keeps the shape
SEQUENCES = (_sequence(4, 3, 2, 5), _sequence(4, 4, 4, 4), _sequence(1, 3, 2, 4), _sequence(6, 1, 3, 2))


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def states_of(x: Any, W: Any, U: Any, b: Any, h: Any, bend: Any = np.tanh) -> np.ndarray:
    """h₀, …, h_T."""
    states = [h]
    for x_t in x:
        states.append(bend(x_t @ W.T + states[-1] @ U.T + b))
    return np.stack(states)


def gradients_of(
    x: np.ndarray,
    states: np.ndarray,
    W: np.ndarray,
    U: np.ndarray,
    g: np.ndarray,
    *,
    slope: Callable = lambda before, after: 1 - after**2,
    of_U: Callable = lambda before, after: before,
    back: Callable = lambda delta, U: delta @ U,
    everywhere: bool = False,
) -> tuple[np.ndarray, ...]:
    """∂W, ∂U and ∂b of each moment, (T, …), and the gradient by each state, (T + 1, …); with one part of it changed."""
    dW: list[np.ndarray] = []
    dU: list[np.ndarray] = []
    db: list[np.ndarray] = []
    dh = [g]
    for t in reversed(range(len(x))):
        delta = dh[0] * slope(states[t], states[t + 1])
        dW.insert(0, delta.T @ x[t])
        dU.insert(0, delta.T @ of_U(states[t], states[t + 1]))
        db.insert(0, delta.sum(0))
        dh.insert(0, back(delta, U) + (g if everywhere and t else 0))
    return np.stack(dW), np.stack(dU), np.stack(db), np.stack(dh)


# lists of gradients with a bound: all far too long; short; zero; together too long though none is alone; negative
CLIPPED = (
    ([np.array([[3.0, -4.0], [0.0, 2.5]]), np.array([4.5, -1.5, 1.0])], 1.2),
    ([np.array([0.1, -0.2]), np.array([[0.05]])], 1.0),
    ([np.zeros((2, 2)), np.zeros(3)], 1.0),
    ([np.array([[0.6, -0.8], [0.0, 0.5]]), np.array([0.9, -0.3, 0.2])], 1.2),
    ([-np.ones((3, 2)), np.array([0.01, -2.0]), np.array([0.0])], 0.5),
)

# (x, h, c, W, U, b) of cells with four gates: W (4·hidden, inputs) and so on
CELLS = tuple(
    tuple(
        scale * _rng.standard_normal(size)
        for scale, size in zip(
            (1.0, 0.8, 1.5, 1.0, 1.0, 1.0), ((n, p), (n, k), (n, k), (4 * k, p), (4 * k, k), (4 * k,)), strict=True
        )
    )
    for n, p, k in ((3, 2, 4), (1, 3, 2), (5, 4, 4))
)
