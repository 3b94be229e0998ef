"""The rows of a matrix as points: what is asked of them, and how to take many of them block by block."""

from collections.abc import Iterator
from typing import Any

from array_api_compat import array_namespace
from jaxtyping import Num

from companion._array import checked
from companion.matrix.gmm import covariance as cov

Points = Num[Any, "n d"]
BLOCK = 2**17  # numbers in a block: a megabyte of float64, which stays in the processor's cache


def points(X: Any, name: str = "X", ndim: int | tuple[int, ...] = 2) -> tuple[Any, Any]:
    """(namespace, X) as `checked` gives them. Complex numbers are refused, vectors told how to become points."""
    try:
        xp, X = checked(X, name, ndim)
    except ValueError as error:
        if ndim == 2 and getattr(X, "ndim", None) == 1:
            raise ValueError(f"{str(error)[:-1]}; for points on a line give {name}[:, None].") from None
        raise
    if "complex" in str(X.dtype):
        raise TypeError(f"{name} has dtype {X.dtype}; points have real coordinates: give real and imaginary parts.")
    return xp, X


def rows_like(X: Any, means: Points, name: str = "X", ndim: int = 2) -> tuple[Any, Any]:
    """(namespace, X) with rows as long as those of `means`, of its library, in its precision."""
    xp, X = points(X, name, ndim)
    if xp is not array_namespace(means):
        ours = type(means).__name__
        raise TypeError(f"{name} is a {type(X).__name__} and the mixture holds {ours}s: convert one of them.")
    if X.shape[-1] != means.shape[1]:
        raise ValueError(
            f"{name} has shape {tuple(X.shape)}; its rows must be {means.shape[1]} long, as the means are."
        )
    return xp, X if X.dtype == means.dtype else xp.astype(X, means.dtype)


def blocks(n: int, width: int, size: int = BLOCK) -> Iterator[slice]:
    """Slices that cover n rows, each with about size/width of them."""
    step = max(1, size // width)
    return (slice(i, min(i + step, n)) for i in range(0, n, step))


def check_mixture(mixture: Any) -> None:
    """ValueError unless shapes fit, weights are ≥ 0 with the sum 1, and covariances symmetric and positive definite."""
    xp, means = points(mixture.means, "means")
    (k, d), kind = means.shape, cov.check_kind(mixture.covariance)
    _, weights = points(mixture.weights, "weights", 1)
    _, C = points(mixture.covariances, "covariances", (1, 2, 3))
    wanted = {"weights": (weights, (k,)), "covariances": (C, cov.stored_shape(kind, k, d))}
    for name, (array, shape) in wanted.items():
        if tuple(array.shape) != shape:
            were = f"{k} {kind} components in {d} dimensions"
            raise ValueError(f"{name} has shape {tuple(array.shape)}; for {were} it must be {shape}.")
    total, least, slack = float(xp.sum(weights)), float(xp.min(weights)), float(xp.finfo(means.dtype).eps) ** 0.5
    if least < 0 or abs(total - 1) > slack:
        raise ValueError(f"weights sum to {total:.6g} and the smallest is {least:.3g}; give weights ≥ 0 that sum to 1.")
    if kind in ("full", "tied") and float(xp.max(xp.abs(C - xp.matrix_transpose(C)))) > slack * float(
        xp.max(xp.abs(C))
    ):
        raise ValueError("covariances are not symmetric; give (C + Cᵀ)/2 for each.")
    try:
        sound = bool(xp.all(xp.isfinite(mixture.whiteners)))
    except (ValueError, RuntimeError):  # NumPy's and torch's LinAlgError
        sound = False
    if not sound:
        cov.refuse_flat(xp, kind, C, k, d)
