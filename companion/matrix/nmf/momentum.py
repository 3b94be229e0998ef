"""Steps that look ahead, and go back to the last good place when that did not pay."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Pair = tuple[Any, Any]


class Pace(NamedTuple):
    """How far to look ahead: beta at first, times `grow` after a success up to a bound, over `shrink` after a failure.

    The bound grows by `grow_bound` and never exceeds 1; a failure lowers it to the last beta that went well.
    """

    beta: float
    grow: float
    grow_bound: float
    shrink: float = 1.5


def descend(
    step: Callable[[Any, Any], tuple[float, Any, Any]],
    start: Pair,
    ahead: Callable[[Any, Any, float], Any],
    *,
    pace: Pace | None,
    max_iter: int,
    tol: float,
) -> tuple[Pair, list[float]]:
    """((W, H), errors): `step` repeated from places a little ahead (Ang & Gillis 2019); the errors never rise.

    `step(W, H)` is (the error of W and H, the next W, the next H); `ahead(new, old, beta)` extrapolates. A place whose
    error is above the last one is thrown away, and the plain step taken instead. If that does not go down either, only
    rounding is left and the run ends; also when an iteration lowers the error by at most `tol` times the first error.
    """
    beta, bound, used, good = (pace.beta, 1.0, 0.0, pace.beta) if pace else (0.0, 0.0, 0.0, 0.0)
    best, (error, *plain) = start, step(*start)
    errors, old = [error], plain
    trial: Sequence = plain
    for _ in range(max_iter):
        error, *new = step(*trial)
        if not error <= errors[-1]:
            if used == 0:
                break
            trial, used, bound, beta = plain, 0.0, good, beta / (pace.shrink if pace else 1)
            continue
        errors.append(error)
        best, old, plain = (trial[0], trial[1]), plain, new
        if errors[-2] - error <= tol * errors[0]:
            break
        trial, used, good = [ahead(n, o, beta) if beta else n for n, o in zip(plain, old, strict=True)], beta, used
        if pace:
            beta, bound = min(bound, pace.grow * beta), min(1.0, pace.grow_bound * bound)
    return best, errors
