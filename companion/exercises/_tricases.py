"""Small fits to try a student's function on; no two of the usual mistakes give the same answer on them."""

import numpy as np


def fit_of(n: int, d: int, seed: int, *, symmetric: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """X, W, H, b with nothing in common; X and H symmetric if so asked."""
    rng = np.random.default_rng(seed)
    X, W, H = rng.standard_normal((n, n)) + 1, rng.standard_normal((n, d)), rng.standard_normal((d, d))
    b = float(rng.standard_normal()) + 2
    return (X + X.T, W, H + H.T, b) if symmetric else (X, W, H, b)


# Then n = d, and d = 1; in the last X and H are symmetric, and so RWHᵀ and RᵀWH are the same.
FITS = (fit_of(6, 3, 1), fit_of(4, 4, 2), fit_of(5, 1, 3), fit_of(5, 2, 0, symmetric=True))

# Which entries of each X are known: about two thirds; in the last fit symmetric, as X is.
_die = np.random.default_rng(6)
KNOWN = tuple(_die.random(X.shape) < 0.65 for X, *_ in FITS[:3])
_upper = np.triu(_die.random((5, 5)) < 0.65)
KNOWN = (*KNOWN, _upper | _upper.T)

# (W, H): skew columns of many lengths; a symmetric H with a negative entry that is the largest; d = 1; n = d.
_rng = np.random.default_rng(4)
FACTORS = (
    (_rng.standard_normal((6, 3)) * [3, 1, 0.5], _rng.standard_normal((3, 3))),
    (_rng.standard_normal((5, 2)), np.array([[1.0, 0.5], [0.5, -4.0]])),
    (_rng.standard_normal((4, 1)) * 2, np.array([[-1.5]])),
    (_rng.standard_normal((3, 3)), _rng.standard_normal((3, 3))),
)


# (loss along a direction, how fast it falls at 0, the first length, the right one). A first trial that is right; a
# narrow valley; one where a long step lowers the loss, but by too little for its length; the quartic of (2 − w²)²; and
# one far above zero, where the loss comes back to where it was. Then three where little decides: a short step that is
# too long if t is left out of 1e-4·t·fall, one that is too long for 1e-3, and a long one that is good enough for 1e-5.
WAYS = (
    (lambda t: (t - 1) ** 2, 2.0, 1.0, 1.0),
    (lambda t: (1 - 40 * t) ** 2 + 3, 80.0, 1.0, 1 / 32),
    (lambda t: 5 - 4 * t * np.exp(-3 * t), 4.0, 4.0, 2.0),
    (lambda t: (2 - (1 + 3 * t) ** 2) ** 2, 12.0, 2.0, 1 / 8),
    (lambda t: 1e6 + (t - 0.2) ** 2, 0.4, 6.4, 0.2),
    (lambda t: 5 - 4 * t * np.exp(-131 * t), 4.0, 0.05, 0.05),
    (lambda t: 5 - 4 * t * np.exp(-18 * t), 4.0, 0.5, 0.5),
    (lambda t: 5 - 4 * t * np.exp(-2.5 * t), 4.0, 4.0, 2.0),
)
