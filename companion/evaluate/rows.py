"""Two sets of points as the metrics want them, and the distances between them, block by block."""

from collections.abc import Iterator
from typing import Any

from array_api_compat import device
from jaxtyping import Inexact, Num, Shaped

from companion._array import checked
from companion.matrix.gmm.points import points

Rows = Num[Any, "n d"]
Others = Num[Any, "m d"]
Labels = Shaped[Any, " n"]  # truth values too
BLOCK = 2**20  # distances held at once: eight megabytes, however many points there are


def rows(x: Rows, name: str) -> tuple[Any, Inexact[Any, "n d"]]:
    """(namespace, x in float64) of a matrix of real, finite numbers, one point a row."""
    xp, x = points(x, name)
    return xp, xp.astype(x, xp.float64)


def pair(real: Rows, fake: Others, names: tuple[str, str] = ("real", "fake")) -> tuple[Any, Any, Any]:
    """(namespace, real, fake) in float64; both must be of one library, their rows of one length."""
    (xp, one), (other, two) = rows(real, names[0]), rows(fake, names[1])
    if xp is not other:
        kinds = (type(one).__name__, type(two).__name__)
        raise TypeError(f"{names[0]} is a {kinds[0]} and {names[1]} is a {kinds[1]}: convert one of them.")
    if one.shape[1] != two.shape[1]:
        raise ValueError(
            f"{names[0]} has rows of length {one.shape[1]}, {names[1]} of length {two.shape[1]}: "
            "both must hold the same features."
        )
    return xp, one, two


def labels(y: Labels, name: str, n: int, classes: int | None = None) -> tuple[Any, Any]:
    """(namespace, y as int64): one whole number ≥ 0 for each of n rows, below `classes` where that is given."""
    xp, y = checked(y, name, 1)
    whole = xp.astype(y, xp.int64)
    if y.shape[0] != n:
        raise ValueError(f"{name} has {y.shape[0]} entries for {n} rows: one label for each row is needed.")
    if bool(xp.any(whole != y)) or bool(xp.any(whole < 0)):
        raise ValueError(f"{name} holds values that are no labels; whole numbers 0, 1, 2, … are needed.")
    if classes is not None and bool(xp.any(whole >= classes)):
        raise ValueError(
            f"{name} goes up to {int(xp.max(whole))}; with {classes} classes labels are 0 to {classes - 1}."
        )
    return xp, whole


def squared_distances(xp, x: Any, y: Any, *, size: int = BLOCK) -> Iterator[tuple[slice, Any]]:
    """(rows i of x, ‖xᵢ − yⱼ‖² for these i and all j), block after block, about `size` numbers each.

    One matrix product: ‖x − y‖² = [x, ‖x‖², 1]·[−2y, 1, ‖y‖²], after the mean of y was taken from both. What should be
    0 may come out as ±1e-15 times the squared spread.
    """
    centre = xp.mean(y, axis=0)
    x, y = x - centre, y - centre
    left = xp.concat([x, _square(xp, x), _one(xp, x)], axis=1)
    right = xp.concat([-2 * y, _one(xp, y), _square(xp, y)], axis=1).T
    step = max(1, size // y.shape[0])
    for first in range(0, x.shape[0], step):
        part = slice(first, min(first + step, x.shape[0]))
        yield part, left[part, :] @ right


def _square(xp, x: Any) -> Any:
    return xp.sum(x * x, axis=1, keepdims=True)


def _one(xp, x: Any) -> Any:
    return xp.ones((x.shape[0], 1), dtype=x.dtype, device=device(x))
