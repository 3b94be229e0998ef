"""Tables, features and labelled pictures to try a student's function on."""

import numpy as np

_rng = np.random.default_rng(61)


def _shares(*shape: int) -> np.ndarray:
    """Columns of probabilities, far from even."""
    e = np.exp(1.3 * _rng.standard_normal(shape))
    return e / e.sum(0)


def _without(table: np.ndarray, i: int, j: int) -> np.ndarray:
    """Picture i never comes with label j."""
    table = table.copy()
    table[i, j] = 0
    return table / table.sum(0)


_equal = _shares(2)

# (p, q, real, fake): more pictures than labels, as many (a wrong axis keeps the shape), the same labels for both nets
TABLES = (
    (_shares(5, 3), _shares(5, 3), _shares(3), _shares(3)),
    (_shares(4, 4), _shares(4, 4), _shares(4), _shares(4)),
    (_without(_shares(3, 2), 0, 1), _without(_shares(3, 2), 2, 0), _equal, _equal),
)

# (phi, v, w, b, c): features, a vector for each label, weights and bias of the last layer, labels. First as many
# pictures as features: there a forgotten sum, or one over the wrong axis, still returns something
PROJECTIONS = tuple(
    (
        1 + _rng.standard_normal((n, m)),
        _rng.standard_normal((k, m)),
        _rng.standard_normal(m),
        float(_rng.normal() + 2),
        _rng.permutation(np.arange(n) % k)[::-1].copy(),
    )
    for n, m, k in ((5, 5, 3), (7, 4, 3), (5, 5, 5), (3, 6, 9))
)


def _classes(counts: tuple[int, ...], pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """Clouds of different widths, in mixed order."""
    c = _rng.permutation(np.repeat(np.arange(len(counts)), counts))
    centres, width = 3 * _rng.standard_normal((len(counts), pixels)), 0.5 + np.arange(len(counts))
    return centres[c] + width[c, None] * _rng.standard_normal((len(c), pixels)), c


_x, _c = _classes((5, 9, 4), 6)
_collapsed = np.where((_c == 1)[:, None], _x[_c == 1][0], _x)

# (x, c): three classes of unlike sizes; the same with one class that has a single picture, again and again; two classes
CLOUDS = ((_x, _c), (_collapsed, _c), _classes((3, 3), 2))

# labels of a small data set: 3 never comes
SEEN = np.array([0, 1, 2, 4])
SHARE = np.array([0.6, 0.25, 0.1, 0.05])
LABELS = _rng.permutation(np.repeat(SEEN, (SHARE * 400).astype(int)))
