"""Many small ridge regressions at once: each row of a block has its own few equations."""

from typing import Any

from jaxtyping import Float

EXACT = 1e-18  # of what there is to gain may be left where a row is to be solved


def padded(xp, Y: Float[Any, "n *rest"]) -> Float[Any, "n+1 *rest"]:
    """Y with one row of zeros more: padding points there, so that it adds nothing to any sum."""
    return xp.concat([Y, xp.zeros_like(Y[:1, ...])])


def gathered(xp, Y: Any, columns: Any) -> Any:
    """Y[columns]: for each row of the block the factors of its own columns, b × l × r or b × l."""
    return xp.reshape(xp.take(Y, xp.reshape(columns, (-1,)), axis=0), (*columns.shape, *Y.shape[1:]))


def conjugate_gradients(
    xp, G: Float[Any, "b l r"], h: Any, t: Float[Any, "b l"], d: Any, M: Any, x: Float[Any, "b r"], steps: int | float
) -> Float[Any, "b r"]:
    """Each row of x nearer to the minimum of Σₗ hₗ(gₗᵀx)² − 2tₗgₗᵀx + Σₖ dₖxₖ²; h = None is h = 1.

    Conjugate gradients from the x given, preconditioned by diag(M) (Golub & Van Loan 2013, §11.5); the matrix GᵀHG + D
    is never formed, and no step makes the sum larger. Whole `steps` are counted; a float is what may at most be left
    to gain, over all rows.
    """
    tiny = xp.finfo(x.dtype).smallest_normal  # a row that is solved has 0/0 here: with this, 0
    r = back(G, t - _times(h, forth(G, x))) - d * x
    p = z = r / M
    gain = xp.vecdot(r, z) + tiny  # about what the sum can still fall by
    for _ in range(steps if isinstance(steps, int) else 2 * x.shape[1] + 10):
        if isinstance(steps, float) and float(xp.sum(gain)) <= steps:
            break
        Ap = back(G, _times(h, forth(G, p))) + d * p
        a = (gain / (xp.vecdot(p, Ap) + tiny))[:, None]
        x, r, before = x + a * p, r - a * Ap, gain
        z = r / M
        gain = xp.vecdot(r, z) + tiny
        p = z + (gain / before)[:, None] * p
    return x


def forth(G: Float[Any, "b l r"], x: Float[Any, "b r"]) -> Float[Any, "b l"]:
    """Gx: for each row of the block what its x gives at its own columns."""
    return (G @ x[..., None])[..., 0]


def back(G: Float[Any, "b l r"], w: Float[Any, "b l"]) -> Float[Any, "b r"]:
    """Gᵀw."""
    return (w[:, None, :] @ G)[:, 0, :]


def _times(h, w) -> Any:
    return w if h is None else h * w
