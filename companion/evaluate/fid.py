"""The Fréchet distance of two clouds of features: how far apart are the Gaussians with their means and covariances?"""

from typing import Any

from companion.evaluate.rows import Others, Rows, pair


def frechet(real: Rows, fake: Others) -> float:
    """‖μ₁ − μ₂‖² + tr S₁ + tr S₂ − 2 tr (S₁S₂)^½, the FID where features are Inception's (Heusel et al. 2017).

    The squared distance of two Gaussians (Dowson & Landau 1982). With symmetric roots tr (S₁S₂)^½ = ‖S₁^½ S₂^½‖_*, a
    nuclear norm, so no root of an asymmetric matrix is taken. S are the unbiased covariances, of both sides. In squared
    units of the features, ≥ 0, and 0 where means and covariances are equal, whatever else differs. For finite samples
    it is too large, by about a constant/n: compare figures for the same numbers of rows only, and note that the
    constant differs from generator to generator. Raises ValueError unless each side has more rows than columns.
    """
    xp, real, fake = pair(real, fake)
    (mean, S), (other, T) = (_moments(xp, x, name) for x, name in ((real, "real"), (fake, "fake")))
    common = xp.sum(xp.linalg.svdvals(_root(xp, S) @ _root(xp, T)))
    spread = xp.linalg.trace(S) + xp.linalg.trace(T) - 2 * common
    return float(xp.sum((mean - other) ** 2)) + max(float(spread), 0.0)  # rounding may leave −1e-14


def _moments(xp, x: Any, name: str) -> tuple[Any, Any]:
    n, d = x.shape
    if n <= d:
        raise ValueError(
            f"{name} has {n} rows of {d} features; the covariance needs more rows than features: give at least {d + 1}."
        )
    mean = xp.mean(x, axis=0)
    return mean, (x - mean).T @ (x - mean) / (n - 1)


def _root(xp, S: Any) -> Any:
    """The symmetric root of a covariance; eigenvalues that rounding made negative count as 0."""
    w, V = xp.linalg.eigh(S)
    return (V * xp.sqrt(xp.where(w > 0, w, xp.zeros_like(w)))) @ V.T
