"""The two ways to W and H: what they ask for, and the run that both share."""

from typing import Any, NamedTuple

from jaxtyping import Bool, Float

from companion._array import Matrix, Vector, nonnegative, whole
from companion.matrix.nmf.alternating import sweep
from companion.matrix.nmf.checks import switch, two
from companion.matrix.nmf.frobenius import frobenius_step
from companion.matrix.nmf.momentum import Pace, descend
from companion.matrix.nmf.problem import posed, whole_again
from companion.matrix.nmf.updates import kl_step, scaled

Start = str | tuple[Float[Any, "m rank"], Float[Any, "rank n"]]
Mask = Bool[Any, "m n"] | None
Penalty = float | tuple[float, float]


class NMF(NamedTuple):
    """X ≈ WH: a part in each row of H, how much of each in W. `errors`: at the start and after each good iteration."""

    W: Float[Any, "m rank"]
    H: Float[Any, "rank n"]
    errors: Vector

    def reconstruct(self) -> Float[Any, "m n"]:
        """WH."""
        return self.W @ self.H


def hals(
    X: Matrix,
    rank: int,
    *,
    sweeps: int = 2,
    extrapolate: bool = True,
    init: Start = "nndsvda",
    mask: Mask = None,
    l1: Penalty = 0.0,
    l2: Penalty = 0.0,
    max_iter: int = 200,
    tol: float = 1e-5,
    rng: Any = None,
) -> NMF:
    """‖X − WH‖_F made small from a start, by `hals_step` on W and H in turn, `sweeps` times each.

    Several sweeps reuse the products with X (Gillis & Glineur 2012); `extrapolate` looks ahead, with restarts (Ang &
    Gillis 2019). Components that die are given the worst fitted row, unless penalties may have wanted them dead.

    init    "nndsvda", "nndsvd", "random", or a pair (W, H)
    mask    True where X is known; what X holds elsewhere is ignored. Every row and column needs a known entry
    l1, l2  weights of ΣW + ΣH and of ½(‖W‖² + ‖H‖²) beside ½‖X − WH‖²; a pair gives W and H their own
    tol     ends the run when an iteration lowers the relative error by less than this share of the first one
    errors  ‖X − WH‖/‖X‖, with penalties √(2·objective)/‖X‖; over the known entries
    """
    whole(sweeps, "sweeps", 1)
    switch(extrapolate, "extrapolate")
    l1, l2 = two(l1, "l1"), two(l2, "l2")
    xp, problem = posed(X, rank, init, mask, rng)

    def update(C, G, F, weight):
        return sweep(xp, C, G, F, sweeps, weight)

    def ahead(new, old, beta):
        return xp.maximum(new + beta * (new - old), xp.zeros_like(new))

    step = frobenius_step(xp, problem, update, l1, l2, revive=not any((*l1, *l2)))
    pace = Pace(beta=0.5, grow=1.05, grow_bound=1.01) if extrapolate else None
    return _run(xp, problem, step, ahead, pace, max_iter, tol)


def multiplicative(
    X: Matrix,
    rank: int,
    *,
    loss: str = "frobenius",
    extrapolate: bool = True,
    floor: float = 0.0,
    init: Start = "nndsvda",
    mask: Mask = None,
    l1: Penalty = 0.0,
    l2: Penalty = 0.0,
    max_iter: int = 200,
    tol: float = 1e-5,
    rng: Any = None,
) -> NMF:
    """‖X − WH‖_F, or D(X‖WH) = Σ x·log(x/wh) − x + wh for loss="kl", made small from a start.

    The updates of Lee & Seung (2001): W ← W∘XHᵀ/(WHHᵀ), for "kl" W ← W∘(X/WH)Hᵀ/(1Hᵀ), then H likewise; the loss never
    rises. `extrapolate` looks ahead where entries grow (Hien, Leplat & Gillis 2024), with restarts. A zero in the start
    stays for ever, unless `floor` > 0 lets no entry fall below it. `errors` for "kl" are D/ΣX, nats per unit of light.
    The other parameters are those of `hals`.
    """
    switch(extrapolate, "extrapolate")
    if not isinstance(loss, str) or loss not in ("frobenius", "kl"):
        raise ValueError(f"loss is {loss!r}; allowed are 'frobenius' and 'kl': choose one of these.")
    l1, l2, floor = two(l1, "l1"), two(l2, "l2"), nonnegative(floor, "floor")
    xp, problem = posed(X, rank, init, mask, rng)
    if floor > 0:
        W, H = (xp.maximum(F, xp.full_like(F, floor)) for F in (problem.W, problem.H))
        problem = problem._replace(W=W, H=H)

    def update(C, G, F, weight):
        return scaled(xp, F, C, G @ F + weight, floor)

    def ahead(new, old, beta):
        return new + beta * xp.maximum(new - old, xp.zeros_like(new))

    step = frobenius_step(xp, problem, update, l1, l2) if loss == "frobenius" else kl_step(xp, problem, l1, l2, floor)
    pace = Pace(beta=0.9, grow=1.05, grow_bound=1.01) if extrapolate else None
    return _run(xp, problem, step, ahead, pace, max_iter, tol)


def _run(xp, problem, step, ahead, pace, max_iter, tol) -> NMF:
    max_iter, tol = whole(max_iter, "max_iter", 0), nonnegative(tol, "tol")
    start = (problem.W, problem.H)
    best, errors = descend(step, start, ahead, pace=pace, max_iter=max_iter, tol=tol)
    W, H = (whole_again(xp, F, kept) for F, kept in zip(best, problem.kept, strict=True))
    return NMF(W.T, H, xp.asarray(errors, dtype=W.dtype))
