"""The checkers of the chapter on norms: right answers pass, each wrong one is told its own mistake."""

import checkers
import numpy as np
import pytest

from companion.exercises import norms
from companion.matrix.norms import convolution


def unit(v):
    return v / np.linalg.norm(v)


def largest(matrices, kind=2):
    return np.linalg.norm(matrices, kind, axis=(-2, -1)).max()


def at_frequencies(weight, n):
    return np.moveaxis(np.fft.fft2(weight, s=(n, n)), (0, 1), (-2, -1))


# --- right -----------------------------------------------------------------------------------------------------------


def column_sum_by_loops(A):
    best = 0.0
    for j in range(A.shape[1]):
        best = max(best, sum(abs(A[i, j]) for i in range(A.shape[0])))
    return best


def column_sum_in_torch(A):
    torch = pytest.importorskip("torch")
    return torch.as_tensor(A, dtype=torch.float32).abs().sum(0).max()


def power_two_products(A, steps, rng):
    v = rng.standard_normal(A.shape[1])
    for _ in range(steps):
        u = unit(A @ v)
        v = unit(A.T @ u)
    return np.linalg.norm(A @ v)


def power_gram_and_rayleigh(A, steps, rng):
    G, v = A.T @ A, rng.random((A.shape[1], 1))
    for _ in range(steps):
        v = G @ v
        v /= np.abs(v).max()
    return float(np.sqrt((v.T @ G @ v) / (v.T @ v)).item())


def power_from_the_left(A, steps, rng):
    u = rng.normal(size=A.shape[0])
    for _ in range(steps):
        w = A.T @ u
        sigma = np.linalg.norm(w) / np.linalg.norm(u)
        u = unit(A @ w)
    return np.array(sigma)


def convolution_by_fourier(weight, n):
    return max(np.linalg.norm(np.fft.fft2(weight, s=(n, n))[:, :, i, j], 2) for i in range(n) for j in range(n))


def convolution_written_out(weight, n):
    outs, ins, height, width = weight.shape
    layer = np.zeros((outs, n, n, ins, n, n))
    for o, i, a, b, y, x in np.ndindex(outs, ins, height, width, n, n):
        layer[o, y, x, i, (y + a) % n, (x + b) % n] += weight[o, i, a, b]
    return np.linalg.norm(layer.reshape(outs * n * n, -1), 2)


def convolution_transposed(weight, n):
    return largest(at_frequencies(np.swapaxes(weight, 0, 1)[:, :, ::-1, ::-1], n))


RIGHT = {
    "check_column_sum_norm": [
        column_sum_by_loops, column_sum_in_torch, lambda A: np.linalg.norm(A, 1), lambda A: max(np.abs(A).sum(0))],
    "check_power_iteration": [power_two_products, power_gram_and_rayleigh, power_from_the_left],
    "check_convolution_norm": [convolution_by_fourier, convolution_written_out, convolution_transposed,
                               lambda weight, n: convolution(weight, n)[0]],
}  # fmt: skip


# --- wrong -----------------------------------------------------------------------------------------------------------


def power(product, result, *, start=None, step=unit):
    """A wrong power iteration: its product, what it returns, its start, what follows each product."""

    def student(A, steps, rng):
        v = rng.standard_normal(A.shape[1]) if start is None else start(A.shape[1])
        for _ in range(steps):
            v = step(product(A, v))
        return result(A, v)

    return student


def gram(A, v):
    return A.T @ (A @ v)


def stretch(A, v):
    return np.linalg.norm(A @ v)


def as_is(v):
    return v


def power_returns_early(A, steps, rng):
    v = rng.standard_normal(A.shape[1])
    for _ in range(steps):
        v = unit(gram(A, v))
        return stretch(A, v)


def power_wrong_length(A, steps, rng):
    u = unit(A @ rng.standard_normal(A.shape[0]))
    return power_two_products(A, steps, np.random.default_rng(u.size))


def first_axis(n):
    return np.eye(n)[0]


WRONG = {
    "check_column_sum_norm": {
        "largest row sum, which is ‖A‖_∞": lambda A: np.abs(A).sum(axis=1).max(),
        "sum with its signs. The absolute values are missing": lambda A: A.sum(0).max(),
        "absolute value was taken after the sum": lambda A: np.abs(A.sum(0)).max(),
        "the sum of all |aᵢⱼ|": lambda A: np.abs(A).sum(),
        "the largest entry": lambda A: np.abs(A).max(),
        "1-norm of the vector of column sums": lambda A: np.abs(A.sum(0)).sum(),
        "the smallest column sum": lambda A: np.abs(A).sum(0).min(),
        "the mean of a column": lambda A: np.abs(A).mean(0).max(),
        "‖A‖_F": np.linalg.norm,
        "the spectral norm": lambda A: np.linalg.norm(A, 2),
        "Write down the column sums by hand": lambda A: 123,
        "You returned a vector of length 3; ‖A‖₁ must be one number": lambda A: np.abs(A).sum(0),
        "You returned a 1 × 1 matrix": lambda A: np.array([[np.linalg.norm(A, 1)]]),
        "You returned NaN": lambda A: np.nan,
    },
    "check_power_iteration": {
        "that is σ₁². The eigenvalue of AᵀA": power(gram, lambda A, v: v @ gram(A, v)),
        "Only A was applied: multiply by Aᵀ": power(lambda A, v: A @ v, stretch),
        "(nan); σ₁ must be finite. Likely cause: v is not divided by its length": power(
            gram, lambda A, v: stretch(A, v) / np.linalg.norm(v), step=as_is),
        "far from σ₁. Likely cause: v is not divided": power(gram, stretch, step=as_is),
        "‖A‖_F, which all singular values enter": lambda A, steps, rng: np.linalg.norm(A),
        "that is σ₂. Likely cause: a fixed start": power(gram, stretch, start=np.ones),
        "that is the length of v": power(gram, lambda A, v: np.linalg.norm(v)),
        "`return` stands inside the loop": power_returns_early,
        "it is not σ₁. The estimate is ‖Av‖": lambda A, steps, rng: 1.5 * np.linalg.norm(A),
        "does not use `steps`": lambda A, steps, rng: np.linalg.norm(A, 2),
        "You returned a vector of length 3": power(gram, lambda A, v: v),
        # A start with as many entries as A has rows runs on square matrices only.
        "A (8 × 4), steps = 60, rng, your function stopped in the line `u = unit(A @ rng":
            power_wrong_length,
    },
    "check_convolution_norm": {
        "flattened to out ×": lambda weight, n: np.linalg.norm(weight.reshape(len(weight), -1), 2),
        "frequency zero alone": lambda weight, n: np.linalg.norm(weight.sum((2, 3)), 2),
        "the transform has the kernel's size": lambda weight, n: largest(np.fft.fft2(weight).transpose(2, 3, 0, 1)),
        "the Frobenius norm at each frequency": lambda weight, n: largest(at_frequencies(weight, n), "fro"),
        "the sum over the frequencies": lambda weight, n: np.linalg.norm(at_frequencies(weight, n), 2, (2, 3)).sum(),
        "the mean over the frequencies": lambda weight, n: np.linalg.norm(at_frequencies(weight, n), 2, (2, 3)).mean(),
        "the square of the norm": lambda weight, n: largest(at_frequencies(weight, n)) ** 2,
        "frequencies were taken as the matrix": lambda weight, n: largest(np.fft.fft2(weight, s=(n, n))),
        "channels and frequencies are mixed up": lambda weight, n: largest(
            np.fft.fft2(weight, s=(n, n)).reshape(n, n, *weight.shape[:2])),
        "largest single |entry|": lambda weight, n: np.abs(np.fft.fft2(weight, s=(n, n))).max(),
        "only the real part": lambda weight, n: largest(at_frequencies(weight, n).real),
        "the Frobenius norm of the whole layer": lambda weight, n: n * np.linalg.norm(weight),
        "too small. Try a 1 × 1 kernel": lambda weight, n: 0.1,
        "too large. Try a 1 × 1 kernel": lambda weight, n: 1e5,
        "You returned a vector of length 128": lambda weight, n: convolution(weight, n),
    },
}  # fmt: skip


TestCheckers = checkers.of(
    norms, RIGHT, WRONG, calls={"check_column_sum_norm": 5, "check_power_iteration": 6, "check_convolution_norm": 4}
)


def test_first_unit_vector_is_caught_as_a_fixed_start():
    assert "that is σ₂" in norms.check_power_iteration(power(gram, stretch, start=first_axis)).message
