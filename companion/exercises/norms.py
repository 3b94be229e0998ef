"""Checkers of the chapter on norms."""

from typing import Any

import numpy as np

from companion.exercises._cases import COLUMN_SUMS, CONVOLUTIONS, CROWDED, POWER
from companion.exercises._words import listed
from companion.exercises.answers import ask, compare, number
from companion.exercises.verdict import Wrong, exercise
from companion.matrix import norms

__all__ = ["check_column_sum_norm", "check_convolution_norm", "check_power_iteration"]


@exercise(
    "Your ‖A‖₁ is the largest column sum of absolute values, on every matrix tried.",
    "A column is what A makes of one unit vector. How long is it, in the 1-norm?",
    "Absolute values first, then one sum per column, then the largest of them.",
    "In NumPy, .sum(axis=0) adds down the columns: one value per column remains.",
)
def check_column_sum_norm(student: Any) -> None:
    """student(A) -> ‖A‖₁ = maxⱼ Σᵢ|aᵢⱼ|."""
    for A in COLUMN_SUMS:
        value = number(ask(student, A=A), "‖A‖₁")
        received = f"For {listed({'A': A})} you returned {value:.6g}:"
        otherwise = "that is not the largest column sum of |aᵢⱼ|. Write down the column sums by hand, and compare."
        compare(received, value, norms.matrix(A, "1"), _column_mistakes(A), otherwise)


def _column_mistakes(A: np.ndarray) -> dict[str, Any]:
    size = np.abs(A)
    return {
        "the largest row sum, which is ‖A‖_∞. The 1-norm takes columns: sum along axis 0.": size.sum(1).max(),
        "the largest column sum with its signs. The absolute values are missing.": A.sum(0).max(),
        "the absolute value was taken after the sum; entries have cancelled. Take it first.": np.abs(A.sum(0)).max(),
        "the sum of all |aᵢⱼ|. Sum each column on its own, then take the largest.": size.sum(),
        "the largest entry |aᵢⱼ|. Sum each column first.": size.max(),
        "the 1-norm of the vector of column sums. Absolute values go inside the sum, and the largest sum is wanted, "
        "not their total.": np.abs(A.sum(0)).sum(),
        "the smallest column sum. The norm is the largest.": size.sum(0).min(),
        "the mean of a column, not its sum.": size.mean(0).max(),
        "‖A‖_F, the root of the sum of squares.": np.linalg.norm(A),
        "the spectral norm ‖A‖₂.": np.linalg.norm(A, 2),
    }


@exercise(
    "Your iteration finds σ₁ of square, tall and wide matrices, large and small, from every start.",
    "Which matrix has the right singular vectors of A as its eigenvectors? Iterate with that one.",
    "One step: v ← Aᵀ(Av), then v ← v/‖v‖. The start is random, so that no direction is left out.",
    "After the last step v is nearly the first right singular vector, and so ‖Av‖ is nearly σ₁.",
)
def check_power_iteration(student: Any) -> None:
    """student(A, steps, rng) -> σ₁ of A, estimated from a random start by `steps` steps. rng is a NumPy Generator."""
    lost = "v is not divided by its length in every step, so it overflows or shrinks to zero"
    for seed, (A, steps) in enumerate(POWER):
        value = number(ask(student, A=A, steps=steps, rng=np.random.default_rng(seed)), "σ₁", if_not_finite=lost)
        s = np.linalg.svd(A, compute_uv=False)
        below = "it is below σ₁, which so many steps must reach. Likely cause: `return` stands inside the loop."
        above = "it is not σ₁. The estimate is ‖Av‖ for the last v, of length 1."
        far = f"far from σ₁. Likely cause: {lost}."
        otherwise = far if value > 10 * s[0] ** 2 or value == 0 else below if 0 < value < s[0] else above
        received = f"For {listed({'A': A, 'steps': steps})} you returned {value:.6g}:"
        compare(received, value, s[0], _power_mistakes(A, s), otherwise)
    value = number(ask(student, A=CROWDED, steps=1, rng=np.random.default_rng(0)), "σ₁", if_not_finite=lost)
    if abs(value - np.linalg.norm(CROWDED, 2)) < 1e-9:
        raise Wrong(
            "After a single step you returned σ₁ in all its digits, which one step cannot give. "
            "Likely cause: your function does not use `steps`."
        )


def _power_mistakes(A: np.ndarray, s: np.ndarray) -> dict[str, Any]:
    radius = np.abs(np.linalg.eigvals(A)).max() if A.shape[0] == A.shape[1] else np.nan
    return {
        "that is σ₁². The eigenvalue of AᵀA is the square of σ₁: the root is missing.": s[0] ** 2,
        "the largest |eigenvalue| of A. Only A was applied: multiply by Aᵀ as well, in every step.": radius,
        "‖A‖_F, which all singular values enter. Wanted is the largest alone.": np.linalg.norm(s),
        "that is σ₂. Likely cause: a fixed start, here orthogonal to the vector sought. Draw it from rng.": s[1],
        "that is the length of v after it was normalized. Measure Av instead.": 1.0,
    }


@exercise(
    "Your norm is the layer's, for every kernel and size tried.",
    "Fourier turns a convolution into multiplication: what is left of the layer at one frequency?",
    "At each of the n × n frequencies there is one out × in matrix. Its 2-norm is what the layer does there.",
    "np.fft.fft2(weight, s=(n, n)) pads with zeros and transforms the last two axes. Bring those axes to the front, "
    "then take np.linalg.norm(…, 2) over the channel axes, and the largest.",
)
def check_convolution_norm(student: Any) -> None:
    """student(weight, n) -> ‖layer‖₂ on n × n pictures with periodic edges; weight is (out, in, kh, kw)."""
    for weight, n in CONVOLUTIONS:
        value = number(ask(student, weight=weight, n=n), "the layer's norm")
        received = f"For {listed({'weight': weight, 'n': n})} you returned {value:.6g}:"
        truth = norms.convolution(weight, n)[0]
        size = "small" if value < truth else "large"
        otherwise = f"too {size}. Try a 1 × 1 kernel: its layer has the norm of the matrix weight[:, :, 0, 0]."
        compare(received, value, truth, _convolution_mistakes(weight, n), otherwise)


def _convolution_mistakes(weight: np.ndarray, n: int) -> dict[str, Any]:
    flat = weight.reshape(weight.shape[0], -1)
    waves = np.fft.fft2(weight, s=(n, n))
    at = np.moveaxis(waves, (0, 1), (-2, -1))  # (n, n, out, in)
    tops = _largest(at)
    return {
        "the norm of the kernel flattened to out × (in·kh·kw). Overlapping windows are forgotten.": _largest(flat),
        "the norm at frequency zero alone (the kernel's sum). Other frequencies can be larger.": tops[0, 0],
        "the transform has the kernel's size. Pad to the picture: fft2(weight, s=(n, n)).":
            _largest(np.moveaxis(np.fft.fft2(weight), (0, 1), (-2, -1))).max(),
        "the Frobenius norm at each frequency. Use the 2-norm: norm(…, 2).": np.linalg.norm(at, axis=(-2, -1)).max(),
        "the sum over the frequencies. The layer treats each on its own: take the largest.": tops.sum(),
        "the mean over the frequencies. Take the largest.": tops.mean(),
        "the square of the norm: a root is missing.": tops.max() ** 2,
        "the n × n frequencies were taken as the matrix. The matrix at a frequency is out × in: move the channel axes "
        "to the end.": _largest(waves).max(),
        "channels and frequencies are mixed up: reshape keeps the order of entries, so move the axes first.":
            _largest(waves.reshape(n, n, *weight.shape[:2])).max(),
        "the largest single |entry| of the transform. Channels add up: take each out × in matrix's 2-norm.":
            np.abs(waves).max(),
        "only the real part of the transform entered. Keep it complex.": _largest(at.real).max(),
        "the Frobenius norm of the whole layer. Wanted is its largest singular value.": n * np.linalg.norm(weight),
    }  # fmt: skip


def _largest(matrices: np.ndarray) -> Any:
    return np.linalg.svd(matrices, compute_uv=False)[..., 0]
