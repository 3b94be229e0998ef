"""The Fréchet distance: against SciPy's matrix root, against known Gaussians, and what it does not see."""

import warnings

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from companion.evaluate import fid


def by_sqrtm(real, fake):
    """The formula as it is usually programmed."""
    real, fake = (np.asarray(x, dtype=np.float64) for x in (real, fake))
    S, T = np.cov(real.T), np.cov(fake.T)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scipy.linalg.LinAlgWarning)  # dead features make S T singular
        root = scipy.linalg.sqrtm(S @ T).real
    return np.sum((real.mean(0) - fake.mean(0)) ** 2) + np.trace(S + T - 2 * root)


def cloud(n, d, seed, spread=1.0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) * spread + rng.standard_normal(d)


@given(n=st.integers(12, 60), m=st.integers(12, 60), d=st.integers(2, 10), seed=st.integers(0, 999))
def test_it_is_scipys_formula(library, n, m, d, seed):
    real, fake = cloud(n, d, seed), cloud(m, d, seed + 1)
    ours = fid.frechet(library(real), library(fake))
    assert type(ours) is float
    assert ours == pytest.approx(by_sqrtm(real, fake), rel=1e-6)


def test_in_float32_it_is_that_of_float64(library):
    """A large common mean is where float32 would lose all digits of the covariance."""
    real, fake = ((cloud(300, 20, seed) + 3000).astype(np.float32) for seed in (0, 1))
    assert fid.frechet(library(real), library(fake)) == pytest.approx(by_sqrtm(real, fake), rel=1e-9)


def test_many_features_some_of_them_dead_and_two_alike(library, dtype):
    real, fake = (cloud(400, 64, seed).astype(dtype) for seed in (3, 4))
    for x in (real, fake):
        x[:, 10:30] = 0
        x[:, 40] = x[:, 41]
    ours = fid.frechet(library(real), library(fake))
    assert ours == pytest.approx(by_sqrtm(real, fake), rel=1e-3)


def test_gaussians_whose_distance_is_known(library):
    """Axis by axis (μ − ν)² + (σ − τ)² where covariances commute; the points have these moments exactly."""
    rng = np.random.default_rng(0)
    white = rng.standard_normal((200, 4))
    white = np.linalg.qr(white - white.mean(0))[0] * 199**0.5
    sigma, tau, shift = np.array([1.0, 2, 3, 0.5]), np.array([2.0, 2, 1, 0.1]), np.array([0.0, 1, -2, 3])
    ours = fid.frechet(library(white * sigma), library(white * tau + shift))
    assert ours == pytest.approx(np.sum(shift**2) + np.sum((sigma - tau) ** 2), rel=1e-10)


def test_it_is_symmetric_never_negative_and_zero_for_the_same_rows(library, dtype):
    real, fake = (library(cloud(80, 12, seed).astype(dtype)) for seed in (0, 1))
    assert fid.frechet(real, fake) == pytest.approx(fid.frechet(fake, real), rel=1e-9)
    assert 0 <= fid.frechet(real, real) < 1e-9 * fid.frechet(real, fake)


def test_it_grows_with_the_square_of_the_unit_and_does_not_notice_rotations_and_shifts_of_both(library):
    real, fake = cloud(90, 6, 0), cloud(70, 6, 1)
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((6, 6)))[0]
    value = fid.frechet(library(real), library(fake))
    assert fid.frechet(library(5 * real), library(5 * fake)) == pytest.approx(25 * value)
    assert fid.frechet(library(real @ turn + 7), library(fake @ turn + 7)) == pytest.approx(value)


def test_both_covariances_are_unbiased():
    """With n instead of n − 1 on one side, a set would be at a distance from itself written twice."""
    x = cloud(30, 3, 0)
    twice = np.concatenate([x, x])
    S, shrink = np.cov(x.T), (29 / 30) * (60 / 59)
    expected = np.trace(S) * (1 - shrink**0.5) ** 2
    assert fid.frechet(x, twice) == pytest.approx(expected, rel=1e-6)


def test_equal_moments_are_all_it_asks_for(library):
    """A ring and a blob with the same mean and covariance: 0, though no point of one is near the other's centre."""
    angle = 2 * np.pi * np.arange(1000) / 1000
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    blob = np.random.default_rng(0).standard_normal((1000, 2))
    blob -= blob.mean(0)
    blob = blob @ np.linalg.inv(np.linalg.cholesky(np.cov(blob.T))).T @ np.linalg.cholesky(np.cov(ring.T)).T
    assert fid.frechet(library(ring), library(blob)) < 1e-12


def test_for_equal_distributions_it_falls_like_one_over_n():
    rng = np.random.default_rng(0)
    small, large = (np.mean([fid.frechet(*rng.standard_normal((2, n, 20))) for _ in range(10)]) for n in (200, 800))
    assert small / large == pytest.approx(4, rel=0.15)


@pytest.mark.parametrize(("n", "m", "who"), [(5, 40, "real"), (40, 5, "fake"), (6, 40, None)])
def test_more_rows_than_features_are_needed(library, n, m, who):
    real, fake = library(cloud(n, 5, 0)), library(cloud(m, 5, 1))
    if who is None:
        assert fid.frechet(real, fake) > 0
        return
    with pytest.raises(ValueError, match=f"{who} has 5 rows of 5 features.*give at least 6"):
        fid.frechet(real, fake)
