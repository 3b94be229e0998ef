"""range_finder against twins that say what it does and do not mind rounding, and against what it promises."""

import itertools

import array_api_compat
import numpy as np
import pytest

from companion.matrix import subspace, svd

complex_too = pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"], indirect=True)


def halko_4_1(A, size, seed):
    """Q of the QR of AΩ (Halko, Martinsson & Tropp 2011, Algorithm 4.1)."""
    return np.linalg.qr(A @ np.random.default_rng(seed).standard_normal((A.shape[1], size)))[0]


def krylov(A, size, power, seed):
    """Q of the QR of [AΩ, (AAᴴ)AΩ, …] (Musco & Musco 2015, Algorithm 2), with nothing done against rounding."""
    blocks = [A @ np.random.default_rng(seed).standard_normal((A.shape[1], size))]
    for _ in range(power):
        blocks.append(A @ (A.T @ blocks[-1]))
    return np.linalg.qr(np.hstack([block / np.linalg.norm(block) for block in blocks]))[0]


@complex_too
@pytest.mark.parametrize("power", [0, 1, 3])
def test_range_finder_is_orthonormal_whatever_the_matrix(A, power, library, dtype, tol):
    for size in {1, min(A.shape)}:
        Q = library.numpy(svd.range_finder(library(A), size, power=power, rng=0))
        assert Q.shape == (len(A), min(len(A), (power + 1) * size))
        assert Q.dtype == A.dtype
        np.testing.assert_allclose(Q.conj().T @ Q, np.eye(Q.shape[1]), atol=tol)


@complex_too
@pytest.mark.parametrize("decay", [0.9, 0.5, 0.1])
def test_range_finder_is_orthonormal_however_fast_the_spectrum_falls(decay, library, dtype, tol, with_spectrum):
    A = with_spectrum(decay ** np.arange(40), 200, 40, dtype)
    for power in (0, 2):
        Q = library.numpy(svd.range_finder(library(A), 12, power=power, rng=1))
        np.testing.assert_allclose(Q.conj().T @ Q, np.eye(Q.shape[1]), atol=tol)


def test_power_zero_spans_what_halko_martinsson_tropp_4_1_spans(library, random_matrix):
    A = random_matrix(20, 15)
    Q, twin = library.numpy(svd.range_finder(library(A), 4, power=0, rng=3)), halko_4_1(A, 4, 3)
    np.testing.assert_allclose(Q @ Q.T, twin @ twin.T, atol=1e-12)


@pytest.mark.parametrize("power", [1, 2])
def test_range_finder_spans_the_krylov_space(power, library, random_matrix):
    A = random_matrix(30, 25)
    Q, twin = library.numpy(svd.range_finder(library(A), 4, power=power, rng=3)), krylov(A, 4, power, 3)
    assert Q.shape == twin.shape
    np.testing.assert_allclose(Q @ Q.T, twin @ twin.T, atol=1e-9)


@complex_too
def test_more_power_never_misses_more_since_the_spaces_are_nested(library, dtype, tol, random_matrix):
    A, missed = random_matrix(40, 30, dtype), []
    for power in range(5):
        Q = library.numpy(svd.range_finder(library(A), 5, power=power, rng=0))
        missed.append(np.linalg.norm(A - Q @ (Q.conj().T @ A)))
    assert all(b < a for a, b in itertools.pairwise(missed))


def test_later_blocks_do_not_turn_towards_the_first_singular_vectors(library, with_spectrum):
    s = 0.5 ** np.arange(40)
    for seed in range(3):
        A = with_spectrum(s, 100, 70, seed=2 * seed)
        Q = library.numpy(svd.range_finder(library(A), 4, power=5, rng=seed))
        assert np.linalg.norm(A - Q @ (Q.T @ A), 2) < 50 * s[24]  # 24 columns; 100s to 1000s if rounding had its way


@complex_too
def test_range_finder_holds_all_of_a_matrix_of_smaller_rank(library, dtype, tol, random_matrix):
    A = random_matrix(50, 3, dtype) @ random_matrix(3, 20, dtype, seed=1)
    for size in (3, 4, 20):
        Q = library.numpy(svd.range_finder(library(A), size, power=2, rng=0))
        np.testing.assert_allclose(Q.conj().T @ Q, np.eye(Q.shape[1]), atol=tol)
        np.testing.assert_allclose(Q @ (Q.conj().T @ A), A, atol=10 * tol * np.linalg.norm(A))


@complex_too
@pytest.mark.parametrize("condition", [1, 1e2, 1e6, 1e12, 1e20])
def test_whitening_spans_what_householder_spans(condition, library, dtype, tol, with_spectrum):
    Y = with_spectrum(np.geomspace(1, 1 / condition, 5), 40, 5, dtype)
    Q = library.numpy(subspace.orthonormal(array_api_compat.array_namespace(library(Y)), library(Y)))
    np.testing.assert_allclose(Q.conj().T @ Q, np.eye(5), atol=tol / 10)
    twin = np.linalg.qr(Y)[0]
    if condition < 1e-2 / np.finfo(dtype).eps:
        np.testing.assert_allclose(Q @ Q.conj().T, twin @ twin.conj().T, atol=tol * condition)


def test_the_range_finder_of_the_chapter_on_svd_is_this_one():
    assert svd.range_finder is subspace.range_finder
