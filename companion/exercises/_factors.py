"""Data and factors to try a student's NMF on, and the wrong turns that are usual with them."""

import numpy as np

_rng = np.random.default_rng(3)


def _case(m: int, n: int, rank: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X with structure, and factors some way off; W's columns have unlike lengths, none of them 1.

    H has the scale that fits X best, so that some of its entries must grow and others shrink.
    """
    X = _rng.random((m, rank)) @ _rng.random((rank, n)) + 0.3 * _rng.random((m, n))
    W, H = (_rng.random((m, rank)) + 0.2) * np.linspace(0.5, 2, rank), _rng.random((rank, n)) + 0.2
    return X, W, H * np.sum(X * (W @ H)) / np.sum((W @ H) ** 2)


# (X, W, H): tall, wide, square, and one with a zero in H that a multiplicative update must keep
FITS = (_case(7, 5, 3), _case(4, 9, 2), _case(6, 6, 3), _case(8, 5, 4))
FITS[3][2][1, 2] = 0

# (W, H): rows of H with unlike sums; in the last one a component is dead
PAIRS = tuple((W, H * np.linspace(0.5, 3, len(H))[:, None]) for _, W, H in FITS)
PAIRS[2][1][1] = 0

# (u, sigma, v): unit vectors. v alone would choose the wrong half of the second, u alone that of the third and fourth;
# the last has one half only.
TERMS = tuple(
    (np.array(u) / np.linalg.norm(u), s, np.array(v) / np.linalg.norm(v))
    for u, s, v in (
        ([3.0, 1, -1, 0, 2], 2.5, [1.0, 4, -2, 1]),
        ([-2.0, 1, -3], 1.5, [-1.0, 2, -2, 0, 2]),
        ([4.0, 1, -2], 3.0, [1.0, -5, 1]),
        ([-3.0, 1, 2.5, 1], 0.7, [2.0, 3, -1]),
        ([1.0, 2], 4.0, [3.0, 1, 1]),
    )
)


def swept(
    X: np.ndarray,
    W: np.ndarray,
    H: np.ndarray,
    *,
    order: int = 1,
    fresh: bool = True,
    low: float = 0.0,
    own: float = 1.0,
    share: float = 1.0,
    divide: bool = True,
) -> np.ndarray:
    """One sweep of HALS over H: own·(the row) + share·(the way to its best value), cut at `low`.

    Rows come in the order given and see fresh rows or the old ones; the way may lack its division by (WᵀW)_ll.
    """
    C, G, new = W.T @ X, W.T @ W, H.copy()
    for row in range(len(H))[::order]:
        source = new if fresh else H
        way = (C[row] - G[row] @ source) / (G[row, row] if divide else 1.0)
        new[row] = np.maximum(own * source[row] + share * way, low)
    return new
