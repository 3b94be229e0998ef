"""How good are predictions, and how good are lists? To be asked of ratings that were held out."""

from typing import Any

from array_api_compat import array_namespace, device, is_array_api_obj
from jaxtyping import Int

from companion._array import Scalar, Vector, checked, whole
from companion.matrix.recommender.ratings import sort, triples


def rmse(predicted: Vector, true: Vector) -> Scalar:
    """√(Σ(predicted − true)²/k): in the unit of the ratings; large errors weigh more."""
    xp, difference = _difference(predicted, true)
    return xp.mean(difference**2) ** 0.5


def mae(predicted: Vector, true: Vector) -> Scalar:
    """Σ|predicted − true|/k: in the unit of the ratings."""
    xp, difference = _difference(predicted, true)
    return xp.mean(xp.abs(difference))


def recall_at(lists: Int[Any, "m n"], relevant: Any, k: int) -> Scalar:
    """The share of a user's relevant items that are among the first k of the list, averaged over users.

    Row u of `lists` is for user u, best first, −1 where it ends early; `relevant` is a table of ratings whose entries
    are the relevant pairs. Users without any are left out of the average. A user with more than k relevant items cannot
    reach 1: the share is of all of them.
    """
    xp, gains, total, _ = _gains(lists, relevant, k)
    found = xp.sum(xp.astype(gains > 0, gains.dtype), axis=1)
    return xp.mean(found[total > 0] / total[total > 0])


def ndcg_at(lists: Int[Any, "m n"], relevant: Any, k: int) -> Scalar:
    """Σ_j g_j/log₂(1 + j) over the first k places of the list, over the same for the best order; averaged over users.

    The gain g of an item is its value in `relevant`, which must be positive, and 0 where it is not there. After
    Järvelin & Kekäläinen (2002), but with the discount 1/log₂(1 + j) from the first place on. Users without relevant
    items are left out.
    """
    xp, gains, total, best = _gains(lists, relevant, k)
    discount = 1 / xp.log2(xp.arange(2, k + 2, dtype=gains.dtype, device=device(gains)))
    some = total > 0
    return xp.mean((gains[some] @ discount) / (best[some] @ discount))


def _difference(predicted, true) -> tuple[Any, Any]:
    xp, predicted = checked(predicted, "predicted", 1)
    _, true = checked(true, "true", 1)
    if predicted.shape != true.shape or array_namespace(true) is not xp:
        kinds = f"{predicted.shape[0]} predicted, {true.shape[0]} true"
        raise ValueError(f"predicted and true differ, {kinds}; as many of the same library are needed.")
    return xp, predicted - true


def _gains(lists, relevant, k) -> tuple[Any, Any, Any, Any]:
    """(namespace, gains of the first k listed, number of relevant items, the k highest gains) for each user."""
    xp, known = triples(relevant, "relevant")
    (m, n), values = known.shape, known.values
    if float(xp.min(values)) <= 0:
        raise ValueError(
            f"relevant.values holds {float(xp.min(values)):g}; gains are positive: leave out what is not relevant."
        )
    lists = _first(xp, lists, (m, n), k, values)
    order, keys = sort(xp, known.users, known.items, n)
    row = xp.arange(m, dtype=keys.dtype, device=device(keys))[:, None]
    at = xp.clip(xp.searchsorted(keys, row * n + lists), max=keys.shape[0] - 1)
    hit = (keys[at] == row * n + lists) & (lists >= 0)
    gains = xp.where(hit, values[order][at], xp.zeros_like(values[order][at]))
    starts = xp.searchsorted(keys, xp.arange(m + 1, dtype=keys.dtype, device=device(keys)) * n)
    total = xp.astype(starts[1:] - starts[:-1], values.dtype)
    return xp, gains, total, _best_gains(xp, known, starts, gains)


def _best_gains(xp, known, starts, like) -> Any:
    """Row u: the values of user u, descending, as far as there is room; then zeros."""
    falling = xp.argsort(known.values, descending=True, stable=True)
    order = falling[xp.argsort(known.users[falling], stable=True)]
    users = known.users[order]
    place = xp.arange(users.shape[0], dtype=users.dtype, device=device(users)) - starts[users]
    best, fits = xp.zeros_like(like), place < like.shape[1]
    best[users[fits], place[fits]] = known.values[order][fits]
    return best


def _first(xp, lists, shape, k, like) -> Any:
    """The first k columns of the lists, checked: whole numbers from −1 to n − 1, one row a user, no item twice."""
    if not is_array_api_obj(lists) or array_namespace(lists) is not xp or "int" not in str(lists.dtype):
        raise TypeError(f"lists is a {type(lists).__name__}; an array of item numbers of relevant's library is needed.")
    if lists.ndim != 2 or lists.shape[0] != shape[0]:
        raise ValueError(f"lists has shape {tuple(lists.shape)}; one row for each of the {shape[0]} users is needed.")
    k = whole(k, "k", 1, lists.shape[1])
    lists = xp.astype(lists, xp.int64)[:, :k]
    if int(xp.min(lists)) < -1 or int(xp.max(lists)) >= shape[1]:
        raise ValueError(f"lists holds {int(xp.min(lists))} to {int(xp.max(lists))}; allowed are −1 to {shape[1] - 1}.")
    inside = xp.sort(lists, axis=1)
    if bool(xp.any((inside[:, 1:] == inside[:, :-1]) & (inside[:, 1:] >= 0))):
        raise ValueError("lists names an item twice in one row, which would count twice: list each item once.")
    return lists
