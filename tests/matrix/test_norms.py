"""norms against NumPy, SciPy and torch, and against what defines a norm."""

import itertools
import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import scipy.linalg
import scipy.sparse
import torch
from hypothesis import given
from hypothesis import strategies as st

from companion.matrix import norms

KINDS = ("1", "2", "inf", "2inf", "fro", "nuc")
SUBMULTIPLICATIVE = ("1", "2", "inf", "fro", "nuc")
ORD = {"1": 1, "2": 2, "inf": np.inf, "fro": "fro", "nuc": "nuc"}
INDUCED = {"1": (1, 1), "2": (2, 2), "inf": (math.inf, math.inf), "2inf": (2, math.inf)}  # ‖x‖_p = 1, largest ‖Ax‖_q
SPARSE = [getattr(scipy.sparse, f"{form}_{kind}") for form in ("csr", "csc", "coo") for kind in ("matrix", "array")]

complex_too = pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"], indirect=True)
entries = st.floats(-1000, 1000).map(lambda x: round(x, 3))
matrices = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=entries)
pairs = st.tuples(*[st.integers(1, 4)] * 3).flatmap(
    lambda mkn: st.tuples(*(hnp.arrays(np.float64, shape, elements=entries) for shape in (mkn[:2], mkn[1:])))
)


# --- matrix norms ---


@complex_too
def test_matrix_agrees_with_numpy_scipy_and_torch(A, library, dtype, tol):
    for kind, ord in ORD.items():
        ours = library.numpy(norms.matrix(library(A), kind))
        assert ours.dtype == A.real.dtype
        assert ours == pytest.approx(np.linalg.norm(A, ord), rel=tol)
        assert ours == pytest.approx(scipy.linalg.norm(A, ord), rel=tol)
        assert ours == pytest.approx(torch.linalg.matrix_norm(torch.tensor(A), ord).item(), rel=tol)


@complex_too
def test_2inf_is_the_largest_row_norm(A, library, dtype, tol):
    rows = [np.linalg.norm(row) for row in A]
    assert library.numpy(norms.matrix(library(A), "2inf")) == pytest.approx(max(rows), rel=tol)


def test_matrix_is_the_frobenius_norm_unless_told(random_matrix):
    A = random_matrix(4, 3)
    assert norms.matrix(A) == norms.matrix(A, "fro")


@pytest.mark.parametrize(("kind", "by_hand"), [("1", 9), ("inf", 15), ("fro", 91**0.5), ("2inf", 77**0.5)])
def test_norms_of_a_matrix_done_by_hand(kind, by_hand, library):
    A = library([[1, -2, 3], [-4, 5, -6], [0, 0, 0], [0, 0, 0]])
    assert library.numpy(norms.matrix(A, kind)) == pytest.approx(by_hand)


@complex_too
def test_no_unit_vector_is_stretched_further_than_the_norm(A, library, dtype, tol, random_matrix):
    X = random_matrix(A.shape[1], 50, dtype, seed=5)
    for kind, (p, q) in INDUCED.items():
        stretched = np.linalg.norm(A @ X, q, axis=0) / np.linalg.norm(X, p, axis=0)
        assert stretched.max() <= float(norms.matrix(library(A), kind)) * (1 + tol)


@complex_too
def test_one_unit_vector_is_stretched_by_the_norm(A, library, dtype, tol):
    widest, longest = (A[np.argmax(np.linalg.norm(A, p, axis=1))].conj() for p in (1, 2))
    reached_at = {
        "1": np.eye(A.shape[1])[np.argmax(np.linalg.norm(A, 1, axis=0))],
        "2": np.linalg.svd(A)[2][0].conj(),
        "inf": widest / np.where(widest, np.abs(widest), 1),
        "2inf": longest / (np.linalg.norm(longest) or 1),
    }
    for kind, x in reached_at.items():
        p, q = INDUCED[kind]
        assert np.linalg.norm(x, p) == pytest.approx(1, rel=tol) or not A.any()
        assert np.linalg.norm(A @ x, q) == pytest.approx(float(norms.matrix(library(A), kind)), rel=tol)


@given(A=matrices, c=entries)
@pytest.mark.parametrize("kind", KINDS)
def test_norm_axioms_hold(kind, library, A, c):
    size = float(norms.matrix(library(A), kind))
    B = np.roll(A, 1) * 0.7
    assert (size > 0) == bool(A.any())
    assert float(norms.matrix(library(c * A), kind)) == pytest.approx(abs(c) * size)
    assert float(norms.matrix(library(A + B), kind)) <= (size + float(norms.matrix(library(B), kind))) * (1 + 1e-12)


@given(pair=pairs)
@pytest.mark.parametrize("kind", SUBMULTIPLICATIVE)
def test_the_norm_of_a_product_is_at_most_the_product_of_norms(kind, library, pair):
    A, B, AB = (float(norms.matrix(library(X), kind)) for X in (*pair, pair[0] @ pair[1]))
    assert AB <= A * B * (1 + 1e-12) + 1e-9


def test_the_largest_row_norm_is_not_submultiplicative():
    A, B = np.array([[1, 1], [0, 0]]) / 2**0.5, np.array([[1, 0], [1, 0]])
    assert norms.matrix(A @ B, "2inf") > 1.4 * norms.matrix(A, "2inf") * norms.matrix(B, "2inf")


@given(A=matrices)
def test_norm_inequalities_hold(A):
    (m, n), r = A.shape, np.linalg.matrix_rank(A)
    one, two, inf, _, fro, nuc = (float(norms.matrix(A, kind)) for kind in KINDS)
    largest, slack = np.abs(A).max(), 1 + 1e-9
    chains = [
        (two, fro, r**0.5 * two), (fro, nuc, r**0.5 * fro), (two, nuc, r * two),
        (largest, two, (m * n) ** 0.5 * largest),
        (one / m**0.5, two, n**0.5 * one), (inf / n**0.5, two, m**0.5 * inf), (one / m, inf, n * one),
        (one / m**0.5, fro, n**0.5 * one), (inf / n**0.5, fro, m**0.5 * inf), (0, two, (one * inf) ** 0.5),
    ]  # fmt: skip
    for low, middle, high in chains:
        assert low <= middle * slack + 1e-9
        assert middle <= high * slack + 1e-9


@complex_too
def test_rotations_leave_spectral_frobenius_and_nuclear_norm(A, library, dtype, tol, random_matrix):
    U, V = (np.linalg.qr(random_matrix(k, k, dtype, seed=9))[0] for k in A.shape)
    for kind in ("2", "fro", "nuc"):
        rotated = norms.matrix(library(U @ A @ V), kind)
        assert float(rotated) == pytest.approx(float(norms.matrix(library(A), kind)), rel=tol)


def test_rotations_change_the_column_sum_norm():
    rotation = np.array([[1, -1], [1, 1]]) / 2**0.5
    assert norms.matrix(rotation, "1") == pytest.approx(2**0.5 * norms.matrix(np.eye(2), "1"))


# --- vector norms ---


@complex_too
@pytest.mark.parametrize("p", [1, 1.5, 2, 3, 10.0, math.inf])
def test_vector_agrees_with_numpy(p, library, dtype, tol, random_matrix):
    for x in (random_matrix(1, 7, dtype)[0], random_matrix(1, 1, dtype)[0], np.zeros(3, dtype)):
        ours = library.numpy(norms.vector(library(x), p))
        assert ours.dtype == x.real.dtype
        assert ours == pytest.approx(np.linalg.norm(x, p), rel=tol)


@pytest.mark.parametrize("scale", [1e30, 1e-30, 1e-38])
@pytest.mark.parametrize("p", [1, 1.5, 2, 3, math.inf])
def test_vector_neither_overflows_nor_underflows_in_float32(p, scale, library):
    x = np.array([3, -4, 0], np.float32)
    ours = norms.vector(library((x * np.float32(scale)).astype(np.float32)), p)
    assert library.numpy(ours) == pytest.approx(np.linalg.norm(x.astype(float), p) * scale, rel=1e-5)


def test_the_largest_float32_numbers_are_taken_without_a_warning(library):
    assert float(norms.vector(library(np.full(4, 3e38, np.float32)), math.inf)) == pytest.approx(3e38)


@given(x=hnp.arrays(np.float64, st.integers(1, 6), elements=entries))
def test_vector_norms_fall_as_p_grows(library, x):
    sizes = [float(norms.vector(library(x), p)) for p in (1, 1.5, 2, 4, math.inf)]
    assert all(b <= a * (1 + 1e-12) for a, b in itertools.pairwise(sizes))


def test_whole_numbers_count_as_float64(library):
    assert library.numpy(norms.vector(library(np.array([3, 4])))).dtype == np.float64
    assert float(norms.vector(library(np.array([3, 4], np.uint8)))) == 5
    assert float(norms.matrix(library(np.array([[200, 200]], np.uint8)), "inf")) == 400


# --- power iteration ---


@complex_too
def test_power_iteration_finds_the_first_singular_triplet(A, library, dtype, tol):
    sigma, u, v = map(library.numpy, norms.power_iteration(library(A), rng=0))
    first = np.linalg.svd(A.astype(np.result_type(A, float)), compute_uv=False)[0]
    assert sigma == pytest.approx(first, rel=1e-5 if first else 0)
    assert u.dtype == v.dtype == A.dtype
    np.testing.assert_allclose(A @ v, sigma * u, atol=3e-6 * first + 1e-30)
    if first:
        assert np.linalg.norm(u) == pytest.approx(1, rel=tol)
        assert np.linalg.norm(v) == pytest.approx(1, rel=tol)


@complex_too
def test_power_iteration_rises_to_the_norm_from_below(library, dtype, random_matrix):
    A, estimates = random_matrix(12, 8, dtype), []
    v = random_matrix(1, 8, dtype, seed=3)[0]
    v = library(v / np.linalg.norm(v))
    for _ in range(20):
        sigma, _, v = norms.power_step(library(A), v)
        estimates.append(float(sigma))
    slack = 1 + 10 * np.finfo(dtype).eps
    assert all(a <= b * slack for a, b in itertools.pairwise(estimates))
    assert estimates[0] < 0.95 * estimates[-1]
    assert estimates[-1] <= float(norms.matrix(library(A), "2")) * slack


def test_power_step_shrinks_the_vector_error_by_the_ratio_squared_and_the_value_error_by_its_fourth_power(library):
    A, v = library(np.diag([1, 0.9])), library(np.array([0.6, 0.8]))
    value, angle = [], []
    for _ in range(30):
        sigma, _, v = norms.power_step(A, v)
        value.append(1 - float(sigma))
        angle.append(abs(float(v[1])))
    assert value[-1] / value[-2] == pytest.approx(0.9**4, rel=0.01)
    assert angle[-1] / angle[-2] == pytest.approx(0.9**2, rel=0.01)


def test_power_step_is_exact_on_a_matrix_of_rank_one(library):
    sigma, u, v = norms.power_step(library(np.array([[0.0, 0.0], [3.0, 4.0]])), library(np.array([1.0, 0.0])))
    assert float(sigma) == pytest.approx(5)
    np.testing.assert_allclose(library.numpy(u), [0, 1])
    np.testing.assert_allclose(library.numpy(v), [0.6, 0.8])


def test_the_zero_matrix_has_sigma_zero(library, dtype):
    assert float(norms.power_iteration(library(np.zeros((3, 4), dtype)), rng=0).sigma) == 0


@pytest.mark.parametrize("scale", [1e-30, 1e-10, 1e10, 1e30])
def test_power_iteration_does_not_depend_on_the_scale(scale, library, random_matrix):
    A = random_matrix(6, 5, "float32")
    plain, scaled = (norms.power_iteration(library(A * np.float32(c)), rng=0).sigma for c in (1, scale))
    assert float(scaled) / scale == pytest.approx(float(plain), rel=1e-5)


def test_too_few_steps_warn_and_return_the_last_estimate(library):
    A = library(np.diag([1, 0.999]))
    with pytest.warns(RuntimeWarning, match=r"tol=1e-12 in 3 steps: raise max_iter or tol"):
        sigma = float(norms.power_iteration(A, tol=1e-12, max_iter=3, rng=0).sigma)
    assert 0.9 < sigma <= 1


def test_a_smaller_tol_gives_a_better_value():
    A = np.diag([1, 0.95, 0.9])
    rough, fine = (abs(1 - norms.power_iteration(A, tol=tol, rng=0).sigma) for tol in (1e-2, 1e-8))
    assert fine < 1e-12 < rough < 1e-3


def test_one_seed_gives_one_answer_on_both_libraries(library, random_matrix):
    A = random_matrix(6, 4)
    seeded, again = (library.numpy(norms.power_iteration(library(A), rng=7).v) for _ in range(2))
    generator = library.numpy(norms.power_iteration(library(A), rng=np.random.default_rng(7)).v)
    np.testing.assert_array_equal(seeded, again)
    np.testing.assert_array_equal(seeded, generator)
    np.testing.assert_allclose(seeded, norms.power_iteration(A, rng=7).v, atol=1e-10)


def test_a_generator_moves_on(random_matrix):
    rng, A = np.random.default_rng(0), np.diag([1.0, 0.99])
    first, second = (norms.power_iteration(A, tol=0.1, rng=rng).sigma for _ in range(2))
    assert first != second


@complex_too
@pytest.mark.parametrize("form", SPARSE)
def test_power_iteration_takes_sparse_matrices(form, dtype, random_matrix):
    A = random_matrix(9, 6, dtype)
    A[np.abs(A) < 1] = 0
    dense, sparse = norms.power_iteration(A, rng=0), norms.power_iteration(form(A), rng=0)
    assert sparse.sigma == pytest.approx(dense.sigma, rel=1e-5)
    np.testing.assert_allclose(sparse.v, dense.v, atol=1e-4)
    assert sparse.u.dtype == A.dtype


def test_a_sparse_matrix_without_entries_has_sigma_zero():
    assert norms.power_iteration(scipy.sparse.csr_array((3, 4)), rng=0).sigma == 0


# --- condition number and stable rank ---


@complex_too
def test_condition_agrees_with_numpy(library, dtype, tol, random_matrix):
    for m, n in ((6, 4), (4, 6), (5, 5), (1, 3)):
        A = random_matrix(m, n, dtype)
        assert library.numpy(norms.condition(library(A))) == pytest.approx(np.linalg.cond(A), rel=10 * tol)


def test_condition_is_infinite_for_a_singular_matrix(library, dtype):
    for A in (np.diag([1, 0]), np.zeros((3, 2))):
        condition = norms.condition(library(A.astype(dtype)))
        assert library.numpy(condition).dtype == dtype
        assert float(condition) == math.inf


def test_condition_is_one_for_a_rotation_and_ten_for_a_tenfold_stretch(library):
    assert float(norms.condition(library(np.array([[0.6, -0.8], [0.8, 0.6]])))) == pytest.approx(1)
    assert float(norms.condition(library(np.diag([5, 50])))) == pytest.approx(10)


@complex_too
def test_stable_rank_is_the_frobenius_over_the_spectral_norm_squared(A, library, dtype, tol):
    if not A.any():
        pytest.skip("the zero matrix has none")
    stable = library.numpy(norms.stable_rank(library(A)))
    assert stable == pytest.approx((np.linalg.norm(A) / np.linalg.norm(A, 2)) ** 2, rel=tol)
    assert 1 - tol <= stable <= np.linalg.matrix_rank(A) * (1 + tol)


def test_stable_rank_counts_equal_directions_and_forgets_small_ones(library):
    assert float(norms.stable_rank(library(np.eye(5)))) == pytest.approx(5)
    assert float(norms.stable_rank(library(np.ones((4, 3))))) == pytest.approx(1)
    assert float(norms.stable_rank(library(np.diag([1, 1, 1e-6])))) == pytest.approx(2)


def test_stable_rank_does_not_depend_on_the_scale(library, random_matrix):
    A = random_matrix(4, 3, "float32")
    expected = float(norms.stable_rank(library(A)))
    assert float(norms.stable_rank(library(A * np.float32(1e25)))) == pytest.approx(expected, rel=1e-5)


# --- convolutions ---


def dense_convolution(weight, size):
    """The matrix of torch's own periodic convolution, column by column, and slowly."""
    weight, dims = torch.tensor(weight), len(size)
    conv = (torch.nn.functional.conv1d, torch.nn.functional.conv2d)[dims - 1]
    pictures = torch.eye(weight.shape[1] * math.prod(size), dtype=weight.dtype).reshape(-1, weight.shape[1], *size)
    padding = [side for k in reversed(weight.shape[2:]) for side in (0, k - 1)]
    return conv(torch.nn.functional.pad(pictures, padding, mode="circular"), weight).flatten(1).T.numpy()


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"], indirect=True)
@pytest.mark.parametrize(
    ("channels", "kernel", "size"),
    [
        ((1, 1), (3,), (8,)), ((2, 3), (3,), (7,)), ((3, 2), (4,), (4,)), ((2, 2), (1,), (5,)),
        ((1, 1), (3, 3), (6, 6)), ((2, 3), (3, 2), (5, 4)), ((3, 1), (2, 3), (4, 7)), ((2, 2), (5, 5), (5, 5)),
    ],
)  # fmt: skip
def test_convolution_has_the_singular_values_of_its_matrix(channels, kernel, size, library, dtype, tol, random_matrix):
    weight = random_matrix(1, math.prod(channels + kernel), dtype).reshape(channels + kernel)
    ours = library.numpy(norms.convolution(library(weight), size))
    oracle = np.linalg.svd(dense_convolution(weight, size), compute_uv=False)
    assert ours.dtype == weight.real.dtype
    np.testing.assert_allclose(ours, oracle, atol=tol * oracle[0])


def test_one_number_for_size_means_a_square(library, random_matrix):
    weight = library(random_matrix(4, 9).reshape(2, 2, 3, 3))
    square, number = (library.numpy(norms.convolution(weight, size)) for size in ((6, 6), 6))
    np.testing.assert_array_equal(square, number)


@given(weight=hnp.arrays(np.float64, hnp.array_shapes(min_dims=4, max_dims=4, max_side=3), elements=entries))
def test_the_flattened_kernel_is_short_of_the_convolution_by_at_most_the_root_of_the_kernel_area(library, weight):
    flat = float(norms.matrix(library(weight.reshape(len(weight), -1)), "2"))
    layer = float(norms.convolution(library(weight), 5)[0])
    area = weight.shape[2] * weight.shape[3]
    assert flat * (1 - 1e-9) <= layer <= area**0.5 * flat * (1 + 1e-9)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_a_kernel_of_ones_reaches_the_upper_bound(k, library):
    weight = np.ones((1, 1, k, k))  # flattened, its norm is k
    assert float(norms.convolution(library(weight), 6)[0]) == pytest.approx(k * k)
