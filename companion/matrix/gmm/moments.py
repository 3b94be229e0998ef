"""The fast half of EM: both steps as one sweep over the points, in blocks that stay in the processor's cache.

With y = x − c the log density of every component is linear in the features 1, y and y⊗y. So a block costs one matrix
product with its features for the E-step, and one more for the sums that the M-step needs. No digit is lost in
`log_joint` and `m_step`, which take x − μ_k first; here some are, when a component is narrow and far from the centre c.
`safe` says when, and `em` then takes those two.
"""

import math
from typing import Any, NamedTuple

from array_api_compat import array_namespace, device
from jaxtyping import Inexact

from companion._array import Scalar, Vector
from companion.matrix.gmm import covariance as cov
from companion.matrix.gmm.points import Points, blocks

STRIP = 4  # rows of y⊗y formed at once; it is symmetric, so a strip ends where the one before it began
BLOCK = 2**21  # numbers: sixteen megabytes of features in float64


class Data(NamedTuple):
    """The points, once more as columns y = x − c, and what no step changes about them."""

    X: Points
    Y: Inexact[Any, "d n"]
    centre: Vector
    spread: Vector  # variance of each column of X
    reach: Vector  # its largest distance from the centre
    scatter: Inexact[Any, "d d"]  # Σ yyᵀ


class Moments(NamedTuple):
    """Σr, Σry and Σr yyᵀ over all points for each component, the last as its kind needs it (tied: not at all)."""

    log_likelihood: float
    counts: Inexact[Any, " k"]
    first: Inexact[Any, "k d"]
    second: Any


def look(xp, X: Points) -> Data:
    """The points as a sweep wants them."""
    centre, d = xp.mean(X, axis=0), X.shape[1]
    Y = xp.empty((d, X.shape[0]), dtype=X.dtype, device=device(X))
    xp.subtract(X.T, centre[:, None], out=Y)  # `out`: both libraries have it, though the Array API does not
    reach = xp.maximum(xp.max(Y, axis=1), -xp.min(Y, axis=1))
    scatter = sum(Y[:, b] @ Y[:, b].T for b in blocks(X.shape[0], d))
    return Data(X, Y, centre, xp.linalg.diagonal(scatter) / X.shape[0], reach, scatter)


def safe(data: Data, mixture: Any) -> bool:
    """Does `sweep` get log densities right to about a tenth of √ε? Its terms are as large as Σ_j reach_j²(Σ_k⁻¹)_jj."""
    xp, d = array_namespace(data.X), data.X.shape[1]
    precisions = cov.precision_diagonals(xp, mixture.covariance, mixture.whiteners, d)
    largest = xp.max(xp.sum(precisions * data.reach**2, axis=1))
    return bool(largest * float(xp.finfo(data.X.dtype).eps) ** 0.5 < 0.1)


def sweep(data: Data, mixture: Any) -> Moments:
    """The mean log-likelihood, and the moments of the points weighted by their responsibilities."""
    xp, kind, (d, n) = array_namespace(data.X), mixture.covariance, data.Y.shape
    weights = coefficients(xp, mixture, data)
    total, sums = 0.0, xp.zeros_like(weights.T)
    phi = xp.empty((weights.shape[1], 0), dtype=data.X.dtype, device=device(data.X))
    for rows in blocks(n, max(weights.shape[1], 512), BLOCK):
        phi = features(xp, kind, data.Y[:, rows], phi)
        r, log_likelihood = responsibilities(xp, weights @ phi)
        total, sums = total + float(log_likelihood), sums + phi @ r.T
    counts, first, second = sums[0, :], sums[1 : d + 1, :].T, sums[d + 1 :, :].T
    return Moments(total / n, counts, first, unstripped(xp, second, d) if kind == "full" else second)


def coefficients(xp, mixture: Any, data: Data) -> Inexact[Any, "k f"]:
    """Of 1, y and the products in log π_k N(x; μ_k, Σ_k) = const + (Pm)ᵀy − ½ yᵀPy, where P = Σ_k⁻¹ and m = μ_k − c.

    For tied covariances yᵀPy is the same in all components. It changes no responsibility, so only its mean over the
    points is counted, which is a constant too: tr(P Σ yyᵀ)/n.
    """
    W, kind, m = mixture.whiteners, mixture.covariance, mixture.means - data.centre
    P = xp.matrix_transpose(W) @ W if kind in ("full", "tied") else W * W if kind == "diag" else (W * W)[:, None]
    linear = P * m if kind in ("diag", "spherical") else xp.sum(P * m[:, None, :], axis=2)
    const = mixture.log_constants - xp.sum(linear * m, axis=1) / 2
    const = xp.maximum(const, xp.full_like(const, -1e30))  # a weight of zero: −∞ would turn 0·∞ into NaN
    if kind == "tied":
        const, quadratic = const - xp.sum(P * data.scatter) / (2 * data.X.shape[0]), linear[:, :0]
    else:
        quadratic = stripped(xp, -P) if kind == "full" else -P / 2
    return xp.concat([const[:, None], linear, quadratic], axis=1)


def responsibilities(xp, joint: Inexact[Any, "k b"]) -> tuple[Inexact[Any, "k b"], Scalar]:
    """exp(joint) over its sum, and Σ log of the sums, with one exponential for both. Overwrites `joint`.

    Responsibilities below ε² become ε², which no sum notices: processors are slow on numbers near the smallest.
    """
    top = xp.max(joint, axis=0)
    joint -= top
    least = xp.full_like(top, 2 * math.log(float(xp.finfo(joint.dtype).eps)))
    joint = xp.exp(xp.maximum(joint, least, out=joint), out=joint)
    total = xp.sum(joint, axis=0)
    joint /= total
    return joint, xp.sum(top + xp.log(total))


def features(xp, kind: str, y: Inexact[Any, "d b"], phi: Inexact[Any, "f before"]) -> Inexact[Any, "f b"]:
    """1, y, and the products of second order: y⊗y in strips, y², |y|² or none. `phi` is used again if it fits."""
    f, (d, b) = phi.shape[0], y.shape
    phi = phi if phi.shape[1] == b else xp.empty((f, b), dtype=y.dtype, device=device(y))
    phi[0, :], phi[1 : d + 1, :] = 1.0, y
    if kind == "spherical":
        phi[d + 1, :] = xp.sum(y * y, axis=0)
    if kind == "diag":
        xp.multiply(y, y, out=phi[d + 1 :, :])
    if kind == "full":
        for a, end, start, stop in strips(d):
            strip = xp.reshape(phi[d + 1 + start : d + 1 + stop, :], (end - a, d - a, b))
            xp.multiply(y[a:end, None, :], y[None, a:, :], out=strip)
    return phi


def strips(d: int) -> list[tuple[int, int, int, int]]:
    """(first row, end row, first feature, end feature) of each strip: rows of yyᵀ from the diagonal square on."""
    ends = [(a, min(a + STRIP, d)) for a in range(0, d, STRIP)]
    sizes = [(end - a) * (d - a) for a, end in ends]
    return [(a, end, sum(sizes[:i]), sum(sizes[: i + 1])) for i, (a, end) in enumerate(ends)]


def stripped(xp, M: Inexact[Any, "k d d"]) -> Inexact[Any, "k f"]:
    """The factors of the products in ½ yᵀMy: half of M in a strip's own square; beyond it a product stands for two."""
    parts = [
        xp.reshape(xp.concat([M[:, a:end, a:end] / 2, M[:, a:end, end:]], axis=2), (M.shape[0], -1))
        for a, end, _, _ in strips(M.shape[1])
    ]
    return xp.concat(parts, axis=1)


def unstripped(xp, sums: Inexact[Any, "k f"], d: int) -> Inexact[Any, "k d d"]:
    """Σr yyᵀ from the sums of its strips."""
    S = xp.empty((sums.shape[0], d, d), dtype=sums.dtype, device=device(sums))
    for a, end, start, stop in strips(d):
        strip = xp.reshape(sums[:, start:stop], (-1, end - a, d - a))
        S[:, a:end, a:], S[:, a:, a:end] = strip, xp.matrix_transpose(strip)
    return S
