"""A step that is guaranteed to descend on ‖X − WHWᵀ − b1ᵀ‖²_F, for orthonormal W and the H and b that are best for it.

All losses along a direction follow from d × d matrices, so that the search for the length of the step costs next to
nothing: a step costs two products with X, one where X is symmetric.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from array_api_compat import device

from companion.matrix.trifactor.derivatives import by_rows, energy, exact_below, ones

SUFFICIENT = 1e-4  # share of the decrease promised by the slope that a step must achieve (Armijo 1966)
SHORTEST = 1e-10  # a step this much shorter than the first one tried is a rounding error
OUTSIDE = 1e-3  # less than this share of 1 outside the span of W does not tell a bias from what W explains
DAMPING = 1e-6  # of the mean curvature: keeps groups that H hardly uses from taking huge steps


class Problem(NamedTuple):
    """What stays the same from step to step."""

    xp: Any
    X: Any
    XT: Any  # X itself where X is symmetric
    bias: str | None
    sums: Any  # X1
    energy: float  # ‖X‖²


class Slope(NamedTuple):
    """Half the gradient downhill, a direction, ⟨gradient, scaled gradient⟩, and how fast the loss falls along it."""

    gradient: Any
    direction: Any
    steepness: float
    fall: float


class Point(NamedTuple):
    """Orthonormal W with XW and XᵀW, the best H and b, the loss, and the slope that led here."""

    W: Any
    XW: Any
    XTW: Any
    H: Any
    b: Any
    loss: float
    memory: Slope | None = None


def problem(xp, X, bias: str | None) -> Problem:
    """A fit to the checked X."""
    sparse = hasattr(X, "tocsr")
    XT = X.T.tocsr() if sparse else X.T
    symmetric = (X != XT).nnz == 0 if sparse else bool(xp.all(X == XT))
    return Problem(xp, X, X if symmetric else XT, bias, X @ ones(xp, X), float(energy(xp, X)))


def at(p: Problem, W) -> Point:
    """The point of an orthonormal W."""
    XW, XTW = products(p, W)
    H, b, loss = best(p, W.T @ XW, p.xp.sum(W, axis=0), W.T @ p.sums)
    return settled(p, Point(W, XW, XTW, H, b, loss))


def products(p: Problem, W) -> tuple[Any, Any]:
    """(XW, XᵀW)."""
    XW = p.X @ W
    return XW, XW if p.XT is p.X else p.XT @ W


def best(p: Problem, A, q, r) -> tuple[Any, Any, float]:
    """(H, b, loss), the best for an orthonormal W, in closed form from A = WᵀXW, q = Wᵀ1 and r = WᵀX1.

    H is Wᵀ(X − b1ᵀ)W. The bias explains what 1 has outside the span of W. A bias for each row is given by its part in
    that span, in the coordinates of W; the other part is the mean of the row, with its own part in the span taken away.
    """
    xp, n = p.xp, p.sums.shape[0]
    left, inside = p.energy - float(xp.sum(A * A)), float(xp.sum(q * q))
    if p.bias == "scalar" and n**2 - inside**2 > OUTSIDE * n**2:
        b = (xp.sum(p.sums) - xp.sum(q * (A @ q))) / (n**2 - inside**2)
        return A - b * q[:, None] * q, b, left - float(b) ** 2 * (n**2 - inside**2)
    if p.bias == "row":
        b = (r - A @ q) / (n - inside) if n - inside > OUTSIDE * n else 0 * q
        means = float(xp.sum(p.sums * p.sums) - xp.sum(r * r)) / n
        return A - b[:, None] * q, b, left - means - (n - inside) * float(xp.sum(b * b))
    return A, xp.sum(0 * q), left


def settled(p: Problem, point: Point) -> Point:
    """The point with all of b, and with a loss that is exact where the difference from ‖X‖² would lose digits."""
    W, b, loss = point.W, point.b, point.loss
    if p.bias == "row":
        b = (p.sums - W @ (W.T @ p.sums)) / W.shape[0] + W @ b
    if loss < exact_below(p.xp, W.dtype, p.energy):
        loss = float(by_rows(p.xp, p.X, W, point.H, b))
    return point._replace(b=b, loss=loss)


def slope(p: Problem, point: Point) -> Slope:
    """Downhill is G = RWHᵀ + RᵀWH, the direction G(HHᵀ + HᵀH)⁻¹ (scaled gradient descent: Tong, Ma & Chi 2021).

    To it comes what Polak and Ribière's conjugate gradients keep of the last direction (Nocedal & Wright 2006, §5.2).
    """
    xp, W, H = p.xp, point.W, point.H
    q, column = xp.sum(W, axis=0), point.b + 0 * p.sums
    G = (point.XW - column[:, None] * q) @ H.T + (point.XTW - column @ W) @ H
    G = G - W @ (W.T @ G)  # rounding errors: the gradient at the best H and b is perpendicular to W
    curvature = H @ H.T + H.T @ H
    mean = xp.linalg.trace(curvature) / H.shape[0]
    if not mean > xp.finfo(H.dtype).eps ** 2 * p.energy:  # H is zero, and so is the gradient
        return Slope(G, G, 0.0, 0.0)
    D = xp.linalg.solve(curvature + DAMPING * mean * xp.eye(H.shape[0], dtype=H.dtype, device=device(H)), G.T).T
    steepness = float(xp.sum(G * D))
    if last := point.memory:
        keep = max(0.0, (steepness - float(xp.sum(last.gradient * D))) / last.steepness)
        bent = D + keep * (last.direction - W @ (W.T @ last.direction))
        D = bent if xp.sum(G * bent) > 0 else D
    return Slope(G, D, steepness, 2 * float(xp.sum(G * D)))


class Way:
    """The points orthonormal(W + tD) for t > 0. Two products with X when it is made; then losses are d × d work."""

    def __init__(self, p: Problem, point: Point, down: Slope):
        self.p, self.point, self.down, W, D = p, point, down, point.W, down.direction
        self.XD, self.XTD = products(p, D)
        self.grams = W.T @ W, W.T @ D + D.T @ W, D.T @ D
        self.cores = W.T @ point.XW, W.T @ self.XD + D.T @ point.XW, D.T @ self.XD
        self.ones = p.xp.sum(W, axis=0), p.xp.sum(D, axis=0)
        self.sums = W.T @ p.sums, D.T @ p.sums

    def best(self, t: float) -> tuple:
        """(C, H, b, loss) for the columns of (W + tD)C, where C, the inverse root of their Gram matrix, turns least."""
        gram, core = (zero + t * one + t**2 * two for zero, one, two in (self.grams, self.cores))
        values, V = self.p.xp.linalg.eigh(gram)
        C = (V / values**0.5) @ V.T
        q, r = (C @ (zero + t * one) for zero, one in (self.ones, self.sums))
        return C, *best(self.p, C @ core @ C, q, r)

    def loss(self, t: float) -> float:
        loss = self.best(t)[-1]
        return self.to(t).loss if loss < exact_below(self.p.xp, self.down.direction.dtype, self.p.energy) else loss

    def to(self, t: float) -> Point:
        C, H, b, loss = self.best(t)
        point, down = self.point, self.down
        W, XW = (point.W + t * down.direction) @ C, (point.XW + t * self.XD) @ C
        XTW = XW if self.p.XT is self.p.X else (point.XTW + t * self.XTD) @ C
        memory = down._replace(gradient=down.gradient @ C, direction=down.direction @ C)
        return settled(self.p, Point(W, XW, XTW, H, b, loss, memory))


def descent_step(p: Problem, point: Point, lr: float = 1.0) -> Point | None:
    """W ← orthonormal(W + tD): t is `lr`, halved until the loss falls enough (Armijo 1966), or doubled while it falls.

    None when no length lowers the loss: W is a stationary point, as far as rounding lets see.
    """
    down = slope(p, point)
    if not down.fall > 0:
        return None
    way, t = Way(p, point, down), lr
    while not point.loss - (found := way.loss(t)) > SUFFICIENT * t * down.fall:
        t = t / 2
        if t < SHORTEST * lr:
            return None
    turn = 2 if t == lr else 0.5
    while SHORTEST < t / lr < 1 / SHORTEST and (further := way.loss(turn * t)) < found:
        t, found = turn * t, further
    return way.to(t)


def descend(p: Problem, point: Point, steps: int, lr: float = 1.0) -> Iterator[Point]:
    """The point and those that follow it, `steps` at most; the end comes sooner where no step lowers the loss."""
    yield point
    for _ in range(steps):
        following = descent_step(p, point, lr)
        if following is None:
            return
        yield (point := following)
