"""The four kinds of covariance that the components of a mixture may have: what is stored, and how it measures distance.

    full        (k, d, d)   every component its own ellipsoid
    tied        (d, d)      one ellipsoid for all
    diag        (k, d)      an ellipsoid along the axes for each: the variances
    spherical   (k,)        a ball for each: its variance

A whitener W turns an ellipsoid into the unit ball, WΣWᵀ = I. It is stored as Σ is: a number stands for a multiple of I.
"""

from typing import Any

import numpy as np
from array_api_compat import device
from jaxtyping import Inexact

Covariances = Inexact[Any, "..."]
KINDS = ("full", "tied", "diag", "spherical")


def check_kind(kind: Any) -> str:
    """`kind` if it is one of KINDS, else ValueError."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"covariance is {kind!r}; allowed are {', '.join(map(repr, KINDS))}: choose one of these.")
    return kind


def stored_shape(kind: str, k: int, d: int) -> tuple[int, ...]:
    """The shape in which k covariances of d × d are stored."""
    return {"full": (k, d, d), "tied": (d, d), "diag": (k, d), "spherical": (k,)}[kind]


def free_numbers(kind: str, k: int, d: int) -> int:
    """How many numbers the covariances may choose: a symmetric d × d matrix has d(d + 1)/2."""
    return {"full": k * d * (d + 1) // 2, "tied": d * (d + 1) // 2, "diag": k * d, "spherical": k}[kind]


def matrices(xp, kind: str, C: Covariances, k: int, d: int) -> Inexact[Any, "k d d"]:
    """All k covariances written out."""
    eye = xp.eye(d, dtype=C.dtype, device=device(C))
    if kind == "diag":
        return C[:, :, None] * eye
    if kind == "spherical":
        return C[:, None, None] * eye
    return C if kind == "full" else xp.broadcast_to(C, (k, d, d))


def stored(xp, kind: str, shared: Inexact[Any, "d d"], k: int) -> Covariances:
    """k times the same matrix, as `kind` stores it; what a kind cannot hold of it is left out."""
    variances = xp.linalg.diagonal(shared)
    if kind == "diag":
        return xp.broadcast_to(variances, (k, shared.shape[0]))
    if kind == "spherical":
        return xp.broadcast_to(xp.mean(variances), (k,))
    return shared if kind == "tied" else xp.broadcast_to(shared, (k, *shared.shape))


def raised(xp, kind: str, C: Covariances, reg: float) -> Covariances:
    """Every variance larger by reg: Σ + reg·I."""
    if kind in ("diag", "spherical"):
        return C + reg
    return C + reg * xp.eye(C.shape[-1], dtype=C.dtype, device=device(C))


def whiteners(xp, kind: str, C: Covariances) -> Covariances:
    """W = L⁻¹ with Σ = LLᵀ (Cholesky), 1/σ for variances. A flat Σ gives inf or NaN, or the library's own error."""
    if kind in ("diag", "spherical"):
        with np.errstate(divide="ignore", invalid="ignore"):
            return 1 / C**0.5
    return xp.linalg.inv(xp.linalg.cholesky(C))


def roots(xp, kind: str, C: Covariances) -> Covariances:
    """R with RRᵀ = Σ, which turns the unit ball into the ellipsoid: Cholesky factors, or standard deviations."""
    return C**0.5 if kind in ("diag", "spherical") else xp.linalg.cholesky(C)


def whitened(kind: str, W: Covariances, k: int, rows: Inexact[Any, "b d"]) -> Inexact[Any, "b d"]:
    """Rows times W_kᵀ: with a whitener their Euclidean lengths are distances in standard deviations of component k."""
    if kind == "full":
        return rows @ W[k].T
    return rows @ W.T if kind == "tied" else rows * W[k]


def log_det(xp, kind: str, W: Covariances, d: int) -> Inexact[Any, "..."]:
    """log|W| = −½ log|Σ| of each component, or of all of them (tied)."""
    if kind == "spherical":
        return d * xp.log(W)
    return xp.sum(xp.log(W if kind == "diag" else xp.linalg.diagonal(W)), axis=-1)


def precision_diagonals(xp, kind: str, W: Covariances, d: int) -> Inexact[Any, "k d"]:
    """The diagonal of Σ⁻¹ = WᵀW for each component; one row for tied."""
    if kind in ("full", "tied"):
        return xp.reshape(xp.sum(W * W, axis=-2), (-1, d))
    return W * W if kind == "diag" else xp.broadcast_to((W * W)[:, None], (W.shape[0], d))


def refuse_flat(xp, kind: str, C: Covariances, k: int, d: int) -> None:
    """ValueError that names the first covariance that is not positive definite, and its smallest eigenvalue."""
    for component, S in enumerate(matrices(xp, kind, C, k, d)):
        values = xp.linalg.eigvalsh(S)
        if not values[0] > d * xp.finfo(C.dtype).eps * values[-1]:
            least = f"the smallest eigenvalue {float(values[0]):.3g}"
            raise ValueError(
                f"the covariance of component {component} has {least}; all must be positive: add a small number to its "
                "diagonal."
            )
