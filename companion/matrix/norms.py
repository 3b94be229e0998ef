"""How large is a vector, a matrix, a convolution? Definitions: Golub & Van Loan (2013), chapter 2.

NumPy arrays and torch tensors, real or complex, float32 or float64; results are scalars of the same library.
"""

import math
import warnings
from typing import Any, NamedTuple

from jaxtyping import Inexact, Num

from companion._array import Matrix, Scalar, Vector, checked, normal, positive, whole


def vector(x: Vector, p: float = 2) -> Scalar:
    """‖x‖_p = (Σ|xᵢ|^p)^(1/p) for 1 ≤ p < ∞, and ‖x‖_∞ = max|xᵢ|.

    Scaled by the largest entry first, so that no square overflows. Raises ValueError for p < 1: that is no norm.
    """
    xp, x = checked(x, "x", 1)
    if isinstance(p, (str, bool)) or not hasattr(p, "__float__"):
        raise TypeError(f"p is {p!r}; a number p ≥ 1 or math.inf is needed.")
    if not float(p) >= 1:
        raise ValueError(f"p is {p}; allowed is 1 ≤ p ≤ math.inf: below 1 the triangle inequality fails.")
    size = xp.abs(x)
    largest = xp.max(size)
    if math.isinf(p) or largest == 0:
        return largest
    return largest * xp.sum((size / largest) ** p) ** (1 / p)


def matrix(A: Matrix, kind: str = "fro") -> Scalar:
    """The norm of A that `kind` names.

    "1"     max column sum of |aᵢⱼ|              the largest ‖Ax‖₁ with ‖x‖₁ = 1
    "2"     σ₁ = √λmax(AᴴA), the spectral norm   the largest ‖Ax‖₂ with ‖x‖₂ = 1
    "inf"   max row sum of |aᵢⱼ|                 the largest ‖Ax‖_∞ with ‖x‖_∞ = 1
    "2inf"  max row 2-norm                       the largest ‖Ax‖_∞ with ‖x‖₂ = 1
    "fro"   √Σ|aᵢⱼ|² = √Σσᵢ²                     A as one long vector
    "nuc"   Σσᵢ, the nuclear norm                the convex stand-in for the rank
    """
    xp, A = checked(A, "A", 2)
    norms = {
        "1": lambda: xp.max(xp.sum(xp.abs(A), axis=0)),
        "2": lambda: xp.linalg.svdvals(A)[0],
        "inf": lambda: xp.max(xp.sum(xp.abs(A), axis=1)),
        "2inf": lambda: xp.max(xp.linalg.vector_norm(A, axis=1)),
        "fro": lambda: xp.linalg.matrix_norm(A),
        "nuc": lambda: xp.sum(xp.linalg.svdvals(A)),
    }
    if not isinstance(kind, str) or kind not in norms:
        raise ValueError(f"kind is {kind!r}; allowed are {', '.join(map(repr, norms))}: choose one of these.")
    return norms[kind]()


class Triplet(NamedTuple):
    """A singular value with its two unit vectors: A v ≈ σ u."""

    sigma: Scalar
    u: Vector
    v: Vector


def power_step(A: Matrix, v: Vector) -> Triplet:
    """One step of power iteration on AᴴA: u = Av/‖Av‖, then w = Aᴴu, σ = ‖w‖, v = w/σ. A may be SciPy-sparse."""
    u = _unit(A @ v)
    w = A.conj().T @ u
    return Triplet(_length(w), u, _unit(w))


def power_iteration(A: Matrix, *, tol: float = 1e-6, max_iter: int = 1000, rng: Any = None) -> Triplet:
    """The largest singular value and its vectors, by repeated products with A and Aᴴ (Golub & Van Loan 2013, §8.2).

    Stops when ‖Av − σu‖ ≤ tol·σ. The estimate never exceeds σ₁, and its relative error shrinks by (σ₂/σ₁)⁴ a step.
    When σ₂ is so close to σ₁ that `max_iter` steps do not suffice, the last estimate is returned with a RuntimeWarning.
    `A` may be SciPy-sparse. `rng` is a seed or a numpy.random.Generator for the start vector.
    """
    _, A = checked(A, "A", 2, sparse=True)
    tol, max_iter = positive(tol, "tol"), whole(max_iter, "max_iter", 1)
    v = _unit(normal(rng, (A.shape[1],), like=A))
    for _ in range(max_iter):
        sigma, u, v = power_step(A, v)
        if _length(A @ v - sigma * u) <= tol * sigma:
            return Triplet(sigma, u, v)
    message = f"power iteration has not reached tol={tol:g} in {max_iter} steps: raise max_iter or tol."
    warnings.warn(message, RuntimeWarning, stacklevel=2)
    return Triplet(sigma, u, v)


def condition(A: Matrix) -> Scalar:
    """κ₂(A) = σmax/σmin: how much A can magnify a relative error. Infinite when a singular value is zero."""
    xp, A = checked(A, "A", 2)
    s = xp.linalg.svdvals(A)
    return s[0] / s[-1] if s[-1] > 0 else s[0] + math.inf


def stable_rank(A: Matrix) -> Scalar:
    """‖A‖_F²/‖A‖₂², between 1 and the rank, and insensitive to small singular values (Rudelson & Vershynin 2007)."""
    xp, A = checked(A, "A", 2)
    s = xp.linalg.svdvals(A)
    if s[0] == 0:
        raise ValueError("A is the zero matrix; its stable rank 0/0 is not defined: give a matrix that is not zero.")
    return xp.sum((s / s[0]) ** 2)


def convolution(weight: Num[Any, "out in *kernel"], size: int | tuple[int, ...]) -> Inexact[Any, " k"]:
    """All singular values, descending, of a convolution layer with periodic padding and stride 1.

    Fourier turns the layer into one small (out × in) matrix per frequency; the values of those matrices together are
    the layer's (Sedghi, Gupta & Long 2019). `weight` is (out, in, k) or (out, in, kh, kw) as in torch, `size` the
    length or (height, width) of the picture, in pixels: at least the kernel's, else ValueError. For the layer's
    spectral norm take the first.
    """
    xp, weight = checked(weight, "weight", (3, 4))
    kernel = tuple(weight.shape[2:])
    size = tuple(size) if isinstance(size, (tuple, list)) else (size,) * len(kernel)
    if len(size) != len(kernel):
        raise ValueError(f"size is {size} for a kernel {kernel}; one length per kernel dimension is needed.")
    size = tuple(whole(s, "size", k) for s, k in zip(size, kernel, strict=True))
    axes = tuple(range(2, weight.ndim))
    waves = xp.fft.fftn(weight, s=size, axes=axes)  # (out, in, *frequencies)
    matrices = xp.permute_dims(waves, (*axes, 0, 1))
    return xp.flip(xp.sort(xp.reshape(xp.linalg.svdvals(matrices), (-1,))))


def _length(x) -> Any:
    """‖x‖₂, scaled as in `vector` but without its checks."""
    size = abs(x)
    largest = size.max()
    return largest * ((size / largest) ** 2).sum() ** 0.5 if largest > 0 else largest


def _unit(x) -> Any:
    """x/‖x‖, and zero for zero: the zero matrix then has σ = 0 without a special case."""
    length = _length(x)
    return x / length if length > 0 else x
