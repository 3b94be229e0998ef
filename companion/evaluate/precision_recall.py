"""Two questions apart: do the generated points lie where real ones are, and are all real ones reached?

Around every point of a set lies the ball that reaches to its k-th nearest neighbour in that set; together the balls are
where the set lives. Distances come in blocks: for n points the memory is that of a few million numbers, not n².
"""

from typing import Any, NamedTuple

from companion._array import kth_smallest, whole
from companion.evaluate.rows import Others, Rows, pair, rows, squared_distances


class PRDC(NamedTuple):
    """Shares, but for density, which may exceed 1. Of equal distributions density is 1 and coverage 1 − 2⁻ᵏ on average.

    precision   of the fake points: in the ball of some real one               (Kynkäänniemi et al. 2019)
    recall      of the real points: in the ball of some fake one
    density     in how many real balls a fake point lies on average, over k    (Naeem et al. 2020)
    coverage    of the real points: those with a fake one in their ball
    """

    precision: float
    recall: float
    density: float
    coverage: float


def estimate(real: Rows, fake: Others, *, k: int = 5) -> PRDC:
    """All four, with balls to the k-th nearest neighbour; a point on the edge of a ball is outside, as in `prdc`.

    Both sides need more than k rows. Precision and recall depend on the number of rows and on k: give both beside them.
    """
    xp, real, fake = pair(real, fake)
    k = whole(k, "k", 1, min(real.shape[0], fake.shape[0]) - 1)
    reach, other = _radii(xp, real, k), _radii(xp, fake, k)
    balls: Any = 0
    recalled = covered = 0
    for part, squares in squared_distances(xp, real, fake):
        inside = squares < reach[part, None]
        balls = balls + xp.count_nonzero(inside, axis=0)
        covered += int(xp.count_nonzero(xp.any(inside, axis=1)))
        recalled += int(xp.count_nonzero(xp.any(squares < other, axis=1)))
    n, m = real.shape[0], fake.shape[0]
    return PRDC(int(xp.count_nonzero(balls)) / m, recalled / n, int(xp.sum(balls)) / (k * m), covered / n)


def radii(x: Rows, *, k: int = 5) -> Any:
    """The distance of every row of x to its k-th nearest neighbour among the others."""
    xp, x = rows(x, "x")
    squares = _radii(xp, x, whole(k, "k", 1, x.shape[0] - 1))
    return xp.sqrt(xp.where(squares > 0, squares, xp.zeros_like(squares)))


def _radii(xp, x: Any, k: int) -> Any:
    """Squared; the point itself is the nearest, hence k + 1."""
    found = xp.empty_like(x[:, 0])  # filled in place: small results kept between large blocks would pin their memory
    for i, squares in squared_distances(xp, x, x):
        found[i] = kth_smallest(squares, k + 1)
    return found
