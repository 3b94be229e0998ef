"""Signed distance to an outline, tabulated on a grid: the field from which a shape is drawn at any size and weight.

    d(p) = ± min over edges |p − edge|

with + inside and − outside; inside is where the outline's winding number is not zero.
"""

import numpy as np
from jaxtyping import Float64, Int64


def signed(edges: Float64[np.ndarray, "m 2 2"], axis: Float64[np.ndarray, " k"]) -> Float64[np.ndarray, "k k"]:
    """Distance from each point (axis[col], axis[row]) to the nearest edge, positive inside, in the unit of `edges`.

    The point of an edge a → a + e nearest to p is a + t e with t₀ = (p − a)·e / |e|² clipped to [0, 1], so that
    |p − a − t e|² = |p − a|² − |e|² t (2t₀ − t). Row by row, because a row's table stays in the processor's cache.
    """
    start, along = edges[:, 0], edges[:, 1] - edges[:, 0]
    length2, offset = (along**2).sum(1), (start * along).sum(1)
    squares = []
    for y in axis:
        p = np.stack([axis, np.full_like(axis, y)], 1)
        foot = (p @ along.T - offset) / length2
        t = foot.clip(0, 1)
        to_edge = (start**2).sum(1) - 2 * p @ start.T - length2 * t * (2 * foot - t)
        squares.append((p**2).sum(1) + to_edge.min(1))
    distance = np.sqrt(np.maximum(squares, 0))  # rounding may leave −1e-14
    return np.where(winding(edges, axis) != 0, distance, -distance)


def winding(edges: Float64[np.ndarray, "m 2 2"], axis: Float64[np.ndarray, " k"]) -> Int64[np.ndarray, "k k"]:
    """How often the outline runs around each grid point: edges crossed coming from the left, down minus up."""
    (x0, y0), (x1, y1) = edges[:, 0].T, edges[:, 1].T
    row, edge = np.nonzero((y0 <= axis[:, None]) != (y1 <= axis[:, None]))
    along = (axis[row] - y0[edge]) / (y1[edge] - y0[edge])
    crossing = x0[edge] + along * (x1[edge] - x0[edge])
    column = np.searchsorted(axis, crossing)  # the first grid point at or right of the crossing
    turns = np.zeros((len(axis), len(axis) + 1), dtype=np.int64)  # one column more, for what crosses right of the grid
    np.add.at(turns, (row, column), np.sign(y1 - y0)[edge].astype(np.int64))
    return turns.cumsum(1)[:, :-1]
