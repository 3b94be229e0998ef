"""From factors to lists: what to show a user, and which items are alike."""

from typing import Any, NamedTuple

from array_api_compat import array_namespace, device
from jaxtyping import Float, Int

from companion._array import Matrix, checked, whole
from companion.matrix.recommender.factors import Factors
from companion.matrix.recommender.ratings import ids, sort, triples

SCORES = 2**22  # scores at once


class Ranked(NamedTuple):
    """The best first. Where fewer than n were left to choose from, items are −1 and scores −inf."""

    items: Int[Any, "k n"]
    scores: Float[Any, "k n"]


def top_n(factors: Factors, users: Int[Any, " k"], n: int, *, seen: Any = None) -> Ranked:
    """The `n` items of highest predicted rating for each of the users, without those they have in `seen`.

    `seen` is a table of ratings with the factors' shape, usually what was trained on; None leaves nothing out. Equal
    scores are ordered by the item's number. A user without ratings gets the items of highest bias.
    """
    xp = array_namespace(factors.items)
    m, size = factors.users.shape[0], factors.items.shape[0]
    users, n = ids(users, "users", m, factors.users), whole(n, "n", 1, size)
    known = None if seen is None else _seen(seen, (m, size))
    parts = []
    step = max(1, SCORES // size)
    for first in range(0, users.shape[0], step):
        some = users[first : first + step]
        P = xp.take(factors.users, some, axis=0)
        scores = xp.take(factors.user_bias, some)[:, None] + factors.item_bias + (P @ factors.items.T + factors.mean)
        for row, user in enumerate(some.tolist() if known else ()):
            items, starts = known  # type: ignore[misc]
            scores[row, items[starts[user] : starts[user + 1]]] = -xp.inf
        parts.append(_best(xp, scores, n))
    return Ranked(*(xp.concat(part) for part in zip(*parts, strict=True)))


def similar(vectors: Matrix, rows: Int[Any, " k"], n: int) -> Ranked:
    """The `n` other rows of `vectors` whose direction is nearest, by cosine, to each of `rows`.

    Factors may be turned without changing a prediction, and cosines do not change then. A row of zeros (an item without
    ratings) has no direction: it is near nothing, and nothing is near it.
    """
    xp, vectors = checked(vectors, "vectors", 2)
    rows, n = ids(rows, "rows", vectors.shape[0], vectors), whole(n, "n", 1, vectors.shape[0])
    length = xp.linalg.vector_norm(vectors, axis=1, keepdims=True)
    unit = vectors / xp.where(length > 0, length, xp.ones_like(length))
    parts = []
    step = max(1, SCORES // vectors.shape[0])
    for first in range(0, rows.shape[0], step):
        some = rows[first : first + step]
        cosines = xp.take(unit, some, axis=0) @ unit.T
        itself = some[:, None] == xp.arange(vectors.shape[0], device=device(some))
        none = itself | (length[:, 0] == 0) | (xp.take(length, some, axis=0) == 0)
        parts.append(_best(xp, xp.where(none, xp.full_like(cosines, -xp.inf), cosines), n))
    return Ranked(*(xp.concat(part) for part in zip(*parts, strict=True)))


def _best(xp, scores, n: int) -> tuple[Any, Any]:
    order = xp.argsort(scores, axis=1, descending=True, stable=True)[:, :n]
    best = xp.take_along_axis(scores, order, axis=1)
    return xp.where(xp.isfinite(best), order, -xp.ones_like(order)), best


def _seen(seen: Any, shape: tuple[int, int]) -> tuple[Any, list[int]]:
    """(items sorted by user, where each user's begin)."""
    xp, known = triples(seen, "seen")
    if known.shape != shape:
        raise ValueError(f"seen has shape {known.shape}, the factors are of {shape}: give the table of the same users.")
    order, keys = sort(xp, known.users, known.items, shape[1])
    starts = xp.searchsorted(keys, xp.arange(shape[0] + 1, dtype=keys.dtype, device=device(keys)) * shape[1])
    return known.items[order], starts.tolist()
