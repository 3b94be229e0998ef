"""What is held out to judge by. Split first: every mean, bias and choice comes from `train` alone."""

from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device

from companion._array import checked, positive
from companion.matrix.recommender.ratings import Ratings, triples


class Split(NamedTuple):
    """Two tables of the same shape that share no rating."""

    train: Ratings
    test: Ratings


def split_random(ratings: Any, share: float = 0.2, *, rng: Any = None) -> Split:
    """Of each user's k ratings ⌊share·k⌋ at random to test, the others to train: who is tested is known a little.

    A function of the ratings, the share and `rng` (a seed or a numpy.random.Generator) alone. It asks how well gaps
    are filled; for what comes next, `split_by_time`.
    """
    xp, known = triples(ratings)
    share = _share(share)
    draw = np.random.default_rng(rng).permutation(known.users.shape[0])
    order = xp.asarray(draw, device=device(known.users))
    order = order[xp.argsort(known.users[order], stable=True)]  # users in turn, each one's ratings shuffled
    users = known.users[order]
    m = xp.arange(known.shape[0] + 1, dtype=users.dtype, device=device(users))
    starts = xp.searchsorted(users, m)
    count, place = (starts[1:] - starts[:-1])[users], xp.arange(users.shape[0], device=device(users)) - starts[users]
    held = xp.zeros_like(known.users)
    held[order] = xp.astype(place < xp.floor(share * xp.astype(count, xp.float64) + 1e-9), held.dtype)
    return _parted(known, held > 0)


def split_by_time(ratings: Any, times: Any, share: float = 0.2) -> Split:
    """The latest ratings to test, at most `share` of all: no rating in train is as late as the first in test.

    `times` has one number for each rating, in the order of `ratings.users`. Users and items that come late are cold in
    train then, as they are in life. Ratings of the same time stay together.
    """
    xp, known = triples(ratings)
    share = _share(share)
    xt, times = checked(times, "times", 1)
    if xt is not xp or times.shape[0] != known.users.shape[0]:
        raise ValueError(f"times has {times.shape[0]} entries for {known.users.shape[0]} ratings; give one for each.")
    ordered = xp.sort(times)
    limit = float(ordered[-1 - int(share * times.shape[0] + 1e-9)])  # of the last rating that may not be held out
    late = times > limit
    if not bool(xp.any(late)):
        raise ValueError(f"share is {share:g}, and more ratings than that share the latest time: raise share.")
    return _parted(known, late)


def _share(share) -> float:
    if positive(share, "share") >= 1:
        raise ValueError(f"share is {float(share)}; allowed is 0 < share < 1: something must be left to learn from.")
    return float(share)


def _parted(known: Ratings, held) -> Split:
    if not bool(array_namespace(held).any(held)):
        raise ValueError("no user has enough ratings for one to be held out: raise share, or give more ratings.")
    parts = (Ratings(known.users[keep], known.items[keep], known.values[keep], known.shape) for keep in (~held, held))
    return Split(*parts)
