"""svd against NumPy, SciPy and scikit-learn, and against what defines the factors. Their matrices are in conftest."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg
from hypothesis import assume, given
from hypothesis import strategies as st
from known import ENERGY, RANKS, SPECTRUM
from sklearn.decomposition import PCA
from sklearn.utils.extmath import randomized_svd

from companion.matrix import norms, svd

complex_too = pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"], indirect=True)
entries = st.floats(-100, 100).map(lambda x: round(x, 3))
matrices = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6), elements=entries)


def assert_is_svd(factors, library, tol):
    """Orthonormal columns in U, orthonormal rows in Vh, s real, descending and not negative."""
    U, s, Vh = map(library.numpy, factors)
    np.testing.assert_allclose(U.conj().T @ U, np.eye(len(s)), atol=tol)
    np.testing.assert_allclose(Vh @ Vh.conj().T, np.eye(len(s)), atol=tol)
    assert (s >= 0).all()
    assert (np.diff(s) <= tol * s[0]).all()
    assert U.dtype == Vh.dtype
    assert s.dtype == U.real.dtype


def error(A, factors, ord=2):
    """‖A − U diag(s) Vh‖, in double precision."""
    U, s, Vh = (np.asarray(x.cpu() if hasattr(x, "cpu") else x) for x in factors)
    return np.linalg.norm(A - (U.astype(np.result_type(U, float)) * s) @ Vh, ord)


# --- exact ---


@complex_too
def test_exact_is_orthonormal_and_gives_the_matrix_back(A, library, dtype, tol):
    factors = svd.exact(library(A))
    m, n = A.shape
    assert [tuple(x.shape) for x in factors] == [(m, min(m, n)), (min(m, n),), (min(m, n), n)]
    assert_is_svd(factors, library, tol)
    largest = np.linalg.norm(A, 2)
    np.testing.assert_allclose(library.numpy(factors.reconstruct()), A, atol=tol * largest)
    np.testing.assert_allclose(library.numpy(factors.s), np.linalg.svd(A, compute_uv=False), atol=tol * largest)


@complex_too
def test_signs_are_the_same_on_every_library_and_for_every_order_of_the_rows(library, dtype, tol, with_spectrum):
    A, order = with_spectrum([5, 3, 2, 1], 7, 4, dtype), np.random.default_rng(0).permutation(7)
    U, _, Vh = svd.exact(A)
    ours = svd.exact(library(A))
    permuted = svd.exact(library(A[order]))
    np.testing.assert_allclose(library.numpy(ours.U), U, atol=tol)
    np.testing.assert_allclose(library.numpy(ours.Vh), Vh, atol=tol)
    np.testing.assert_allclose(library.numpy(permuted.Vh), Vh, atol=tol)
    np.testing.assert_allclose(library.numpy(permuted.U), U[order], atol=tol)


@complex_too
def test_all_routes_give_the_same_signs(library, dtype, tol, with_spectrum):
    for m, n in ((30, 12), (12, 30)):
        A = library(with_spectrum([5, 3, 2, 1], m, n, dtype))
        expected = svd.exact(A).truncate(3)
        for factors in (svd.gram(A, 3), svd.randomized(A, 3, rng=0)):
            for ours, theirs in zip(factors, expected, strict=True):
                np.testing.assert_allclose(library.numpy(ours), library.numpy(theirs), atol=10 * tol)


@complex_too
def test_the_first_entry_near_the_largest_of_each_right_vector_is_positive(A, library, dtype):
    for row in library.numpy(svd.exact(library(A)).Vh):
        first = row[np.abs(row) >= 0.999 * np.abs(row).max()][0]
        assert first.real > 0
        assert abs(first.imag) <= 1e-6


def test_a_tie_between_largest_entries_is_broken_by_position_not_by_rounding(library):
    for nudge in (-1e-9, 0, 1e-9):
        Vh = svd.exact(library(np.array([[1, -1 + nudge]]))).Vh
        np.testing.assert_allclose(library.numpy(Vh), [[0.5**0.5, -(0.5**0.5)]], atol=1e-8)
        Vh = svd.exact(library(np.array([[-1, 1 + nudge]]))).Vh
        np.testing.assert_allclose(library.numpy(Vh), [[0.5**0.5, -(0.5**0.5)]], atol=1e-8)


# --- truncation: Eckart & Young ---


@complex_too
def test_truncation_misses_by_exactly_the_singular_values_left_out(A, library, dtype, tol):
    s = np.linalg.svd(A.astype(np.result_type(A, float)), compute_uv=False)
    for rank in range(1, len(s) + 1):
        kept = svd.exact(library(A)).truncate(rank)
        rest = s[rank:] if rank < len(s) else np.zeros(1)
        assert [tuple(x.shape) for x in kept] == [(len(A), rank), (rank,), (rank, A.shape[1])]
        assert error(A, kept, 2) == pytest.approx(rest[0], abs=tol * s[0])
        assert error(A, kept, "fro") == pytest.approx((rest**2).sum() ** 0.5, abs=tol * s[0])
        assert error(A, kept, "nuc") == pytest.approx(rest.sum(), abs=5 * tol * s[0])


@given(A=matrices, seed=st.integers(0, 2**32 - 1), nudge=st.sampled_from([1e-3, 0.1, 10]))
def test_no_other_matrix_of_that_rank_is_nearer(A, seed, nudge):
    rank, rng = 1 + seed % (min(A.shape) - 1), np.random.default_rng(seed)
    best = svd.exact(A).truncate(rank)
    basis = best.U * best.s + nudge * np.abs(A).max() * rng.standard_normal(best.U.shape)  # near the best one, or far
    rival = basis @ np.linalg.pinv(basis) @ A
    assert np.linalg.matrix_rank(rival) <= rank
    for ord in (2, "fro", "nuc"):
        assert error(A, best, ord) <= np.linalg.norm(A - rival, ord) + 1e-10 * np.abs(A).max()


@given(A=matrices)
def test_truncation_errors_are_those_of_the_truncations(library, A):
    assume(A.any())
    factors = svd.exact(library(A))
    direct = [error(A, factors.truncate(r), "fro") / np.linalg.norm(A) for r in range(1, min(A.shape) + 1)]
    ours = library.numpy(svd.truncation_errors(factors.s))
    np.testing.assert_allclose(ours, [1, *direct], atol=1e-7)  # √(1 − energy) would be off by 1e-8 at the end
    assert ours[0] == 1
    assert ours[-1] == 0


def test_truncation_errors_are_right_far_below_rounding_of_the_total(library):
    ours = svd.truncation_errors(library(np.array([1, 1e-6, 1e-10])))
    np.testing.assert_allclose(library.numpy(ours), [1, 1e-6, 1e-10, 0], rtol=1e-6)


def test_truncation_errors_by_hand(library):
    np.testing.assert_allclose(library.numpy(svd.truncation_errors(library(np.array([4, 3])))), [1, 0.6, 0])


# --- gram ---


@complex_too
def test_gram_agrees_with_exact_on_the_leading_part(library, dtype, tol, with_spectrum):
    for m, n in ((40, 8), (8, 40), (8, 8)):
        A = with_spectrum(2.0 ** -np.arange(8), m, n, dtype)
        ours, exact = svd.gram(library(A), 4), svd.exact(library(A)).truncate(4)
        assert_is_svd(ours, library, tol)
        np.testing.assert_allclose(library.numpy(ours.s), library.numpy(exact.s), rtol=tol)
        np.testing.assert_allclose(library.numpy(ours.Vh), library.numpy(exact.Vh), atol=10 * tol)
        assert error(A, ours) == pytest.approx(2.0**-4, rel=10 * tol)


@complex_too
def test_gram_of_every_form_is_an_svd(A, library, dtype, tol):
    factors = svd.gram(library(A), min(A.shape))
    assert_is_svd(factors, library, tol)
    assert error(A, factors) <= tol * np.linalg.norm(A, 2)


def test_gram_loses_what_lies_below_the_root_of_rounding_and_nothing_above(library, dtype, with_spectrum):
    limit = np.finfo(dtype).eps ** 0.5
    s = limit * np.array([1 / limit, 100, 10, *[0.01] * 3, *[0.001] * 20])
    A = library(with_spectrum(s, 60, 26, dtype))
    ours, exact = (np.abs(library.numpy(route.s)[:6] / s[:6] - 1) for route in (svd.gram(A, 6), svd.exact(A)))
    assert (ours[:3] < [1e-3, 1e-3, 0.1]).all()
    assert ours[3:].max() > 0.1
    assert exact.max() < 0.1


# --- randomized ---


@complex_too
@pytest.mark.parametrize(("m", "n"), [(200, 80), (80, 200), (100, 100)])
def test_randomized_is_within_a_thousandth_of_the_best(m, n, library, dtype, tol, with_spectrum):
    s = 1 / np.arange(1, 81)
    A = with_spectrum(s, m, n, dtype)
    for seed in range(2):
        factors = svd.randomized(library(A), 10, rng=seed)
        assert_is_svd(factors, library, tol)
        assert error(A, factors, "fro") <= 1.001 * np.linalg.norm(s[10:])
        assert error(A, factors, 2) <= 1.001 * s[10]


@complex_too
def test_randomized_of_every_form_at_full_rank_is_exact(A, library, dtype, tol):
    factors = svd.randomized(library(A), min(A.shape), rng=0)
    assert_is_svd(factors, library, tol)
    assert error(A, factors) <= 5 * tol * np.linalg.norm(A, 2)


def test_randomized_sees_singular_values_eleven_orders_below_the_first(library, with_spectrum):
    s = 10.0 ** -np.arange(12)
    for m, n in ((100, 60), (60, 100)):
        ours = library.numpy(svd.randomized(library(with_spectrum(s, m, n)), 12, rng=0).s)
        np.testing.assert_allclose(ours, s, rtol=1e-3)


@pytest.mark.parametrize(("m", "n"), [(40, 30), (30, 40)])
def test_a_seed_or_a_generator_fixes_the_result_on_both_libraries(m, n, library, random_matrix):
    A = random_matrix(m, n)
    expected = svd.randomized(A, 3, power=0, rng=5)
    for rng in (5, np.random.default_rng(5)):
        for ours, theirs in zip(svd.randomized(library(A), 3, power=0, rng=rng), expected, strict=True):
            np.testing.assert_allclose(library.numpy(ours), theirs, atol=1e-12)
    for rng in (6, None):
        assert np.abs(library.numpy(svd.randomized(library(A), 3, power=0, rng=rng).s) - expected.s).max() > 1e-6


@complex_too
@pytest.mark.parametrize("form", ["csr_matrix", "csc_array", "coo_array", "coo_matrix"])
def test_sparse_gives_what_dense_gives(form, dtype, tol, random_matrix):
    for m, n in ((40, 25), (25, 40)):
        A = random_matrix(m, n, dtype)
        A[np.abs(A) < 1.5] = 0
        sparse, dense = (svd.randomized(X, 4, rng=0) for X in (getattr(scipy.sparse, form)(A), A))
        np.testing.assert_allclose(sparse.s, dense.s, rtol=10 * tol)
        np.testing.assert_allclose(np.abs(sparse.Vh), np.abs(dense.Vh), atol=1e3 * tol)
        assert error(A, sparse) == pytest.approx(error(A, dense), rel=10 * tol)
        assert type(sparse.U) is np.ndarray


@complex_too
def test_a_wide_matrix_has_the_factors_of_its_adjoint_swapped(library, dtype, tol, with_spectrum):
    A = with_spectrum(2.0 ** -np.arange(10), 40, 10, dtype)
    for route in (lambda X: svd.gram(X, 4), lambda X: svd.randomized(X, 4, oversample=1, power=0, rng=3)):
        tall, wide = route(library(A)), route(library(A.conj().T))
        np.testing.assert_allclose(library.numpy(wide.s), library.numpy(tall.s), rtol=tol)
        swapped = library.numpy(tall.reconstruct()).conj().T
        np.testing.assert_allclose(library.numpy(wide.reconstruct()), swapped, atol=10 * tol)


def test_randomized_agrees_with_scikit_learn_and_scipy(library, with_spectrum):
    A = with_spectrum(1 / np.arange(1, 51), 120, 50)
    U, s, Vh = map(library.numpy, svd.randomized(library(A), 5, power=4, rng=0))
    for U2, s2, Vh2 in (
        randomized_svd(A, 5, n_iter=10, random_state=0),
        scipy.sparse.linalg.svds(A, 5, random_state=0),
    ):
        order = np.argsort(-s2)
        np.testing.assert_allclose(s, s2[order], rtol=1e-6)
        np.testing.assert_allclose(np.abs(np.diag(Vh @ Vh2[order].T)), 1, atol=1e-6)
        np.testing.assert_allclose(np.abs(np.diag(U.T @ U2[:, order])), 1, atol=1e-6)


def test_oversampling_and_power_each_bring_the_result_nearer(random_matrix):
    A = random_matrix(100, 80)
    plain, oversampled, powered = (
        np.mean([error(A, svd.randomized(A, 5, oversample=o, power=q, rng=seed), "fro") for seed in range(5)])
        for o, q in ((0, 0), (20, 0), (0, 2))
    )
    assert oversampled < plain - 0.1
    assert powered < plain - 0.1


def test_randomized_takes_no_more_oversampling_than_there_are_columns(library, random_matrix):
    assert svd.randomized(library(random_matrix(9, 4)), 2, oversample=100, rng=0).s.shape == (2,)


# --- a posteriori error ---


@complex_too
def test_error_bound_exceeds_the_error_but_not_absurdly(library, dtype, tol, with_spectrum):
    A = with_spectrum(1 / np.arange(1, 31), 60, 30, dtype)
    factors = svd.exact(library(A)).truncate(10)
    true = 1 / 11
    bounds = np.array([float(svd.error_bound(library(A), factors, rng=seed)) for seed in range(40)])
    assert (bounds > true).all()
    assert (bounds < 60 * true).all()


def test_a_single_probe_fails_as_rarely_as_lemma_4_1_says(library):
    A = np.diag([2.0, 1.0, 0.0])  # what is left has rank one: the worst case, 7.98 |ω| < 1 in 10 % of the draws
    factors = svd.exact(library(A)).truncate(1)
    failures = sum(float(svd.error_bound(library(A), factors, probes=1, rng=seed)) < 1 for seed in range(400))
    assert 20 <= failures <= 60


def test_error_bound_is_the_formula_of_lemma_4_1(library, random_matrix):
    A = random_matrix(8, 6)
    factors = svd.exact(library(A)).truncate(2)
    omega = np.random.default_rng(3).standard_normal((6, 4))
    missed = (A - library.numpy(factors.reconstruct())) @ omega
    expected = 10 * (2 / np.pi) ** 0.5 * max(np.linalg.norm(column) for column in missed.T)
    assert float(svd.error_bound(library(A), factors, probes=4, rng=3)) == pytest.approx(expected)


def test_error_bound_takes_sparse_matrices(random_matrix):
    A = random_matrix(8, 6)
    factors = svd.randomized(A, 2, rng=0)
    sparse = svd.error_bound(scipy.sparse.csr_array(A), factors, rng=0)
    assert sparse == pytest.approx(svd.error_bound(A, factors, rng=0))


# --- principal components ---


@pytest.mark.parametrize(("m", "n"), [(40, 6), (6, 40), (7, 7)])
def test_pca_agrees_with_scikit_learn(m, n, library, dtype, tol, random_matrix):
    X = (random_matrix(m, n) * 2.0 ** -np.arange(n) + 3).astype(dtype)
    ours, theirs = svd.pca(library(X), 4), PCA(4, svd_solver="full").fit(X)
    mean, components, variances = map(library.numpy, ours)
    np.testing.assert_allclose(mean, theirs.mean_, rtol=tol)
    np.testing.assert_allclose(variances, theirs.explained_variance_, rtol=20 * tol)
    np.testing.assert_allclose(np.abs(np.sum(components * theirs.components_, axis=1)), 1, atol=20 * tol)
    signs = np.sign(np.sum(components * theirs.components_, axis=1))
    codes = library.numpy(ours.encode(library(X)))
    np.testing.assert_allclose(codes * signs, theirs.transform(X), atol=1e3 * tol)
    decoded = library.numpy(ours.decode(library(codes)))
    np.testing.assert_allclose(decoded, theirs.inverse_transform(codes * signs), atol=1e3 * tol)


def test_the_codes_have_the_variances_that_pca_states(library, random_matrix):
    X = library(random_matrix(50, 8) + 5)
    ours = svd.pca(X, 3)
    codes = library.numpy(ours.encode(X))
    np.testing.assert_allclose(codes.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(np.cov(codes.T), np.diag(library.numpy(ours.variances)), atol=1e-10)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"], indirect=True)
def test_complex_pca_at_full_rank_gives_the_rows_back(library, dtype, tol, random_matrix):
    X = library(random_matrix(12, 4, dtype))
    full = svd.pca(X, 4)
    np.testing.assert_allclose(library.numpy(full.decode(full.encode(X))), library.numpy(X), atol=10 * tol)


def test_small_variances_are_not_lost(library):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 6))
    X = np.linalg.qr(X - X.mean(0))[0] * 10.0 ** -np.arange(0, 12, 2) @ np.linalg.qr(rng.standard_normal((6, 6)))[0]
    ours = library.numpy(svd.pca(library(X), 5).variances)
    np.testing.assert_allclose(ours, 10.0 ** -np.arange(0, 20, 4) / 49, rtol=1e-3)


def test_without_centring_the_first_direction_is_the_mean_instead(library, random_matrix):
    X = random_matrix(60, 5) * [3, 1, 1, 1, 1] + [0, 0, 0, 0, 50]
    centred = library.numpy(svd.pca(library(X), 1).components)[0]
    plain = library.numpy(svd.exact(library(X)).Vh)[0]
    assert abs(centred[0]) > 0.9
    assert abs(plain @ X.mean(0)) > 0.99 * np.linalg.norm(X.mean(0))
    assert abs(plain @ centred) < 0.1


def test_identical_rows_have_no_variance(library):
    ours = svd.pca(library(np.ones((4, 3))), 2)
    np.testing.assert_allclose(library.numpy(ours.variances), 0, atol=1e-30)
    np.testing.assert_allclose(library.numpy(ours.decode(ours.encode(library(np.ones((4, 3)))))), 1)


# --- digits of MNIST: figures measured once and for all ---


@pytest.mark.parametrize("kind", SPECTRUM)
def test_mnist_has_its_known_spectrum(kind, mnist_gram):
    known = SPECTRUM[kind]
    gram, mean = mnist_gram
    w, V = np.linalg.eigh(gram - (kind == "centred") * 60000 * np.outer(mean, mean))
    R = np.sqrt(w.clip(0))[:, None] * V.T  # RᵀR = XᵀX, so R has X's singular values, and 77 times fewer rows
    assert norms.matrix(R) == pytest.approx(known["norm"], abs=5e-4)
    assert norms.power_iteration(R, rng=0).sigma == pytest.approx(known["sigma_1"], abs=5e-4)
    assert norms.stable_rank(R) == pytest.approx(known["stable rank"], abs=5e-4)
    s = svd.exact(R).s
    assert (s > 1e-6 * s[0]).sum() == 712
    tail = svd.truncation_errors(s)
    np.testing.assert_allclose(tail[list(RANKS)], known["errors"], atol=5e-6)
    assert [int(np.argmax(1 - tail**2 >= share)) for share in ENERGY] == known["terms"]


def test_randomized_mnist_in_float32_is_within_a_thousandth_of_the_best(mnist):
    X = mnist.astype(np.float32) / 255
    factors = svd.randomized(X, 50, rng=0)
    assert np.linalg.norm(X - factors.reconstruct()) / np.linalg.norm(X) <= 1.001 * 0.32464


@pytest.fixture(params=[1e-30, 1e-22, 1e13, 1e30])
def far_from_one(request, library):
    """(float32 A, its scale, its singular values and right vectors): its squares leave the range of float32."""
    A = np.random.default_rng(0).standard_normal((60, 20))
    A -= A.mean(axis=0)
    _, s, Vh = np.linalg.svd(A)
    return library((A * request.param).astype(np.float32)), s * request.param, Vh


@pytest.mark.parametrize(
    "route",
    [
        lambda A: svd.gram(A, 4),
        lambda A: svd.randomized(A, 4, power=6, rng=0),
        lambda A: svd.randomized(A.T, 4, power=6, rng=0),
    ],
    ids=["gram", "randomized tall", "randomized wide"],
)
def test_squares_that_leave_the_range_of_float32_do_no_harm(route, far_from_one, library):
    A, s, _ = far_from_one
    assert np.allclose(library.numpy(route(A).s), s[:4], rtol=1e-5, atol=0)


def test_components_do_not_depend_on_the_unit_of_the_data(far_from_one, library):
    A, _, Vh = far_from_one
    with np.errstate(over="ignore", under="ignore"):  # the variances themselves may leave the range
        components = library.numpy(svd.pca(A, 2).components)
    assert np.allclose(np.abs(components @ Vh[:2].T), np.eye(2), atol=1e-4)
