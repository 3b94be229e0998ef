"""A table that is mostly empty: which entries are known, sorted into blocks of rows that are solved together."""

import bisect
from collections.abc import Iterator
from typing import Any, NamedTuple

from array_api_compat import array_namespace, device, is_array_api_obj
from jaxtyping import Float, Int, Num

from companion._array import checked, whole

BLOCK = 2**20  # bytes of factors that one block gathers: they should stay in the processor's second cache


class Ratings(NamedTuple):
    """The known entries of a table: users[k] gave items[k] the value values[k]. What is not listed is unknown."""

    users: Int[Any, " k"]
    items: Int[Any, " k"]
    values: Num[Any, " k"]
    shape: tuple[int, int]


class Block(NamedTuple):
    """Some rows of similar count; padding has the column `n` and the value 0."""

    rows: Int[Any, " b"]
    columns: Int[Any, "b l"]
    values: Float[Any, "b l"]
    counts: Float[Any, "b 1"]


class Table(NamedTuple):
    """Ratings sorted by row. `counts` are the ratings of each row, `shares` those of each column over all ratings."""

    blocks: list[Block]
    counts: Float[Any, " m"]
    shares: Float[Any, " n"]


def triples(ratings: Any, name: str = "ratings") -> tuple[Any, Ratings]:
    """(namespace, Ratings) of a SciPy-sparse matrix or of anything with users, items, values and shape.

    Stored entries are ratings, stored zeros too. Whole values become float64. Raises TypeError for anything else,
    ValueError for no ratings, NaN or infinity, and ids outside the shape; `sort` refuses a pair that is rated twice.
    """
    if hasattr(ratings, "tocoo"):
        R = ratings.tocoo()
        ratings = Ratings(R.row.astype("int64"), R.col.astype("int64"), R.data, R.shape)
    if not all(hasattr(ratings, field) for field in Ratings._fields):
        raise TypeError(
            f"{name} is a {type(ratings).__name__}; a SciPy-sparse matrix or Ratings(users, items, values, shape) is "
            "needed, since an array does not say which entries are missing: list those that are known."
        )
    xp, values = checked(ratings.values, f"{name}.values", 1)
    if "complex" in str(values.dtype):
        raise TypeError(f"{name}.values has dtype {values.dtype}; ratings are real: take their real part.")
    if len(ratings.shape) != 2:
        raise ValueError(f"{name}.shape is {tuple(ratings.shape)}; give (number of users, number of items).")
    m, n = (whole(size, f"{name}.shape", 1) for size in ratings.shape)
    users, items = (
        ids(getattr(ratings, side), f"{name}.{side}", limit, values) for side, limit in (("users", m), ("items", n))
    )
    if not users.shape[0] == items.shape[0] == values.shape[0]:
        lengths = f"{users.shape[0]} users, {items.shape[0]} items and {values.shape[0]} values"
        raise ValueError(f"{name} holds {lengths}; one of each per rating is needed.")
    return xp, Ratings(users, items, values, (m, n))


def ids(x: Any, name: str, limit: int, like: Any) -> Any:
    """`x` as int64 numbers of rows, 0 ≤ x < limit, of the library of `like`."""
    if not is_array_api_obj(x) or array_namespace(x) is not array_namespace(like):
        raise TypeError(f"{name} is a {type(x).__name__}; an array of whole numbers of the values' library is needed.")
    xp = array_namespace(x)
    if "int" not in str(x.dtype):
        raise TypeError(f"{name} has dtype {x.dtype}; row numbers are whole: convert {name} to int64.")
    if x.ndim != 1 or x.shape[0] == 0:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; one number per rating, and at least one, is needed.")
    low, high = int(xp.min(x)), int(xp.max(x))
    if low < 0 or high >= limit:
        unknown = low if low < 0 else high
        raise ValueError(f"{name} holds {unknown}; known are 0 to {limit - 1}: map new ones first, or use fold_in.")
    return xp.astype(x, xp.int64)


def sort(xp, rows, columns, n: int) -> tuple[Any, Any]:
    """(order, keys) with keys = row·n + column ascending in that order. ValueError where a pair comes twice."""
    keys = rows * n + columns
    order = xp.argsort(keys, stable=False)  # no two are equal, and NumPy is four times as fast
    keys = keys[order]
    twice = keys[1:] == keys[:-1]
    if bool(xp.any(twice)):
        row, column = divmod(int(keys[1:][twice][0]), n)
        times = int(xp.sum(xp.astype(twice, xp.int64)))
        raise ValueError(
            f"{times} ratings are given for a pair that has one already, such as row {row} and column {column}; "
            "one for each pair is allowed: keep the latest, or their mean."
        )
    return order, keys


def table(xp, ratings: Ratings, width: int) -> Table:
    """The blocks for `width` factors; rows without ratings are in none of them."""
    rows, columns, values, (m, n) = ratings
    order, keys = sort(xp, rows, columns, n)
    place = {"device": device(values)}
    starts = xp.searchsorted(keys, xp.arange(m + 1, dtype=keys.dtype, **place) * n)
    counts = starts[1:] - starts[:-1]
    columns = xp.concat([columns[order], xp.full((1,), n, dtype=keys.dtype, **place)])  # the last one pads
    values = xp.concat([values[order], xp.zeros((1,), dtype=values.dtype, **place)])
    by_count, blocks = xp.argsort(counts), []
    itemsize = 4 if "32" in str(values.dtype) else 8
    for first, last in _cuts(counts[by_count].tolist(), BLOCK // (width * itemsize)):
        some = by_count[first:last]
        length = counts[some][:, None]
        step = xp.arange(int(length[-1, 0]), dtype=keys.dtype, **place)
        at = xp.where(step < length, starts[some][:, None] + step, rows.shape[0])
        blocks.append(Block(some, columns[at], values[at], xp.astype(length, values.dtype)))
    of_column = xp.searchsorted(xp.sort(ratings.items, stable=False), xp.arange(n + 1, dtype=keys.dtype, **place))
    shares = xp.astype(of_column[1:] - of_column[:-1], values.dtype) / rows.shape[0]
    return Table(blocks, xp.astype(counts, values.dtype), shares)


def transposed(ratings: Ratings) -> Ratings:
    """Items in the place of users."""
    return Ratings(ratings.items, ratings.users, ratings.values, ratings.shape[::-1])


def _cuts(counts: list[int], cells: int) -> Iterator[tuple[int, int]]:
    """Runs of similar ascending counts ≥ 1 whose padded block has at most `cells` entries, or one row."""
    first = bisect.bisect_right(counts, 0)
    for i in range(first, len(counts)):
        if i > first and (counts[i] > 1.15 * counts[first] + 3 or (i - first + 1) * counts[i] > cells):
            yield first, i
            first = i
    if first < len(counts):
        yield first, len(counts)
