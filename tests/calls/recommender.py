"""Calls of companion.matrix.recommender, good and wrong."""

import math

import numpy as np
import scipy.sparse
import torch

from calls.common import RNG, positive_number, whole_number
from companion.matrix import recommender as r

TABLE = scipy.sparse.csr_array(np.array([[5.0, 3, 0, 1], [4, 0, 0, 1], [1, 1, 0, 5], [0, 1, 5, 4], [2, 0, 3, 0]]))
RATINGS = r.Ratings(*(x.astype(np.int64) for x in TABLE.tocoo().coords), TABLE.data, (5, 4))
FACTORS = r.als(RATINGS, 2, ridge=0.1, sweeps=2, rng=0)
COUNTED = r.implicit_als(RATINGS, 2, ridge=0.1, sweeps=2, rng=0)
LISTS = np.array([[2, 0], [1, 2], [2, -1], [0, 1], [1, 3]])
IDS = np.array([0, 3])
TIMES = np.arange(13.0)

CALLS = {
    r.rmse: {"predicted": TIMES, "true": TIMES + 1},
    r.mae: {"predicted": TIMES, "true": TIMES + 1},
    r.similar: {"vectors": FACTORS.items, "rows": IDS, "n": 2},
    r.als: {"ratings": RATINGS, "rank": 2, "ridge": 0.1, "ridge_per": "row", "sweeps": 2, "tol": 1e-6, "rng": 0},
    r.fold_in: {"factors": FACTORS, "ratings": RATINGS, "ridge": 0.1, "ridge_per": "row"},
    r.implicit_als: {"counts": RATINGS, "rank": 2, "ridge": 0.1, "alpha": 2.0, "sweeps": 2, "steps": 2, "rng": 0},
    r.implicit_fold_in: {"factors": COUNTED, "counts": RATINGS, "ridge": 0.1, "alpha": 2.0},
    r.predict: {"factors": FACTORS, "users": IDS, "items": IDS},
    r.top_n: {"factors": FACTORS, "users": IDS, "n": 2, "seen": RATINGS},
    r.recall_at: {"lists": LISTS, "relevant": RATINGS, "k": 2},
    r.ndcg_at: {"lists": LISTS, "relevant": RATINGS, "k": 2},
    r.split_random: {"ratings": RATINGS, "share": 0.4, "rng": 0},
    r.split_by_time: {"ratings": RATINGS, "times": TIMES, "share": 0.4},
}
UNCHECKED = {
    r.als_step: "the inside of als's loop: checks here would be paid at every half sweep",
    r.implicit_step: "the inside of implicit_als's loop: checks here would be paid at every half sweep",
}
SPARSE_TOO = ()
OTHERS = tuple(f for f in CALLS if f not in (r.rmse, r.mae, r.similar))


def table(name, whole=True):
    """Wrong values for a table of ratings that the caller names so."""
    cut, twice = RATINGS.users[:-1], np.where(np.arange(13) == 1, RATINGS.items[0], RATINGS.items)

    def but(**wrong):
        return RATINGS._replace(**wrong)

    refused = [
        (TABLE.toarray(), TypeError, (f"{name} is a ndarray", "SciPy-sparse", "which entries are missing")),
        (None, TypeError, (f"{name} is a NoneType", "SciPy-sparse")),
        ([[1, 2]], TypeError, (f"{name} is a list",)),
        (FACTORS, TypeError, (f"{name} is a Factors", "Ratings(users, items, values, shape)")),
        (but(values=RATINGS.values * np.nan), ValueError, (f"{name}.values holds NaN", "remove or replace")),
        (but(values=RATINGS.values * 1j), TypeError, (f"{name}.values has dtype complex128", "real")),
        (but(values=[1.0]), TypeError, (f"{name}.values is a list", "numpy.asarray(")),
        (but(values=RATINGS.values[:0]), ValueError, (f"{name}.values has shape (0,)", "empty")),
        (but(values=TABLE.toarray()), ValueError, (f"{name}.values has shape (5, 4)", "1 dimension(s)")),
        (scipy.sparse.csr_array((5, 4)), ValueError, (f"{name}.values has shape (0,)", "empty")),
        (but(users=cut), ValueError, ("12 users, 13 items and 13 values", "one of each")),
        (but(users=RATINGS.users * 1.0), TypeError, (f"{name}.users has dtype float64", "int64")),
        (but(users=RATINGS.users.tolist()), TypeError, (f"{name}.users is a list", "whole numbers")),
        (but(items=torch.tensor(RATINGS.items)), TypeError, (f"{name}.items is a Tensor", "values' library")),
        (but(items=RATINGS.items + 1), ValueError, (f"{name}.items holds 4", "known are 0 to 3")),
        (but(users=RATINGS.users - 1), ValueError, (f"{name}.users holds -1", "known are 0 to 4")),
        (but(users=RATINGS.users[:, None]), ValueError, (f"{name}.users has shape (13, 1)",)),
        (but(shape=(5,)), ValueError, (f"{name}.shape is (5,)", "number of items")),
        (but(shape=(5, 0)), ValueError, (f"{name}.shape is 0", "≥ 1")),
        (but(shape=(5, 4.5)), TypeError, (f"{name}.shape is 4.5", "whole number")),
    ]
    again = [
        (but(items=twice), ValueError, ("a pair that has one already, such as row 0 and column 0", "keep the lat"))
    ]
    return refused + (again if whole else [])


def numbers(name, high):
    """Wrong values for a list of rows or columns."""
    return [
        ([0, 1], TypeError, (f"{name} is a list",)), (0, TypeError, (f"{name} is a int",)),
        (np.array([0.0, 1]), TypeError, (f"{name} has dtype float64", "int64")),
        (np.array([0, high + 1]), ValueError, (f"{name} holds {high + 1}", f"known are 0 to {high}")),
        (np.array([-1, 0]), ValueError, (f"{name} holds -1",)), (np.array([[0, 1]]), ValueError, ("shape (1, 2)",)),
        (np.array([], int), ValueError, (f"{name} has shape (0,)",)), (torch.tensor([0]), TypeError, ("is a Tensor",)),
    ]  # fmt: skip


NEGATIVE = RATINGS._replace(values=RATINGS.values - 1)
not_a_share = [
    (1, ValueError, ("share is 1.0", "0 < share < 1")), (1.5, ValueError, ("share is 1.5",)),
    (0, ValueError, ("share is 0.0",)), (-0.1, ValueError, ("share is -0.1",)), (math.nan, ValueError, ("is nan",)),
    ("half", TypeError, ("share is 'half'",)), (None, TypeError, ("share is None",)),
]  # fmt: skip
not_per = [
    (value, ValueError, (f"ridge_per is {value!r}", "'row'", "'rating'")) for value in ("user", None, 1, ["row"])
]
not_lists = [
    (LISTS.tolist(), TypeError, ("lists is a list",)), (LISTS * 1.0, TypeError, ("lists is a ndarray", "item numbers")),
    (torch.tensor(LISTS), TypeError, ("lists is a Tensor",)), (LISTS[0], ValueError, ("lists has shape (2,)",)),
    (LISTS[:4], ValueError, ("lists has shape (4, 2)", "5 users")), (LISTS + 2, ValueError, ("1 to 5", "−1 to 3")),
    (LISTS - 1, ValueError, ("-2 to 2", "allowed are −1 to 3")),
    (LISTS * 0, ValueError, ("lists names an item twice",)),
]  # fmt: skip
not_relevant = [*table("relevant"), (NEGATIVE, ValueError, ("relevant.values holds 0", "positive"))]
other_factors = [
    (FACTORS._replace(items=FACTORS.items[:3]), ValueError, ("has 4 items, the factors have 3", "their columns")),
    (FACTORS._replace(items=FACTORS.items.astype("f")), TypeError, ("float64", "float32", "convert")),
    (FACTORS._replace(items=torch.tensor(FACTORS.items)), TypeError, ("a ndarray of float64, the factors a Tensor",)),
]  # fmt: skip

WRONG = {
    (r.als, "ratings"): table("ratings"),
    (r.als, "rank"): whole_number("rank", 1, 4),
    (r.als, "ridge"): positive_number("ridge"),
    (r.als, "ridge_per"): not_per,
    (r.als, "sweeps"): whole_number("sweeps", 1),
    (r.als, "tol"): positive_number("tol"),
    (r.als, "rng"): RNG,
    (r.fold_in, "factors"): other_factors,
    (r.fold_in, "ratings"): table("ratings"),
    (r.fold_in, "ridge"): positive_number("ridge"),
    (r.fold_in, "ridge_per"): not_per,
    (r.implicit_als, "counts"): [*table("counts"), (NEGATIVE, ValueError, ("counts.values holds 0", "positive"))],
    (r.implicit_als, "rank"): whole_number("rank", 1, 4),
    (r.implicit_als, "ridge"): positive_number("ridge"),
    (r.implicit_als, "alpha"): positive_number("alpha"),
    (r.implicit_als, "sweeps"): whole_number("sweeps", 1),
    (r.implicit_als, "steps"): [case for case in whole_number("steps", 1) if case[0] is not None],
    (r.implicit_als, "rng"): RNG,
    (r.implicit_fold_in, "factors"): other_factors,
    (r.implicit_fold_in, "counts"): [*table("counts"), (NEGATIVE, ValueError, ("counts.values holds 0",))],
    (r.implicit_fold_in, "ridge"): positive_number("ridge"),
    (r.implicit_fold_in, "alpha"): positive_number("alpha"),
    (r.predict, "factors"): [(FACTORS._replace(items=FACTORS.items[:3]), ValueError, ("items holds 3", "0 to 2"))],
    (r.predict, "users"): [*numbers("users", 4), (IDS[:1], ValueError, ("users holds 1 numbers, items 2",))],
    (r.predict, "items"): numbers("items", 3),
    (r.top_n, "factors"): [(FACTORS._replace(items=FACTORS.items[:3]), ValueError, ("seen has shape (5, 4)",))],
    (r.top_n, "users"): numbers("users", 4),
    (r.top_n, "n"): whole_number("n", 1, 4),
    (r.top_n, "seen"): [
        case for case in table("seen") if case[0] is not None
    ] + [(RATINGS._replace(shape=(6, 4)), ValueError, ("seen has shape (6, 4)", "(5, 4)", "same users"))],
    (r.similar, "rows"): numbers("rows", 3),
    (r.similar, "n"): whole_number("n", 1, 4),
    (r.rmse, "true"): [
        (TIMES[:3], ValueError, ("13 predicted, 3 true",)), ([1.0], TypeError, ("true is a list",)),
        (torch.tensor(TIMES), ValueError, ("same library",)), (TIMES * np.nan, ValueError, ("true holds NaN",)),
    ],
    (r.mae, "true"): [(TIMES[:3], ValueError, ("13 predicted, 3 true",)), (TIMES * np.nan, ValueError, ("holds NaN",))],
    **{(f, "lists"): not_lists for f in (r.recall_at, r.ndcg_at)},
    **{(f, "relevant"): not_relevant for f in (r.recall_at, r.ndcg_at)},
    **{(f, "k"): whole_number("k", 1, 2) for f in (r.recall_at, r.ndcg_at)},
    (r.split_random, "ratings"): table("ratings", whole=False),
    (r.split_random, "share"): [*not_a_share, (0.1, ValueError, ("no user has enough ratings", "raise share"))],
    (r.split_random, "rng"): RNG,
    (r.split_by_time, "ratings"): table("ratings", whole=False),
    (r.split_by_time, "share"): [*not_a_share, (0.01, ValueError, ("raise share",))],
    (r.split_by_time, "times"): [
        (TIMES[:5], ValueError, ("times has 5 entries for 13 ratings",)), (TIMES * np.nan, ValueError, ("holds NaN",)),
        (TIMES.tolist(), TypeError, ("times is a list",)), (torch.tensor(TIMES), ValueError, ("times has 13",)),
        (TIMES * 0, ValueError, ("share is 0.4", "the latest time", "raise share")),
    ],
}  # fmt: skip
