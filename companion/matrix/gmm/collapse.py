"""A component that shrinks onto one point, or is flat, has a density without bound: find it, and say what to do."""

from typing import Any

from array_api_compat import array_namespace

from companion.matrix.gmm import covariance as cov
from companion.matrix.gmm.maximize import Estimate
from companion.matrix.gmm.mixture import GaussianMixture
from companion.matrix.gmm.moments import Data


def accepted(data: Data, found: Estimate, kind: str, reg: float) -> GaussianMixture:
    """The mixture with these counts and means and with covariances + reg·I. ValueError where a component has collapsed.

    That is: where the variance of a coordinate is below ε^1.25 of the data's own or below that of rounding errors in
    the data, or where it is lost once the coordinates before it are known: Var[x_j | x_1 … x_{j−1}] ≤ 10dε Var[x_j].
    """
    xp = array_namespace(found.means)
    C = cov.raised(xp, kind, found.covariances, reg)
    for k, lost in enumerate(_tiny(xp, kind, C, data) + _flat(xp, kind, C)):
        if bool(lost):
            raise ValueError(_why(xp, data, found, kind, reg, k % C.shape[0] if kind != "tied" else None))
    return GaussianMixture(found.counts / xp.sum(found.counts), found.means, C, kind)


def _variances(xp, kind: str, C: cov.Covariances) -> Any:
    if kind in ("full", "tied"):
        C = xp.reshape(C, (-1, *C.shape[-2:]))
        return xp.linalg.diagonal(C)
    return C if kind == "diag" else C[:, None]


def _tiny(xp, kind: str, C: cov.Covariances, data: Data) -> list:
    eps = float(xp.finfo(C.dtype).eps)
    least = eps**1.25 * data.spread + (4 * eps * (xp.abs(data.centre) + data.reach)) ** 2
    least = xp.mean(least) if kind == "spherical" else least
    return list(xp.any(~(_variances(xp, kind, C) > least), axis=1))


def _flat(xp, kind: str, C: cov.Covariances) -> list:
    if kind in ("diag", "spherical"):
        return []
    d, stack = C.shape[-1], xp.reshape(C, (-1, *C.shape[-2:]))
    least = 10 * d * float(xp.finfo(C.dtype).eps) * _variances(xp, kind, C)
    try:
        pivots = xp.linalg.diagonal(xp.linalg.cholesky(stack)) ** 2
    except (ValueError, RuntimeError):  # NumPy's and torch's LinAlgError: one of them has no Cholesky factor
        return [_flat(xp, kind, S)[0] if len(stack) > 1 else True for S in stack[:, None]]
    return list(xp.any(~(pivots > least), axis=1))


def _why(xp, data: Data, found: Estimate, kind: str, reg: float, k: int | None) -> str:
    n, d = data.X.shape
    constant = sum(bool(c) for c in xp.max(data.Y, axis=1) == xp.min(data.Y, axis=1))
    rank = _rank(xp, data) if kind in ("full", "tied") else d - constant
    if rank < d:
        return (
            f"X is flat: its {n} points in {d} columns span {rank} dimensions ({constant} columns are constant), no "
            f"{kind} covariance fits with reg={reg:g}. Use principal components (svd.pca) as columns, or give reg > 0."
        )
    who = "the common covariance" if k is None else f"component {k}"
    count = n if k is None else float(found.counts[k])
    return (
        f"{who} has collapsed: it holds {count:.4g} of {n} points, too few different ones to spread in {d} dimensions, "
        f"and the likelihood has no bound (reg={reg:g}). Give a larger reg, fewer components, or another start."
    )


def _rank(xp, data: Data) -> int:
    """The rank of X − c."""
    values = xp.linalg.eigvalsh(data.scatter)
    least = data.X.shape[1] * float(xp.finfo(values.dtype).eps) * values[-1]
    return int(xp.sum(xp.astype(values > least, xp.int64)))
