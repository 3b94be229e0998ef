"""Points in the plane from a known mixture of narrow Gaussians: what a generator misses can be counted.

The ring and the grid of Srivastava et al. (2017, section 4); their sizes are those of the first author's own code for
the ring and of Lin et al.'s (2018) for the grid.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64


class Points(NamedTuple):
    """Samples, the number of the Gaussian each comes from, the middles of all, and their standard deviation."""

    x: Float32[np.ndarray, "n 2"]
    y: Int64[np.ndarray, " n"]
    modes: Float64[np.ndarray, "k 2"]
    std: float


def ring(n: int, *, modes: int = 8, radius: float = 1.0, std: float = 0.01, rng: Any = None) -> Points:
    """n points from `modes` equally likely Gaussians, evenly on a circle around 0, the first one on the right.

    `rng` is a seed, a numpy.random.Generator or None for a fresh one (SPEC 7).
    """
    _check(n=n, modes=modes)
    _check_lengths(radius=radius, std=std)
    angle = 2 * np.pi * np.arange(modes) / modes
    return _drawn(n, radius * np.stack([np.cos(angle), np.sin(angle)], 1), std, rng)


def grid(n: int, *, side: int = 5, spacing: float = 2.0, std: float = 0.05, rng: Any = None) -> Points:
    """n points from side² equally likely Gaussians on a square grid around 0, row by row from the lower left.

    `rng` is a seed, a numpy.random.Generator or None for a fresh one (SPEC 7).
    """
    _check(n=n, side=side)
    _check_lengths(spacing=spacing, std=std)
    axis = spacing * (np.arange(side) - (side - 1) / 2)
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return _drawn(n, np.stack([x.ravel(), y.ravel()], 1), std, rng)


def _drawn(n: int, modes: np.ndarray, std: float, rng: Any) -> Points:
    rng = np.random.default_rng(rng)
    y = rng.integers(len(modes), size=n)
    x = modes[y] + std * rng.standard_normal((n, 2))
    return Points(x.astype(np.float32), y, modes, std)


def _check(**counts: int) -> None:
    for name, value in counts.items():
        if isinstance(value, bool) or value != int(value) or value < 1:
            raise ValueError(f"{name} is {value!r}; a whole number ≥ 1 is needed.")


def _check_lengths(**lengths: float) -> None:
    for name, value in lengths.items():
        if not 0 < value < float("inf"):
            raise ValueError(f"{name} is {value!r}; a finite number > 0 is needed.")
