"""Rating ≈ mean + bias of the user + bias of the item + p·q, fitted to the known entries of a table alone.

NumPy arrays and torch tensors; ratings come as a SciPy-sparse matrix or as `Ratings`. One file, one idea:

    ratings    Ratings                      which entries are known; blocks of rows that are solved together
    rowwise                                 many small ridge regressions at once, by conjugate gradients
    factors    Factors   predict            what is fitted, and what it says of a pair
    explicit   als   als_step   fold_in     ratings: missing is unknown
    implicit   implicit_als   …_step   …    counts: missing is weak evidence against
    ranking    top_n   similar              lists for a user, neighbours of an item
    splits     split_random   …_by_time     what is held out, before anything else is computed
    accuracy   rmse mae recall_at ndcg_at   how good it is, on what was held out
"""

from companion.matrix.recommender.accuracy import mae, ndcg_at, recall_at, rmse
from companion.matrix.recommender.explicit import als, als_step, fold_in
from companion.matrix.recommender.factors import Factors, predict
from companion.matrix.recommender.implicit import implicit_als, implicit_fold_in, implicit_step
from companion.matrix.recommender.ranking import Ranked, similar, top_n
from companion.matrix.recommender.ratings import Ratings
from companion.matrix.recommender.splits import Split, split_by_time, split_random

__all__ = [
    "Factors",
    "Ranked",
    "Ratings",
    "Split",
    "als",
    "als_step",
    "fold_in",
    "implicit_als",
    "implicit_fold_in",
    "implicit_step",
    "mae",
    "ndcg_at",
    "predict",
    "recall_at",
    "rmse",
    "similar",
    "split_by_time",
    "split_random",
    "top_n",
]
