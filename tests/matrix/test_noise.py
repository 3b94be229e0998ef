"""optimal_threshold against the figures of Gavish & Donoho (2014), and on matrices whose signal is known."""

import numpy as np
import pytest

from companion.matrix import svd
from companion.matrix.noise import optimal_threshold


@pytest.mark.parametrize(
    ("shape", "known"), [((100, 100), 4 / 3**0.5), ((50, 100), 1.9786), ((10, 100), 1.5816), ((1, 10**6), 2**0.5)]
)
def test_the_threshold_for_known_noise_is_the_papers(shape, known, library):
    for s in (np.zeros(min(shape)), np.ones(min(shape))):  # whatever the singular values are
        tau = optimal_threshold(library(s), shape, noise=0.7)
        assert tau == pytest.approx(known * max(shape) ** 0.5 * 0.7, rel=2e-3 if min(shape) == 1 else 4e-5)


@pytest.mark.parametrize(("shape", "omega"), [((100, 100), 2.8584), ((50, 100), 2.1712), ((10, 100), 1.6088)])
def test_the_threshold_for_unknown_noise_is_a_multiple_of_the_median(shape, omega, library):
    s = np.arange(min(shape), 0.0, -1)
    assert optimal_threshold(library(s), shape) == pytest.approx(omega * np.median(s), rel=3e-5)


def test_the_median_of_an_odd_number_of_values_is_the_middle_one(library):
    s = library(np.array([9.0, 2.0, 1.0]))
    assert optimal_threshold(s, (3, 3)) == pytest.approx(2 * 2.8584, rel=3e-5)
    assert optimal_threshold(library(np.array([1.0, 9.0, 2.0])), (3, 3)) == pytest.approx(2 * 2.8584, rel=3e-5)


def test_the_papers_polynomial_is_near(library):
    for beta in (0.02, 0.1, 0.3, 0.6, 1):
        polynomial = 0.56 * beta**3 - 0.95 * beta**2 + 1.82 * beta + 1.43
        exact = optimal_threshold(library(np.ones(round(100 * beta))), (round(100 * beta), 100))
        assert exact == pytest.approx(polynomial, abs=0.012)


def test_the_threshold_is_the_same_for_the_transposed_matrix(library):
    s = library(np.linspace(3, 1, 20))
    for noise in (None, 0.3):
        assert optimal_threshold(s, (20, 70), noise=noise) == optimal_threshold(s, (70, 20), noise=noise)


@pytest.mark.parametrize("noise", [None, 0.7])
@pytest.mark.parametrize(("m", "n"), [(200, 200), (100, 400), (400, 100)])
def test_just_the_eight_directions_of_signal_are_kept(m, n, noise, library, dtype, with_spectrum, random_matrix):
    signal = with_spectrum(np.linspace(60, 40, 8), m, n)
    A = (signal + 0.7 * random_matrix(m, n, seed=2)).astype(dtype)
    factors = svd.exact(library(A))
    kept = int((factors.s > optimal_threshold(factors.s, (m, n), noise=noise)).sum())
    misses = [np.linalg.norm(library.numpy(factors.truncate(r).reconstruct()) - signal) for r in range(1, 13)]
    assert kept == 8 == 1 + np.argmin(misses)


def test_the_threshold_lies_above_the_edge_of_noise(library):
    for m, n in ((100, 100), (20, 100), (3, 100)):
        assert optimal_threshold(library(np.ones(m)), (m, n), noise=1.0) > m**0.5 + n**0.5


def test_the_threshold_is_a_plain_number_in_the_unit_of_the_entries(library, dtype):
    s = np.linspace(5, 1, 30).astype(dtype)
    tau = optimal_threshold(library(s), (30, 40))
    assert type(tau) is float
    assert optimal_threshold(library(255 * s), (30, 40)) == pytest.approx(255 * tau, rel=1e-5)
