"""Calls of companion.matrix.svd, good and wrong."""

import numpy as np

from calls.common import GOOD, RNG, positive_number, whole_number
from companion.matrix import svd

FACTORS = svd.exact(GOOD)

CALLS = {
    svd.exact: {"A": GOOD},
    svd.gram: {"A": GOOD, "rank": 2},
    svd.randomized: {"A": GOOD, "rank": 2, "oversample": 1, "power": 1, "rng": 0},
    svd.range_finder: {"A": GOOD, "size": 2, "power": 1, "rng": 0},
    svd.error_bound: {"A": GOOD, "factors": FACTORS, "probes": 3, "rng": 0},
    svd.truncation_errors: {"s": FACTORS.s},
    svd.pca: {"X": GOOD, "rank": 2},
    svd.optimal_threshold: {"s": FACTORS.s, "shape": (4, 3), "noise": 0.1},
    svd.SVD.truncate: {"self": FACTORS, "rank": 2},
    svd.PCA.encode: {"self": svd.pca(GOOD, 2), "X": GOOD},
}
UNCHECKED = {
    svd.SVD.reconstruct: "takes no argument",
    svd.PCA.decode: "a matrix product, which refuses wrong shapes itself",
}
SPARSE_TOO = (svd.randomized, svd.range_finder, svd.error_bound)
WRONG = {
    (svd.gram, "rank"): whole_number("rank", 1, 3),
    (svd.randomized, "rank"): whole_number("rank", 1, 3),
    (svd.randomized, "oversample"): whole_number("oversample", 0),
    (svd.randomized, "power"): whole_number("power", 0),
    (svd.range_finder, "size"): whole_number("size", 1, 3),
    (svd.range_finder, "power"): whole_number("power", 0),
    (svd.error_bound, "probes"): whole_number("probes", 1),
    (svd.error_bound, "factors"): [
        (svd.exact(GOOD.T), ValueError, ("factors are of a 3 × 4 matrix, A is (4, 3)", "A's own factors")),
        (svd.exact(GOOD[:, :2]), ValueError, ("4 × 2 matrix", "(4, 3)")),
    ],
    (svd.pca, "rank"): whole_number("rank", 1, 3),
    (svd.optimal_threshold, "noise"): positive_number("noise"),
    (svd.optimal_threshold, "shape"): [
        ((4, 4), ValueError, ("3 entries", "(4, 4)", "all min(m, n)")), ((4, 2), ValueError, ("3 entries", "(4, 2)")),
        ((3,), ValueError, ("(3,)", "give (m, n)")), ((3, 4, 5), ValueError, ("(3, 4, 5)", "give (m, n)")),
    ],
    (svd.truncation_errors, "s"): [
        (np.array([1.0, 2.0]), ValueError, ("from 1.0 to 2.0", "descending singular values")),
        (np.array([1.0, -1.0]), ValueError, ("from 1.0 to -1.0",)), (np.zeros(2), ValueError, ("from 0.0 to 0.0",)),
    ],
    (svd.pca, "X"): [(GOOD[:1], ValueError, ("X has shape (1, 3)", "at least 2 rows", "more samples"))],
    (svd.SVD.truncate, "rank"): whole_number("rank", 1, 3),
    (svd.PCA.encode, "X"): [
        (GOOD[:, :1], ValueError, ("X has shape (4, 1)", "must be 3 long")), (GOOD.T, ValueError, ("(3, 4)", "3 long")),
    ],
    **{(f, "rng"): RNG for f in (svd.randomized, svd.range_finder, svd.error_bound)},
}  # fmt: skip
