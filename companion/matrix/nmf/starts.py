"""A start for NMF from the SVD, which has negative entries, by keeping of each term the part that has none."""

from typing import Any

from jaxtyping import Float

from companion._array import Matrix, whole
from companion.matrix import svd
from companion.matrix.nmf.checks import known


def nndsvd(
    X: Matrix, rank: int, *, fill: str = "zero", rng: Any = 0
) -> tuple[Float[Any, "m rank"], Float[Any, "rank n"]]:
    """(W, H) ≥ 0: of each term s·u·vᵀ of the SVD the positive or the negative part, whichever is the larger.

    With u = u⁺ − u⁻ and v = v⁺ − v⁻ a term's best nonnegative approximation of rank one is s·u⁺v⁺ᵀ or s·u⁻v⁻ᵀ
    (Boutsidis & Gallopoulos 2008). `fill` "zero" leaves the zeros; "mean" puts the mean of X there (their NNDSVDa),
    since a multiplicative update cannot leave a zero. X ≥ 0 may be SciPy-sparse; `rng` is the randomized SVD's.
    """
    xp, X = known(X)
    rank = whole(rank, "rank", 1, min(X.shape))
    if not isinstance(fill, str) or fill not in ("zero", "mean"):
        raise ValueError(f"fill is {fill!r}; allowed are 'zero' and 'mean': choose one of these.")
    U, s, Vh = svd.randomized(X, rank, power=4, rng=rng)
    factors = _signless(xp, U.T * s[:, None] ** 0.5, Vh * s[:, None] ** 0.5)
    other = float(X.mean()) if fill == "mean" else 0.0
    W, H = (xp.where(F / xp.max(F) > 1e-6, F, xp.full_like(F, other)) for F in factors)  # below: rounding errors
    return W.T, H


def _signless(xp, U, V) -> tuple[Any, Any]:
    """The larger of u⁺v⁺ᵀ and u⁻v⁻ᵀ for each pair of rows, split so that both factors have the same norm."""
    zero = xp.zeros_like(U[:1, :1])
    (a, b), (c, d) = ((xp.maximum(F, zero), xp.maximum(-F, zero)) for F in (U, V))
    na, nb, nc, nd = (xp.linalg.vector_norm(F, axis=1, keepdims=True) for F in (a, b, c, d))
    first = na * nc >= nb * nd
    U, V, nu, nv = (xp.where(first, p, q) for p, q in ((a, b), (c, d), (na, nb), (nc, nd)))
    tiny = xp.finfo(U.dtype).smallest_normal
    balance = ((nv + tiny) / (nu + tiny)) ** 0.5
    return U * balance, V / balance
