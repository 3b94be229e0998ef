"""Are generated points new, or copies of what was trained on? Compare them with data that was held out."""

import math
from typing import Any, NamedTuple

from jaxtyping import Num

from companion._array import positive
from companion.evaluate.rows import Others, Rows, pair, squared_distances

Third = Num[Any, "h d"]


class Memorization(NamedTuple):
    """Two statistics, each with the value it has for a generator that knows nothing of single training points.

    `nearer` is the share of fake points whose nearest neighbour among all real ones, training and held out, is a
    training point. `nearer_expected` is n/(n + h) for n training and h held-out points: if these are drawn alike, which
    of them are which is a shuffle, whatever the fake points are. `error` is the standard deviation of that shuffle, and
    counts that fake points may share a neighbour: many tame ones gather around few real ones.

    `copies` is the share of fake points nearer to a training point than all but `copies_expected` of the held-out ones
    are. It also rises for fake points that are too tame, blurred for instance: look at `nearer` first.
    """

    nearer: float
    nearer_expected: float
    error: float
    copies: float
    copies_expected: float


def compare(fake: Rows, train: Others, held_out: Third, *, level: float = 0.01) -> Memorization:
    """Nearest neighbours of generated points, in the training set and in a held-out set of the same distribution.

    A test of three samples in the spirit of Meehan, Chaudhuri & Dasgupta (2020). `level` is the share of held-out
    points that may be taken for copies. A point that is as near to both sets counts half. Raises ValueError for fewer
    than 1/level held-out points.
    """
    xp, to_train = _nearest(fake, train, ("fake", "train"))
    _, to_held = _nearest(fake, held_out, ("fake", "held_out"))
    n, h = train.shape[0], held_out.shape[0]
    allowed = math.floor(_level(level, h) * h)
    limit = xp.sort(_nearest(held_out, train, ("held_out", "train"))[1].distances)[allowed]
    d, e = to_train.distances, to_held.distances
    share = xp.where(xp.abs(d - e) <= 1e-9 * (d + e), xp.full_like(d, 0.5), xp.astype(d < e, d.dtype))
    neighbour = xp.where(d < e, to_train.numbers, n + to_held.numbers)
    copies = xp.mean(xp.astype(d < limit, d.dtype))
    return Memorization(float(xp.mean(share)), n / (n + h), _shuffled(xp, neighbour, n, h), float(copies), allowed / h)


def _shuffled(xp, neighbour: Any, n: int, h: int) -> float:
    """The standard deviation of the share, were the names training and held out dealt anew to all n + h points."""
    counts = xp.astype(xp.unique_counts(neighbour).counts, xp.float64)
    crowding, m = float(xp.sum(counts**2)) / neighbour.shape[0] ** 2, n + h
    return math.sqrt(n * h / m**2 * m / (m - 1) * max(crowding - 1 / m, 0.0))


class Nearest(NamedTuple):
    """For each point: how far it is to the nearest of the others, and the number of that one."""

    distances: Any
    numbers: Any


def nearest(x: Rows, among: Others) -> Nearest:
    """The nearest row of `among` for every row of x, by Euclidean distance; a set that holds x itself gives 0."""
    return _nearest(x, among, ("x", "among"))[1]


def _nearest(x: Any, among: Any, names: tuple[str, str]) -> tuple[Any, Nearest]:
    xp, x, among = pair(x, among, names)
    found = [(xp.min(s, axis=1), xp.argmin(s, axis=1)) for _, s in squared_distances(xp, x, among)]
    squares, numbers = (xp.concat(parts) for parts in zip(*found, strict=True))
    return xp, Nearest(xp.sqrt(xp.where(squares > 0, squares, xp.zeros_like(squares))), numbers)


def _level(level: float, h: int) -> float:
    if positive(level, "level") >= 1 or level * h < 1:
        raise ValueError(
            f"level is {level} for {h} held-out points; allowed is 1/{h} ≤ level < 1: hold out more, or raise level."
        )
    return float(level)
