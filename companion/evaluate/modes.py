"""How many modes does a generator find, and how evenly? For clouds with known modes, and for classes of pictures."""

import math
from typing import Any, NamedTuple

from array_api_compat import device
from jaxtyping import Num

from companion._array import checked, positive
from companion.evaluate.rows import Others, Rows, pair, rows, squared_distances


class Modes(NamedTuple):
    """Of m modes: how many were found; the share of samples of high quality; how unevenly those fall on the modes.

    `kl` is KL(shares ‖ uniform) in nats, 0 where all modes come equally often and log m where one has all. `floor` is
    what a perfect generator's would be on average, (m − 1)/(2N) for N samples of high quality: print it beside `kl`.
    Both are infinite where no sample is of high quality.
    """

    found: int
    quality: float
    kl: float
    floor: float


def count(points: Rows, centres: Others, std: float, *, within: float = 3.0) -> Modes:
    """A point counts for its nearest centre if it is at most `within`·std away; a mode for which one counts is found.

    The rule of Srivastava et al. (2017) for round modes of standard deviation `std` along each axis. Of a perfect
    generator's points in the plane 1 − exp(−within²/2) count, 98.9 % for within=3; in d dimensions a typical point is
    √d·std away from its centre, so `within` must be well above √d.
    """
    xp, points, centres = pair(points, centres, ("points", "centres"))
    reach = (positive(within, "within") * positive(std, "std")) ** 2
    counts: Any = 0
    for _, squares in squared_distances(xp, points, centres):
        near = xp.min(squares, axis=1) <= reach
        counts = counts + _tally(xp, xp.argmin(squares, axis=1), near, centres.shape[0])
    return _modes(counts, points.shape[0])


def classes(p: Num[Any, "n m"], *, sure: float = 0.9) -> Modes:
    """The same for pictures: row i of `p` holds a classifier's probabilities for picture i, and classes are the modes.

    A picture counts for its most probable class if that has at least the probability `sure`. Raises ValueError for rows
    that are no probabilities.
    """
    xp, p = rows(p, "p")
    if not positive(sure, "sure") <= 1:
        raise ValueError(f"sure is {sure}; allowed is 0 < sure ≤ 1: give a probability.")
    miss = float(xp.max(xp.abs(xp.sum(p, axis=1) - 1)))
    if miss > 1e-3 or float(xp.min(p)) < 0:
        raise ValueError(f"p's rows miss the sum 1 by up to {miss:.3g}; give probabilities, the softmax of logits.")
    counts = _tally(xp, xp.argmax(p, axis=1), xp.max(p, axis=1) >= sure, p.shape[1])
    return _modes(counts, p.shape[0])


def divergence(counts: Num[Any, " m"], expected: Num[Any, " m"] | None = None) -> tuple[float, float]:
    """(KL(counts/N ‖ expected) in nats, its floor (m − 1)/(2N)): how unlike the expected shares, and unlike by chance.

    N is the sum of the m counts; `expected` are the true shares, all equal if None. The floor is the mean of KL over
    samples of N from the expected shares themselves, to first order in 1/N: 2N·KL is the G statistic, about χ² with
    m − 1 degrees of freedom (Wilks 1938).
    """
    xp, counts = checked(counts, "counts", 1)
    m, total = counts.shape[0], float(xp.sum(counts))
    shares = xp.ones_like(counts) / m if expected is None else checked(expected, "expected", 1)[1]
    if float(xp.min(counts)) < 0 or total == 0:
        raise ValueError(f"counts sum to {total:g}, the smallest is {float(xp.min(counts)):g}; counts ≥ 0 are needed.")
    if shares.shape[0] != m or float(xp.min(shares)) <= 0 or abs(float(xp.sum(shares)) - 1) > 1e-3:
        raise ValueError(f"expected has {shares.shape[0]} entries with the sum {float(xp.sum(shares)):.4g}; "
                         f"{m} shares > 0 that sum to 1 are needed.")  # fmt: skip
    found = counts / total
    terms = found * xp.log(xp.where(counts > 0, found, shares) / shares)  # a count of 0 adds 0·log 1
    return float(xp.sum(terms)), (m - 1) / (2 * total)


def _tally(xp, chosen: Any, counted: Any, m: int) -> Any:
    """How many of the counted rows chose each of m."""
    numbers = xp.arange(m, device=device(chosen))
    return xp.sum(xp.astype((chosen[:, None] == numbers) & counted[:, None], xp.float64), axis=0)


def _modes(counts: Any, n: int) -> Modes:
    good = float(sum(counts))
    kl, floor = divergence(counts) if good else (math.inf, math.inf)
    return Modes(int(sum(counts > 0)), good / n, kl, floor)
