"""Ratings of items by users: a generated set whose noise is known, and MovieLens' three file formats.

    rating = mean + user's bias + item's bias + taste · genres + noise        noise ~ N(0, 0.5²)

The generated ratings are numbers between about −1 and 8, neither rounded nor cut off, so that no predictor, whatever it
knows, has an expected RMSE below the noise. (Rounding to stars would move that floor, and by how much is not known.)
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from ._asked import check_count
from .movielens import MovieLens, load

__all__ = ["GENRES", "Generated", "MovieLens", "generate", "load"]

GENRES = ("adventure", "comedy", "drama", "horror")
NOISE = 0.5  # standard deviation of one rating, in stars
MEAN = 3.5
DAYS = 1000  # the set covers so many


class Generated(NamedTuple):
    """Ratings with all they were made from: `clean` are the values without noise, `genre` counts along `GENRES`."""

    users: Int64[np.ndarray, " k"]
    items: Int64[np.ndarray, " k"]
    values: Float64[np.ndarray, " k"]
    shape: tuple[int, int]
    times: Int64[np.ndarray, " k"]
    clean: Float64[np.ndarray, " k"]
    noise: float
    genre: Int64[np.ndarray, " n"]
    mixture: Float64[np.ndarray, "n g"]
    taste: Float64[np.ndarray, "m g"]
    user_bias: Float64[np.ndarray, " m"]
    item_bias: Float64[np.ndarray, " n"]


def generate(users: int = 2000, items: int = 800, *, per_user: int = 240, seed: int = 0) -> Generated:
    """`users` × `items`, about `per_user` ratings a user: some rate much more than others, some items are popular.

    An item is mostly of one genre, a user likes or dislikes each genre, and chooses by popularity, not by taste. Times
    are whole days: users come and items appear during the first half. Raises ValueError for fewer than 1 user or
    item, and unless 1 ≤ per_user ≤ items/2.
    """
    check_count(users, what="users")
    check_count(items, what="items")
    if not 1 <= per_user <= items / 2:
        raise ValueError(f"per_user is {per_user}; allowed are 1 to {items // 2}, half of the items.")
    rng = np.random.default_rng([seed, 2009])
    genre = rng.integers(len(GENRES), size=items)
    mixture = 0.7 * np.eye(len(GENRES))[genre] + 0.3 * rng.dirichlet(np.ones(len(GENRES)), size=items)
    taste = rng.normal(0, 0.8, (users, len(GENRES)))
    user_bias, item_bias = rng.normal(0, 0.3, users), rng.normal(0, 0.4, items)
    u, i, times = _pairs(rng, users, items, per_user)
    affinity = np.einsum("kg,kg->k", taste[u], mixture[i])
    clean = MEAN + user_bias[u] + item_bias[i] + affinity
    values = clean + rng.normal(0, NOISE, len(u))
    return Generated(
        u, i, values, (users, items), times, clean, NOISE, genre, mixture, taste, user_bias, item_bias
    )  # fmt: skip


def _pairs(rng, m, n, per_user):
    """Who rates what, and when: user by user without repetition, sorted by day."""
    activity = np.clip(np.rint(per_user * rng.lognormal(-0.125, 0.5, m)), 1, n).astype(np.int64)
    popularity = np.log(1 / (20 + np.arange(n)) ** 0.7)  # log of the weights; the rank of an item is its number
    keys = popularity + rng.gumbel(
        size=(m, n)
    )  # the k largest are a weighted draw without replacement (Gumbel's trick)
    ranked = np.argsort(-keys, axis=1)
    chosen = np.arange(n) < activity[:, None]
    u, i = np.nonzero(chosen)[0], ranked[chosen]
    joined, appeared = rng.integers(DAYS // 2, size=m), rng.integers(DAYS // 2, size=n)
    first = np.maximum(joined[u], appeared[i])
    times = first + (rng.random(len(u)) * (DAYS - first)).astype(np.int64)
    order = np.argsort(times, kind="stable")
    return u[order].astype(np.int64), i[order].astype(np.int64), times[order]
