"""Matrices to try a student's function on: small, the same every time, each made to bring a mistake to light."""

import numpy as np


def with_spectrum(m: int, n: int, s: tuple[float, ...], seed: int) -> np.ndarray:
    """An m × n matrix with random singular vectors and exactly these singular values."""
    rng = np.random.default_rng(seed)
    U, _ = np.linalg.qr(rng.standard_normal((m, len(s))))
    V, _ = np.linalg.qr(rng.standard_normal((n, len(s))))
    return (U * s) @ V.T


# No two of the usual mistakes give the same number on the first; one column, one row and only negatives follow.
COLUMN_SUMS = tuple(
    np.array(rows, float)
    for rows in (
        [[0, 1, 2], [-2, -4, -1]],
        [[-2, 1], [-5, -1], [3, 1]],
        [[-4], [1]],
        [[2, -9, 4]],
        [[-1, -2], [-3, -5]],
    )
)

# (A, steps). The first is square with its largest eigenvalue, 2, far below its norm. Then tall and wide; so large and
# so small that unnormalized vectors overflow and vanish. In the last, vectors of ones, or e₁, never turn to σ₁ = √32:
# the powers of two keep them exactly orthogonal to its right singular vector.
POWER = (
    (np.array([[2, 6, 0], [0, 1, 3], [0, 0, 0.5]]), 60),
    (with_spectrum(8, 4, (3, 1, 0.5, 0.2), seed=1), 60),
    (with_spectrum(4, 8, (2.5, 1.2, 1, 0.3), seed=2), 60),
    (1e6 * with_spectrum(5, 4, (3, 1, 0.5, 0.2), seed=3), 60),
    (1e-6 * with_spectrum(5, 4, (3, 1, 0.5, 0.2), seed=4), 60),
    (np.array([[0, 4, -4, 0], [0, 1, 1, 0], [2, 0, 0, 0], [0, 0, 0, 1.0]]), 60),
)
CROWDED = with_spectrum(30, 20, tuple(np.linspace(1, 0.9, 20)), seed=5)  # one step cannot find σ₁ among these

# (weight, n). More and fewer channels out than in, odd n, a kernel that is not square; a Laplacian's norm, 8, is at the
# highest frequency and not at zero.
CONVOLUTIONS = (
    (np.random.default_rng(2).standard_normal((3, 2, 3, 3)), 8),
    (np.random.default_rng(2).standard_normal((2, 4, 3, 3)), 7),
    (np.random.default_rng(14).standard_normal((2, 2, 2, 3)), 6),
    (np.array([[[[0, -1, 0], [-1, 4, -1], [0, -1, 0.0]]]]), 8),
)

# (A, rank). In the third σ₂ = σ₃, so that many matrices are nearest; in the last nothing is left to cut.
TRUNCATIONS = (
    (with_spectrum(6, 5, (5, 4, 2.5, 1.5, 0.7), seed=9), 2),
    (with_spectrum(4, 7, (5, 3, 2, 1), seed=10), 3),
    (np.diag([2.0, 1, 1]), 2),
    (with_spectrum(5, 5, (6, 4, 3, 2, 1), seed=11), 1),
    (with_spectrum(5, 4, (4, 3, 2, 1), seed=12), 4),
)

# (A, size). Four directions that count in faint noise; in the first, the columns in front show only the noise.
FAINT = (4.0, 3.0, 2.0, 1.0) + (1e-4,) * 6
_noise = 1e-4 * np.random.default_rng(13).standard_normal((14, 6))
RANGES = (
    (np.hstack([_noise, with_spectrum(14, 8, FAINT[:8], seed=14)]), 6),
    (with_spectrum(30, 10, FAINT, seed=15), 6),
    (with_spectrum(10, 30, FAINT, seed=16), 6),
)

# (X, rank). Far from the origin, so that centring counts; each column on its own scale; square, and with fewer rows.
_rng = np.random.default_rng(17)
SAMPLES = tuple(
    (_rng.standard_normal((m, n)) * np.linspace(3, 1, n) + 10 * _rng.standard_normal(n) + 5, rank)
    for m, n, rank in ((12, 4, 2), (6, 6, 3), (5, 8, 3))
)

# (s, share, r). Ties hold in floating point whether energies, norms or what is left over are compared.
SHARES = tuple(
    (np.array(s, float), share, r)
    for s, share, r in (
        ([4, 3, 2, 1], 0.5, 1), ([4, 3, 2, 1], 0.8, 2), ([4, 3, 2, 1], 0.95, 3), ([4, 3, 2, 1], 0.99, 4),
        ([4, 3], 0.64, 1), ([2, 2, 2, 2], 0.6, 3), ([2, 2, 2, 2], 1.0, 4), ([4, 2, 0, 0], 1.0, 2),
        ([20, 1, 1, 1, 1], 0.9, 1), ([3, 2, 2, 2], 0.2, 1), ([5], 0.3, 1),
    )
)  # fmt: skip
