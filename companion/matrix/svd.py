"""A = U diag(s) Vᴴ: every matrix is a rotation, a stretch along axes, and a rotation.

NumPy arrays and torch tensors, real or complex, float32 or float64. Three routes to the same factors: `exact` for all
of them, `gram` for the leading ones of a matrix with one short side, `randomized` for the leading ones of any matrix.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Inexact

from companion._array import Factor, Matrix, Scalar, Vector, checked, normal, whole
from companion.matrix.noise import optimal_threshold
from companion.matrix.subspace import krylov, orthonormal, range_finder, unit

__all__ = [
    "PCA",
    "SVD",
    "error_bound",
    "exact",
    "gram",
    "optimal_threshold",
    "pca",
    "randomized",
    "range_finder",
    "truncation_errors",
]


class SVD(NamedTuple):
    """A ≈ U diag(s) Vh with orthonormal columns in U, orthonormal rows in Vh and s descending, s ≥ 0."""

    U: Factor
    s: Vector
    Vh: Factor

    def reconstruct(self) -> Factor:
        """U diag(s) Vh."""
        return (self.U * self.s) @ self.Vh

    def truncate(self, rank: int) -> "SVD":
        """The first `rank` terms: among all matrices of that rank the nearest one (Eckart & Young 1936)."""
        rank = whole(rank, "rank", 1, self.s.shape[0])
        return SVD(self.U[:, :rank], self.s[:rank], self.Vh[:rank, :])


def exact(A: Matrix) -> SVD:
    """All min(m, n) terms by the library's own LAPACK or CUDA routine, O(mn·min(m, n)), with signs fixed.

    Signs: the first entry of each right vector that is within 0.1 % of its largest is made positive (real).
    """
    xp, A = checked(A, "A", 2)
    return _fix_signs(xp, SVD(*xp.linalg.svd(A, full_matrices=False)))


def gram(A: Matrix, rank: int) -> SVD:
    """The first `rank` terms from the eigenvectors of AᴴA (or AAᴴ, whichever is smaller): one fast product, one eigh.

    Squaring A squares its condition: with ε the spacing of the dtype, singular values below √ε·s[0] are lost
    (float32: below 3.5e-4 of the largest, float64: below 1.5e-8). Use `exact` or `randomized` to see those.
    """
    xp, A = checked(A, "A", 2)
    rank = whole(rank, "rank", 1, min(A.shape))
    if A.shape[0] < A.shape[1]:
        return _adjoint(xp, gram(A.conj().T, rank))
    _, V = xp.linalg.eigh(_gram_matrix(xp, A))  # ascending
    return _fix_signs(xp, _from_right_basis(xp, A, xp.flip(V[:, -rank:], axis=1)))


def randomized(A: Matrix, rank: int, *, oversample: int = 10, power: int = 2, rng: Any = None) -> SVD:
    """The first `rank` terms of any matrix from a few products with it; see `range_finder` for `power` and `rng`.

    The short side is searched, since an orthonormal basis is cheap there: P for the rows of A, then the SVD of the
    thin AP (Halko, Martinsson & Tropp 2011, §5). Cost: 2·power + 2 products with rank + oversample columns.
    `A` may be SciPy-sparse.
    """
    xp, A = checked(A, "A", 2, sparse=True)
    rank, oversample = whole(rank, "rank", 1, min(A.shape)), whole(oversample, "oversample", 0)
    if A.shape[0] < A.shape[1]:
        return _adjoint(xp, randomized(A.conj().T, rank, oversample=oversample, power=power, rng=rng))
    size = min(rank + oversample, A.shape[1])
    P, images = krylov(xp, A, size, whole(power, "power", 0), rng)
    U, s, Wh = _leading(xp, xp.concat([*images, A @ P[:, size * len(images) :]], axis=1), rank)
    return _fix_signs(xp, SVD(U, s, Wh @ P.conj().T))


def error_bound(A: Matrix, factors: SVD, *, probes: int = 10, rng: Any = None) -> Scalar:
    """A number that exceeds ‖A − U diag(s) Vh‖₂ with probability at least 1 − 10^−probes, without forming it.

    10·√(2/π)·max‖(A − U diag(s) Vh)ωᵢ‖ over `probes` Gaussian vectors (Halko, Martinsson & Tropp 2011, Lemma 4.1).
    """
    xp, A = checked(A, "A", 2, sparse=True)
    U, s, Vh = factors
    if (U.shape[0], Vh.shape[1]) != tuple(A.shape):
        raise ValueError(f"factors are of a {U.shape[0]} × {Vh.shape[1]} matrix, A is {A.shape}: give A's own factors.")
    omega = normal(rng, (A.shape[1], whole(probes, "probes", 1)), like=A)
    missed = A @ omega - (U * s) @ (Vh @ omega)
    return 10 * (2 / np.pi) ** 0.5 * xp.max(xp.linalg.vector_norm(missed, axis=0))


def truncation_errors(s: Vector) -> Inexact[Any, " n+1"]:
    """√(Σ_{i>r} sᵢ²)/√(Σ sᵢ²) for r = 0 … n: the relative Frobenius error of each truncation (Eckart & Young 1936).

    `s` must be the whole spectrum: n = min(m, n) singular values, descending.
    """
    xp, s = checked(s, "s", 1)
    if s[0] <= 0 or bool(xp.any(s < 0)) or bool(xp.any(s[1:] > s[:-1])):
        raise ValueError(f"s runs from {float(s[0])} to {float(s[-1])}; descending singular values ≥ 0 are needed.")
    tail = xp.flip(xp.cumulative_sum(xp.flip((s / s[0]) ** 2), include_initial=True))
    return (tail / tail[0]) ** 0.5


class PCA(NamedTuple):
    """Rows of X ≈ mean + codes @ components, `variances` of the codes descending."""

    mean: Inexact[Any, " n"]
    components: Inexact[Any, "rank n"]
    variances: Inexact[Any, " rank"]

    def encode(self, X: Matrix) -> Inexact[Any, "m rank"]:
        """The coordinates of each row of X along the components: (X − mean) componentsᴴ."""
        if X.shape[-1] != self.mean.shape[0]:  # a single column would be spread over all of them without a word
            wanted = self.mean.shape[0]
            raise ValueError(f"X has shape {tuple(X.shape)}; its rows must be {wanted} long, as the mean is.")
        return (X - self.mean) @ self.components.conj().T

    def decode(self, codes: Inexact[Any, "m rank"]) -> Factor:
        """The rows that have these coordinates: mean + codes components."""
        return self.mean + codes @ self.components


def pca(X: Matrix, rank: int) -> PCA:
    """Principal components of the rows of X: the first right singular vectors of X − mean (Pearson 1901).

    `variances` are s²/(m − 1), the unbiased sample variances, in squared units of X. Two rows at least are needed.
    """
    xp, X = checked(X, "X", 2)
    if X.shape[0] < 2:
        raise ValueError(f"X has shape {tuple(X.shape)}; a variance needs at least 2 rows: give more samples.")
    rank = whole(rank, "rank", 1, min(X.shape))
    mean = xp.mean(X, axis=0)
    _, s, Vh = _leading(xp, X - mean, rank)
    return PCA(mean, Vh, s**2 / (X.shape[0] - 1))


def _gram_matrix(xp, A) -> Any:
    """AᴴA, of A over its largest entry where the squares would leave the range of the dtype: the eigenvectors stay."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        G = A.conj().T @ A
        energy = xp.real(xp.linalg.trace(G))
    info = xp.finfo(A.dtype)
    if info.smallest_normal / info.eps**2 < energy < info.max:
        return G
    A = unit(xp, A)
    return A.conj().T @ A


def _from_right_basis(xp, A, V) -> SVD:
    """The SVD of A restricted to the span of the orthonormal V: AV = QC with a small C."""
    Y = A @ V
    Q = orthonormal(xp, Y)
    U, s, Wh = xp.linalg.svd(Q.conj().T @ Y, full_matrices=False)
    return SVD(Q @ U, s, Wh @ V.conj().T)


def _leading(xp, B, rank: int) -> SVD:
    """The first `rank` terms of a thin B: by its Gram matrix where that loses no digit that counts, else exactly."""
    factors = gram(B, rank)
    safe = factors.s[-1] > (1e3 * xp.finfo(B.dtype).eps) ** 0.5 * factors.s[0]
    return factors if safe else exact(B).truncate(rank)


def _adjoint(xp, factors: SVD) -> SVD:
    U, s, Vh = factors
    return _fix_signs(xp, SVD(Vh.conj().T, s, U.conj().T))


def _fix_signs(xp, factors: SVD) -> SVD:
    """Singular vectors are unique up to a common sign (phase): choose it by the right ones, near ties by position."""
    U, s, Vh = factors
    size = xp.abs(Vh)
    first = xp.argmax(xp.astype(size >= 0.999 * xp.max(size, axis=1, keepdims=True), xp.int8), axis=1)
    pivot = xp.take_along_axis(Vh, first[:, None], axis=1)[:, 0]
    phase = pivot / xp.abs(pivot)
    return SVD(U * phase, s, Vh * xp.conj(phase)[:, None])
