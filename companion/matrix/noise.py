"""Which singular values are signal, and which does noise alone produce? (Gavish & Donoho 2014)"""

import numpy as np

from companion._array import Vector, checked, positive


def optimal_threshold(s: Vector, shape: tuple[int, int], *, noise: float | None = None) -> float:
    """The threshold τ above which to keep singular values of A = signal + white noise, so that the error is least.

    `s` are all min(m, n) singular values of A and `shape` is (m, n). With β = short/long side: τ = λ(β)·√long·noise
    when the standard deviation `noise` of one entry is known (eq. 11), and λ(β)/√μ(β)·median(s) when it is not, where
    μ(β) is the median of the Marchenko–Pastur law. For square matrices λ = 4/√3. It supposes a signal of low rank and
    noise that is independent from entry to entry: clean pictures are neither.
    """
    xp, s = checked(s, "s", 1)
    if len(shape) != 2 or s.shape[0] != min(shape):
        raise ValueError(f"s has {s.shape[0]} entries for the shape {shape}; give (m, n) and all min(m, n) values.")
    short, long = sorted(shape)
    beta = short / long
    if noise is not None:
        return _lambda(beta) * long**0.5 * positive(noise, "noise")
    ordered = xp.sort(s)
    median = float(ordered[(short - 1) // 2] + ordered[short // 2]) / 2
    return _lambda(beta) / _marchenko_pastur_median(beta) ** 0.5 * median


def _lambda(beta: float) -> float:
    return float(np.sqrt(2 * (beta + 1) + 8 * beta / (beta + 1 + np.sqrt(beta**2 + 14 * beta + 1))))


def _marchenko_pastur_median(beta: float) -> float:
    """The median of the eigenvalues of a sample covariance of pure noise, as both sides grow with ratio β."""
    from scipy.integrate import quad  # imported here: together they take longer to load than the rest of the package
    from scipy.optimize import brentq

    low, high = (1 - beta**0.5) ** 2, (1 + beta**0.5) ** 2

    def below(x: float) -> float:
        # t = low + (x − low) sin²φ takes away the square-root ends, so that quadrature is exact to 1e-8
        def density(phi: float) -> float:
            t = low + (x - low) * np.sin(phi) ** 2
            return np.sqrt(max((high - t) * (t - low), 0)) / (2 * np.pi * beta * t) * (x - low) * np.sin(2 * phi)

        return quad(density, 0, np.pi / 2)[0] - 0.5

    return brentq(below, low + 1e-12, high)
