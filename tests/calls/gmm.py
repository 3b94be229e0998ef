"""Calls of companion.matrix.gmm, good and wrong."""

import math

import numpy as np
import torch

from calls.common import GOOD, RNG, nonnegative_number, whole_number
from companion.matrix import gmm

MIXTURE = gmm.GaussianMixture(np.array([0.5, 0.5]), GOOD[:2], np.ones((2, 3)), "diag")
LOGS = gmm.e_step(GOOD, MIXTURE).log_responsibilities
METHODS = (gmm.GaussianMixture.log_joint, gmm.GaussianMixture.log_prob, gmm.GaussianMixture.responsibilities,
           gmm.GaussianMixture.predict, gmm.GaussianMixture.bic, gmm.GaussianMixture.aic)  # fmt: skip

CALLS = {
    gmm.e_step: {"X": GOOD, "mixture": MIXTURE},
    gmm.m_step: {"X": GOOD, "log_responsibilities": LOGS, "covariance": "diag", "reg": 0.1},
    gmm.em: {"X": GOOD, "n_components": 2, "covariance": "full", "init": "k-means++", "restarts": 1, "reg": 0.1,
             "max_iter": 2, "tol": 0.1, "rng": 0},
    gmm.kmeans_plus_plus: {"X": GOOD, "n_clusters": 2, "tries": 1, "rng": 0},
    **{method: {"self": MIXTURE, "X": GOOD} for method in METHODS},
    gmm.GaussianMixture.sample: {"self": MIXTURE, "n": 2, "rng": 0},
    gmm.GaussianMixture.marginal: {"self": MIXTURE, "columns": [0, 2]},
    gmm.GaussianMixture.condition: {"self": MIXTURE, "values": GOOD[0, :2], "known": [0, 2]},
    gmm.GaussianMixture.conditional_mean: {"self": MIXTURE, "values": GOOD[:, :2], "known": [0, 2]},
}  # fmt: skip
UNCHECKED: dict = {}
SPARSE_TOO = ()

ROWS = [
    (GOOD[:, :2], ValueError, ("X has shape (4, 2)", "must be 3 long")),
    (GOOD[0], ValueError, ("X has shape (3,)", "2 dimension(s)", "X[:, None]")),
    (np.where(GOOD == 3, math.nan, GOOD), ValueError, ("X holds NaN",)),
    (torch.tensor(GOOD), TypeError, ("X is a Tensor and the mixture holds ndarrays", "convert one")),
    (GOOD + 1j, TypeError, ("X has dtype complex128", "real coordinates")),
    ([[1.0, 2, 3]], TypeError, ("X is a list", "numpy.asarray(X)")),
]
COLUMNS = [
    ([0, 0], ValueError, ("[0, 0]", "distinct column numbers between 0 and 2")), ([], ValueError, ("distinct",)),
    ([3], ValueError, ("[3]", "between 0 and 2")), ([-1], ValueError, ("[-1]", "between 0 and 2")),
    ([0.5], ValueError, ("[0.5]", "column numbers")), (1, ValueError, ("is 1;", "column numbers")),
    ("ab", ValueError, ("'ab'",)), ([True, False], ValueError, ("mask of 3",)),
]  # fmt: skip
KIND = [
    (kind, ValueError, (f"covariance is {kind!r}", "'full', 'tied', 'diag', 'spherical'", "choose one"))
    for kind in ("diagonal", "FULL", 2, None, ["full"])
]

WRONG = {
    (gmm.e_step, "mixture"): [
        (value, TypeError, (f"mixture is a {type(value).__name__}", "a GaussianMixture is needed"))
        for value in (gmm.em(GOOD, 2, reg=0.1, max_iter=0, rng=0), GOOD, None)
    ],
    (gmm.m_step, "log_responsibilities"): [
        (LOGS[:3], ValueError, ("log_responsibilities has shape (3, 2)", "X has 4 rows")),
        (LOGS[:, 0], ValueError, ("log_responsibilities has shape (4,)", "one row for each")),
        (np.exp(LOGS), ValueError, ("miss the sum 1 by", "give logarithms", "e_step")),
        (LOGS * math.nan, ValueError, ("miss the sum 1 by nan",)),
        (torch.tensor(LOGS), TypeError, ("log_responsibilities is a Tensor, X is a ndarray", "same library")),
        (LOGS.tolist(), TypeError, ("log_responsibilities is a list",)),
    ],
    (gmm.m_step, "covariance"): KIND,
    (gmm.m_step, "reg"): nonnegative_number("reg"),
    (gmm.em, "n_components"): whole_number("n_components", 1, 4),
    (gmm.em, "covariance"): KIND,
    (gmm.em, "init"): [
        ("random", ValueError, ("init is 'random'", "'k-means++', an array of 2 means and a GaussianMixture")),
        (None, ValueError, ("init is None",)),
        (GOOD[:3], ValueError, ("init has 3 rows", "n_components is 2")),
        (GOOD[:2, :2], ValueError, ("init has shape (2, 2)", "must be 3 long")),
        (GOOD[:2] * math.nan, ValueError, ("init holds NaN",)),
        (torch.tensor(GOOD[:2]), TypeError, ("init is a Tensor",)),
        (MIXTURE, ValueError, ("init is a mixture of 2 diag components in 3 dimensions", "2 full ones")),
        (MIXTURE.condition(GOOD[0, :1], [0]), ValueError, ("2 full components in 2 dimensions", "in 3 dimensions")),
    ],
    (gmm.em, "restarts"): whole_number("restarts", 1),
    (gmm.em, "reg"): nonnegative_number("reg"),
    (gmm.em, "max_iter"): whole_number("max_iter", 0),
    (gmm.em, "tol"): nonnegative_number("tol"),
    (gmm.kmeans_plus_plus, "n_clusters"): whole_number("n_clusters", 1, 4),
    (gmm.kmeans_plus_plus, "tries"): [case for case in whole_number("tries", 1) if case[0] is not None],
    **{(method, "X"): ROWS for method in METHODS},
    (gmm.GaussianMixture.sample, "n"): whole_number("n", 1),
    (gmm.GaussianMixture.marginal, "columns"): COLUMNS,
    (gmm.GaussianMixture.condition, "known"): [*COLUMNS, ([0, 1, 2], ValueError, ("give 1 to 2 distinct",))],
    (gmm.GaussianMixture.condition, "values"): [
        (GOOD[0], ValueError, ("values has shape (3,)", "must be 2 long")),
        (GOOD[:, :2], ValueError, ("values has shape (4, 2)", "1 dimension(s)")),
        (GOOD[0, :2] * math.nan, ValueError, ("values holds NaN",)),
    ],
    (gmm.GaussianMixture.conditional_mean, "known"): [*COLUMNS, ([0, 1, 2], ValueError, ("give 1 to 2 distinct",))],
    (gmm.GaussianMixture.conditional_mean, "values"): [
        (GOOD, ValueError, ("values has shape (4, 3)", "must be 2 long")),
        (GOOD[0, :2], ValueError, ("values has shape (2,)", "2 dimension(s)")),
    ],
    **{(f, "rng"): RNG for f in (gmm.em, gmm.kmeans_plus_plus, gmm.GaussianMixture.sample)},
}  # fmt: skip
