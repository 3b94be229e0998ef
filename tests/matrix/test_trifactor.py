"""trifactor against the residual written out, autograd, differences, eigenvectors, and what defines a descent."""

import subprocess
import sys
import tracemalloc

import array_api_compat
import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import eigsh

from companion.matrix import svd, trifactor
from companion.matrix.trifactor import automatic, derivatives, descent
from companion.matrix.trifactor import starts as valleys

BIASES = ("scalar", "row", None)
every_bias = pytest.mark.parametrize("bias", BIASES)


def residual(X, W, H, b):
    """What the package never forms."""
    return X - W @ H @ W.T - (b[:, None] if np.ndim(b) else b)


def naive_loss(X, W, H, b):
    return np.sum(residual(X, W, H, b) ** 2)


def naive_gradients(X, W, H, b):
    R = residual(X, W, H, b)
    return -2 * (R @ W @ H.T + R.T @ W @ H), -2 * W.T @ R @ W, -2 * (R.sum(1) if np.ndim(b) else R.sum())


def operands(n=9, d=3, *, row=False, dtype="float64", seed=0):
    """X, W, H, b that have nothing to do with each other."""
    rng = np.random.default_rng(seed)
    b = rng.standard_normal(n) if row else rng.standard_normal()
    parts = rng.standard_normal((n, n)), rng.standard_normal((n, d)), rng.standard_normal((d, d)), np.asarray(b)
    return tuple(x.astype(dtype) for x in parts)


def planted(n, d, *, noise=0.0, level=0.0, symmetric=False, seed=0):
    """W H Wᵀ + level + noise."""
    rng = np.random.default_rng(seed)
    W, H = rng.standard_normal((n, d)), rng.standard_normal((d, d))
    X = W @ (H + H.T if symmetric else H) @ W.T + level + noise * rng.standard_normal((n, n))
    return (X + X.T) / 2 if symmetric else X


def symmetric(eigenvalues, seed=0):
    n = len(eigenvalues)
    Q = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]
    X = (Q * eigenvalues) @ Q.T
    return (X + X.T) / 2


def begin(p, rank, seed=0):
    """A point with no merit of its own."""
    W = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(p.sums), rank)))[0]
    return descent.at(p, p.xp.asarray(W, dtype=p.X.dtype, device=array_api_compat.device(p.X)))


def factors(library, fitted):
    return tuple(library.numpy(x) for x in fitted[:3])


# --- gradients ---


@pytest.mark.parametrize("row", [False, True])
def test_gradients_are_those_of_the_residual_written_out(row, library, dtype, tol):
    given = operands(row=row, dtype=dtype)
    ours = trifactor.gradients(*map(library, given))
    for mine, theirs in zip(ours, naive_gradients(*given), strict=True):
        mine = library.numpy(mine)
        assert mine.dtype == dtype
        np.testing.assert_allclose(mine, theirs, atol=5 * tol * np.abs(theirs).max())


@pytest.mark.parametrize("row", [False, True])
def test_gradients_are_those_of_autograd(row, library):
    given = operands(row=row)
    X, *leaves = (torch.tensor(x) for x in given)
    W, H, b = (x.requires_grad_() for x in leaves)
    ((X - W @ H @ W.T - (b[:, None] if row else b)) ** 2).sum().backward()
    for mine, leaf in zip(trifactor.gradients(*map(library, given)), (W, H, b), strict=True):
        theirs = leaf.grad.numpy()
        np.testing.assert_allclose(library.numpy(mine), theirs, atol=1e-12 * np.abs(theirs).max())


@pytest.mark.parametrize("row", [False, True])
def test_gradients_are_those_of_finite_differences(row, library):
    """In one entry the loss is a polynomial of degree 4 at most: the five-point difference is exact for any step."""
    X, *parameters = operands(5, 2, row=row)
    ours = trifactor.gradients(*map(library, (X, *parameters)))
    for which, mine in enumerate(ours):
        mine, h = library.numpy(mine), 0.5
        for index in np.ndindex(mine.shape):

            def shifted(step, which=which, index=index):
                moved = [x.copy() for x in parameters]
                moved[which][index] += step
                return naive_loss(X, *moved)

            difference = (8 * (shifted(h) - shifted(-h)) - shifted(2 * h) + shifted(-2 * h)) / (12 * h)
            assert mine[index] == pytest.approx(difference, rel=1e-8, abs=1e-8)


def test_gradients_take_a_plain_number_for_b_and_none_at_all(library):
    X, W, H, _ = map(library, operands())
    for b, arguments in ((0.0, (X, W, H)), (0.25, (X, W, H, 0.25)), (3, (X, W, H, 3))):
        for mine, theirs in zip(trifactor.gradients(*arguments), naive_gradients(*operands()[:3], b), strict=True):
            np.testing.assert_allclose(library.numpy(mine), theirs, atol=1e-10)
        assert float(trifactor.loss(*arguments)) == pytest.approx(naive_loss(*operands()[:3], b))


def test_a_plain_number_for_b_keeps_all_its_digits(library):
    X, W, H, _ = operands()
    b = 0.1 + 1e-12
    exact = float(trifactor.loss(*map(library, (X, W, H)), b))
    assert exact == pytest.approx(naive_loss(X, W, H, b), rel=1e-15)


def test_the_gradient_along_the_gauge_is_zero(library):
    """W(I + εB) and H − ε(BH + HBᵀ) have the same product, hence Wᵀ∂W = ∂H Hᵀ + ∂Hᵀ H."""
    X, W, H, b = operands()
    dW, dH, _ = (library.numpy(x) for x in trifactor.gradients(*map(library, (X, W, H, b))))
    np.testing.assert_allclose(W.T @ dW, dH @ H.T + dH.T @ H, atol=1e-10)


def test_symmetric_x_and_h_have_a_symmetric_gradient_and_half_of_it_is_half(library):
    X, W, H, b = operands()
    X, H = X + X.T, H + H.T
    dW, dH, _ = (library.numpy(x) for x in trifactor.gradients(*map(library, (X, W, H, b))))
    np.testing.assert_allclose(dH, dH.T, atol=1e-10)
    np.testing.assert_allclose(dW, -4 * residual(X, W, H, b) @ W @ H, atol=1e-10)


@pytest.mark.parametrize("row", [False, True])
def test_sparse_gives_what_dense_gives(row, dtype, tol):
    X, W, H, b = operands(row=row, dtype=dtype)
    X[np.abs(X) < 1] = 0
    for form in ("csr_array", "csc_matrix", "coo_array"):
        sparse = getattr(scipy.sparse, form)(X)
        for mine, theirs in zip(trifactor.gradients(sparse, W, H, b), trifactor.gradients(X, W, H, b), strict=True):
            assert isinstance(mine, np.ndarray | np.generic)
            np.testing.assert_allclose(mine, theirs, atol=tol * np.abs(theirs).max())
        assert trifactor.loss(sparse, W, H, b) == pytest.approx(trifactor.loss(X, W, H, b), rel=tol)


# --- loss ---


@pytest.mark.parametrize("row", [False, True])
def test_loss_is_the_sum_of_the_squared_residual(row, library, dtype, tol):
    given = operands(row=row, dtype=dtype)
    ours = library.numpy(trifactor.loss(*map(library, given)))
    assert ours.dtype == dtype
    assert ours == pytest.approx(naive_loss(*(x.astype(float) for x in given)), rel=tol)


@pytest.mark.parametrize("size", [1e-2, 1e-4, 1e-6])
def test_loss_is_right_however_close_the_fit(size, library, dtype, tol):
    _, W, H, b = operands(30, 3, row=True)
    noise = np.random.default_rng(1).standard_normal((30, 30))
    X = (W @ H @ W.T + b[:, None] + size * noise).astype(dtype)
    W, H, b = (x.astype(dtype) for x in (W, H, b))
    exact = naive_loss(*(x.astype(float) for x in (X, W, H, b)))
    rounding = np.finfo(dtype).eps * np.linalg.norm(X) / exact**0.5  # of X, against the residual
    ours = float(trifactor.loss(*map(library, (X, W, H, b))))
    assert ours == pytest.approx(exact, rel=np.finfo(dtype).eps ** 0.5 + 20 * rounding)
    assert ours >= 0


def test_loss_squares_the_residual_in_blocks_of_rows(library):
    given = operands(7, 2, row=True)
    expected = naive_loss(*given)
    for entries in (1, 7, 14, 20, 49, 1000):
        blocks = derivatives.by_rows(np, *given, entries=entries)
        assert blocks == pytest.approx(expected, rel=1e-14)
    X, W, H, b = given
    assert derivatives.by_rows(np, scipy.sparse.csr_array(X), W, H, b, entries=15) == pytest.approx(expected)


# --- the best H and b for a given W ---


def design(W, bias):
    """The columns that vec(X) is explained by: one for each entry of H, and those of the bias."""
    n = len(W)
    columns = {"scalar": np.ones((n * n, 1)), "row": np.kron(np.eye(n), np.ones((n, 1))), None: np.zeros((n * n, 0))}
    return np.hstack([np.kron(W, W), columns[bias]])


@every_bias
@pytest.mark.parametrize("d", [1, 3, 5])
def test_h_and_b_are_least_squares(bias, d, library, dtype, tol):
    X, W, _, _ = operands(6, d)
    W = np.linalg.qr(W)[0]
    truth = np.linalg.lstsq(design(W, bias), X.ravel(), rcond=None)[0]
    xp, given = derivatives.squared(library(X.astype(dtype)))
    p, ours = descent.problem(xp, given, bias), library(W.astype(dtype))
    H, b, loss = descent.best(p, ours.T @ given @ ours, xp.sum(ours, axis=0), ours.T @ p.sums)
    point = descent.settled(p, descent.Point(ours, None, None, H, b, loss))
    H, b = library.numpy(point.H), library.numpy(point.b)
    assert H.dtype == b.dtype == dtype
    fitted = W @ H @ W.T + (b[:, None] if b.ndim else b)
    np.testing.assert_allclose(fitted.ravel(), design(W, bias) @ truth, atol=20 * tol)
    assert point.loss == pytest.approx(naive_loss(X, W, H, b), rel=50 * tol)


@pytest.mark.parametrize("angle", [0, 1e-3])
@pytest.mark.parametrize("bias", ["scalar", "row"])
def test_a_bias_that_w_explains_already_is_left_to_it(bias, angle, library):
    """Nearly is enough: what is outside the span of W would be magnified, and rounding errors with it."""
    X = planted(8, 2, seed=3)
    nearly = np.ones(8) + angle * np.cos(np.arange(8.0))
    W = library(np.linalg.qr(np.column_stack([nearly, np.arange(8.0)]))[0])
    p = descent.problem(*derivatives.squared(library(X)), bias)
    H, b, loss = descent.best(p, W.T @ p.X @ W, p.xp.sum(W, axis=0), W.T @ p.sums)
    assert (library.numpy(b) == 0).all()
    full = library.numpy(descent.settled(p, descent.Point(W, None, None, H, b, loss)).b)
    assert loss == pytest.approx(naive_loss(X, library.numpy(W), library.numpy(H), full))


# --- descent ---


KINDS = ("asymmetric", "symmetric", "skew", "counts", "planted")


@given(
    n=st.integers(1, 9),
    share=st.floats(0, 1),
    bias=st.sampled_from(BIASES),
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**16),
    lr=st.sampled_from([1.0, 1e-3, 30.0]),
)
@settings(max_examples=40)
def test_the_loss_never_rises_and_is_that_of_the_factors(library, dtype, tol, n, share, bias, kind, seed, lr):
    X = np.random.default_rng(seed).standard_normal((n, n))
    X = {"asymmetric": X, "symmetric": X + X.T, "skew": X - X.T, "counts": np.round(np.abs(X)),
         "planted": np.outer(X[0], X[0]) + 1}[kind].astype(dtype)  # fmt: skip
    rank = 1 + round(share * (n - 1))
    fitted = trifactor.fit(library(X), rank, bias=bias, steps=15, lr=lr, rng=seed)
    W, H, b, losses = (library.numpy(x) for x in fitted)
    assert W.dtype == H.dtype == b.dtype == losses.dtype == dtype
    assert (W.shape, H.shape, b.shape) == ((n, rank), (rank, rank), (n,) if bias == "row" else ())
    assert (np.diff(losses) <= 0).all()
    assert 1 <= len(losses) <= 16
    np.testing.assert_allclose(W.T @ W, np.eye(rank), atol=tol)
    energy = np.sum(X.astype(float) ** 2)
    exact = naive_loss(*(x.astype(float) for x in (X, W, H, b)))
    assert losses[-1] == pytest.approx(exact, abs=20 * tol * energy + 1e-30)
    np.testing.assert_allclose(library.numpy(fitted.reconstruct()), X - residual(X, W, H, b), atol=tol * (energy + 1))


@every_bias
def test_where_the_descent_ends_all_gradients_vanish(bias, library):
    X = planted(40, 3, noise=0.3, level=2)
    fitted = trifactor.fit(library(X), 3, bias=bias, steps=500, rng=0)
    assert len(fitted.losses) < 500
    parameters = 2 if bias is None else 3
    for gradient in list(trifactor.gradients(library(X), *fitted[:3]))[:parameters]:
        assert np.abs(library.numpy(gradient)).max() < 1e-5 * np.linalg.norm(X)


@pytest.mark.parametrize("d", [1, 4, 8])
@pytest.mark.parametrize("signs", [1, -1, (-1.0) ** np.arange(60)])
def test_symmetric_x_without_bias_gets_its_largest_eigenvectors(d, signs, library):
    X = symmetric(signs * 1 / np.arange(1, 61))
    fitted = trifactor.fit(library(X), d, bias=None, steps=500, rng=0)
    W, H, b = factors(library, fitted)
    best = np.sum(1.0 / np.arange(d + 1, 61) ** 2)
    assert naive_loss(X, W, H, b) == pytest.approx(best, rel=1e-6)
    assert naive_loss(X, W, H, b) >= best * (1 - 1e-12)
    values, vectors = eigsh(X, d, v0=np.ones(60))
    order = np.argsort(-np.abs(values))
    np.testing.assert_allclose(H, np.diag(values[order]), atol=1e-6)
    np.testing.assert_allclose(np.abs(W.T @ vectors[:, order]), np.eye(d), atol=1e-5)
    np.testing.assert_allclose(W @ H @ W.T, (vectors * values) @ vectors.T, atol=1e-5)


def test_float32_reaches_the_eigenvectors_too(library):
    X = symmetric(1 / np.arange(1, 61.0)).astype(np.float32)
    fitted = trifactor.fit(library(X), 5, bias=None, steps=200, rng=0)
    best = np.sum(1.0 / np.arange(6, 61) ** 2)
    assert naive_loss(X.astype(float), *(x.astype(float) for x in factors(library, fitted))) < best * (1 + 1e-4)


@pytest.mark.parametrize("bias", ["scalar", None])
def test_a_symmetric_x_gets_a_symmetric_h(bias, library):
    X = planted(30, 3, noise=0.5, level=1, symmetric=True)
    H = library.numpy(trifactor.fit(library(X), 3, bias=bias, steps=60, rng=1).H)
    np.testing.assert_allclose(H, H.T, atol=1e-9 * np.abs(H).max())


@every_bias
def test_what_was_planted_is_found_to_rounding(bias, library, dtype):
    """Level and groups that no rotation of W can hide: the product is unique, the factors are up to the gauge."""
    X = planted(40, 3, level=0 if bias is None else 3)
    if bias == "row":
        X = X + np.linspace(-2, 2, 40)[:, None]
    fitted = trifactor.fit(library(X.astype(dtype)), 3, bias=bias, steps=300, rng=0)
    error = np.linalg.norm(residual(X, *(x.astype(float) for x in factors(library, fitted)))) / np.linalg.norm(X)
    assert error < 50 * np.finfo(dtype).eps


def test_rank_2d_is_no_worse_than_the_svd_of_rank_d_and_no_better_than_that_of_rank_2d(library):
    X = np.random.default_rng(0).standard_normal((40, 40)) / np.arange(1, 41)
    best = svd.truncation_errors(svd.exact(X).s) ** 2 * np.sum(X**2)
    for d in (1, 4):
        fits = [float(trifactor.fit(library(X), 2 * d, bias=None, rng=seed).losses[-1]) for seed in range(3)]
        assert best[2 * d] <= min(fits) <= best[d]
        both = np.linalg.qr(np.hstack([svd.exact(X).U[:, :d], svd.exact(X).Vh[:d].T]))[0]
        spanned = np.sum(X**2) - np.sum((both.T @ X @ both) ** 2)
        assert min(fits) <= spanned <= best[d]


def test_one_group_cannot_act_on_itself_without_symmetry(library):
    """wᵀXw = 0 for every w where X is skew: rank one explains nothing, rank two its largest pair."""
    A = np.random.default_rng(0).standard_normal((12, 12))
    X = A - A.T
    assert float(trifactor.fit(library(X), 1, bias=None, rng=0).losses[-1]) == pytest.approx(np.sum(X**2))
    s = np.linalg.svd(X, compute_uv=False)
    fitted = trifactor.fit(library(X), 2, bias=None, steps=300, rng=0)
    assert float(fitted.losses[-1]) == pytest.approx(np.sum(s[2:] ** 2), rel=1e-8)
    H = library.numpy(fitted.H)
    np.testing.assert_allclose(H, -H.T, atol=1e-8)


def test_a_bias_never_makes_the_fit_worse(library):
    X = planted(25, 2, noise=0.5, level=4)
    ends = [min(float(trifactor.fit(library(X), 2, bias=bias, rng=s).losses[-1]) for s in range(3)) for bias in
            (None, "scalar", "row")]  # fmt: skip
    assert ends[2] <= ends[1] <= ends[0]
    assert ends[1] < 0.5 * ends[0]


@every_bias
def test_numpy_and_torch_agree(bias, dtype):
    """Step for step; at the end the losses, and what of W they determine: it is flat there."""
    X = planted(30, 3, noise=0.1, level=1).astype(dtype)
    atol, end = {"float64": (1e-8, 1e-6), "float32": (1e-3, 1e-2)}[dtype.name]
    for steps, close in ((4, atol), (200, end)):
        ours, theirs = (trifactor.fit(x, 2, bias=bias, steps=steps, rng=3) for x in (X, torch.tensor(X)))
        scale = np.abs(ours.H).max()
        np.testing.assert_allclose(theirs.W.numpy(), ours.W, atol=close)
        np.testing.assert_allclose(theirs.H.numpy(), ours.H, atol=close * scale)
        np.testing.assert_allclose(theirs.b.numpy(), ours.b, atol=close * scale)
        np.testing.assert_allclose(theirs.losses[-1], ours.losses[-1], rtol=atol)


@every_bias
@pytest.mark.parametrize("form", ["csr_array", "csc_matrix", "coo_array"])
def test_a_sparse_fit_is_the_dense_one(form, bias, tol, dtype):
    X = planted(30, 2, noise=0.1).astype(dtype)
    X[np.abs(X) < 0.5] = 0
    sparse, dense = (trifactor.fit(x, 2, bias=bias, steps=100, rng=0) for x in (getattr(scipy.sparse, form)(X), X))
    assert type(sparse.W) is np.ndarray
    assert sparse.W.dtype == dtype
    np.testing.assert_allclose(sparse.reconstruct(), dense.reconstruct(), atol=np.finfo(dtype).eps ** 0.5 * 30)


def test_large_sparse_x_is_never_made_dense():
    n = 20_000
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, n, (2, 100_000))
    X = scipy.sparse.csr_array((np.ones(100_000), (rows, columns)), shape=(n, n))
    tracemalloc.start()
    fitted = trifactor.fit(X, 4, bias="row", steps=10, rng=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (np.diff(fitted.losses) < 0).all()
    assert peak < 60e6  # n × n numbers are 3.2e9 bytes


def test_a_step_makes_one_pair_of_products(monkeypatch, library):
    counted = []

    def products(p, W):
        counted.append(p.XT is p.X)
        return p.X @ W, p.XT @ W

    for X, is_symmetric in ((planted(20, 3), False), (planted(20, 3, symmetric=True), True)):
        p = descent.problem(*derivatives.squared(library(X)), "row")
        W = begin(p, 2).W
        counted.clear()
        monkeypatch.setattr(descent, "products", products)
        losses = [point.loss for point in descent.descend(p, descent.at(p, W), 7)]
        assert len(counted) == len(losses) == 8
        assert set(counted) == {is_symmetric}


@pytest.mark.parametrize("lr", [1e-4, 1.0, 1e4])
def test_the_first_length_tried_does_not_matter_in_the_end(lr, library):
    X = symmetric(2.0 ** -np.arange(20))
    fitted = trifactor.fit(library(X), 3, bias=None, lr=lr, rng=0)
    assert float(fitted.losses[-1]) == pytest.approx(np.sum(4.0 ** -np.arange(3, 20)), rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "fall", "right"),
    [
        (
            lambda t: 5 - 4 * t * np.exp(-3 * t),
            4.0,
            0.25,
        ),  # lower at 4, but by too little: halved, and on while it falls
        (lambda t: (t - 30) ** 2, 60.0, 32.0),  # doubled while it falls
        (lambda t: (t - 3.9) ** 2, 7.8, 4.0),  # right at once
        (lambda t: t, 1.0, None),  # no descent: it gives up
        (lambda t: -t, 0.0, None),  # no slope
    ],
)
def test_the_length_of_a_step(loss, fall, right, monkeypatch):
    p = descent.problem(np, np.eye(3), None)
    point = begin(p, 1)._replace(loss=float(loss(0.0)))

    class Way:
        def __init__(self, *_):
            self.loss, self.to = loss, lambda t: point._replace(loss=t)

    monkeypatch.setattr(descent, "Way", Way)
    monkeypatch.setattr(descent, "slope", lambda p, point: descent.Slope(None, None, fall, fall))
    found = descent.descent_step(p, point, 4.0)
    assert (found and found.loss) == right


def test_the_memory_of_the_last_direction_saves_steps(monkeypatch):
    X = symmetric((-1.0) ** np.arange(100) / np.arange(1, 101))
    best = np.sum(1.0 / np.arange(11, 101) ** 2)

    def steps():
        return int(np.argmax(trifactor.fit(X, 10, bias=None, steps=300, rng=0).losses < best * (1 + 1e-6)))

    with_memory = steps()
    slope = descent.slope
    monkeypatch.setattr(descent, "slope", lambda p, point: slope(p, point._replace(memory=None)))
    assert 0 < with_memory < 0.6 * steps()


def test_a_memory_that_points_back_is_dropped():
    p = descent.problem(np, planted(20, 3, noise=1), None)
    point = begin(p, 3)
    fresh = descent.slope(p, point)
    for share, kept in ((3.0, 0.0), (0.5, 0.5)):  # of its own gradient, as that of the last step
        side = 0.01 * np.random.default_rng(1).standard_normal((20, 3)) - fresh.direction
        last = descent.Slope(share * fresh.gradient, side, fresh.steepness, 0.0)
        bent = descent.slope(p, point._replace(memory=last)).direction - fresh.direction
        np.testing.assert_allclose(bent, kept * (side - point.W @ (point.W.T @ side)), atol=1e-12)


def test_a_core_of_rounding_errors_ends_the_descent():
    p = descent.problem(np, planted(20, 3, noise=1), None)
    point = begin(p, 3)
    assert descent.slope(p, point).fall > 0
    nothing = point._replace(H=1e-20 * point.H)
    assert descent.slope(p, nothing).fall == 0
    assert descent.descent_step(p, nothing) is None


def test_without_memory_the_first_trial_is_a_step_of_the_power_iteration():
    """On symmetric X: W + D = XWH⁻¹, which spans what XW spans."""
    X = symmetric(2.0 ** -np.arange(20))
    p = descent.problem(np, X, None)
    point = begin(p, 3)
    W = point.W + descent.slope(p, point).direction
    np.testing.assert_allclose(W, X @ point.W @ np.linalg.inv(point.H), atol=1e-4)


def test_the_slope_is_the_derivative_of_the_loss_along_the_way(library):
    for bias in BIASES:
        p = descent.problem(*derivatives.squared(library(planted(20, 3, noise=1, level=2))), bias)
        point = begin(p, 3)
        for _ in range(3):  # with a memory too
            down = descent.slope(p, point)
            way, h = descent.Way(p, point, down), 1e-5
            assert (way.loss(h) - way.loss(-h)) / (2 * h) == pytest.approx(-down.fall, rel=1e-4)
            np.testing.assert_allclose(way.to(0.7).loss, way.loss(0.7), rtol=1e-10)
            C, memory = way.best(0.7)[0], way.to(0.7).memory  # the old direction in the new columns
            for mine, theirs in ((memory.gradient, down.gradient @ C), (memory.direction, down.direction @ C)):
                np.testing.assert_allclose(library.numpy(mine), library.numpy(theirs), rtol=1e-12)
            point = descent.descent_step(p, point)


def test_a_point_on_the_way_is_what_it_says(library):
    for bias in BIASES:
        X = planted(20, 3, noise=1, level=2)
        p = descent.problem(*derivatives.squared(library(X)), bias)
        point = begin(p, 3)
        for _ in range(30):
            point = descent.descent_step(p, point) or point
        W, XW, XTW, H, b = map(library.numpy, point[:5])
        np.testing.assert_allclose(W.T @ W, np.eye(3), atol=1e-13)
        np.testing.assert_allclose(XW, X @ W, atol=1e-10)
        np.testing.assert_allclose(XTW, X.T @ W, atol=1e-10)
        assert point.loss == pytest.approx(naive_loss(X, W, H, b), rel=1e-10)


def test_a_seed_or_a_generator_fixes_the_result(library):
    X = library(planted(15, 2, noise=1))
    expected = library.numpy(trifactor.fit(X, 2, steps=3, rng=5).W)
    np.testing.assert_array_equal(library.numpy(trifactor.fit(X, 2, steps=3, rng=np.random.default_rng(5)).W), expected)
    for rng in (6, None):
        assert np.abs(library.numpy(trifactor.fit(X, 2, steps=3, rng=rng).W) - expected).max() > 1e-6


def test_the_input_is_left_alone(library):
    X = planted(8, 2, noise=1)
    given = library(X.copy())
    for method in ("descent", "adam"):
        trifactor.fit(given, 2, method=method, steps=5, rng=0)
        np.testing.assert_array_equal(library.numpy(given), X)


@every_bias
@pytest.mark.parametrize("method", ["descent", "adam"])
def test_the_smallest_and_the_emptiest_matrices(bias, method, library, dtype):
    for X, rank in ((np.zeros((4, 4)), 2), (np.ones((1, 1)), 1), (np.full((3, 3), 2.0), 3), (np.eye(3), 3)):
        fitted = trifactor.fit(library(X.astype(dtype)), rank, bias=bias, method=method, steps=40, lr=0.05, rng=0)
        assert np.isfinite(library.numpy(fitted.losses)).all()
        np.testing.assert_allclose(library.numpy(fitted.reconstruct()), X, atol=1e-5 if method == "descent" else 0.3)


# --- the start ---


def test_the_start_sees_the_signs_that_another_is_trapped_by(library):
    """Eigenvalues 10, −8, and small positive ones: a column near one of those would have to pass through zero to −8."""
    eigenvalues = np.array([10, -8, *np.linspace(2, 0.1, 30)])
    X = library(symmetric(eigenvalues))
    p = descent.problem(*derivatives.squared(X), None)
    V = np.linalg.eigh(symmetric(eigenvalues))[1][:, [-1, -2]]
    W = np.linalg.qr(V + 0.02 * np.random.default_rng(0).standard_normal((32, 2)))[0]
    *_, trapped = descent.descend(p, descent.at(p, library(W)), 500)
    best = np.sum(eigenvalues[2:] ** 2)
    assert trapped.loss == pytest.approx(best + 64 - 4)
    for seed in range(5):
        assert float(trifactor.fit(X, 2, bias=None, rng=seed).losses[-1]) == pytest.approx(best)


@pytest.mark.parametrize("kind", ["asymmetric", "symmetric", "skew"])
@pytest.mark.parametrize("n", [2, 5, 30])
def test_the_start_is_orthonormal_and_without_bias_in_the_range_of_x(n, kind, library, dtype, tol):
    """With a bias W need not lie there. X + Xᵀ of a skew X is zero: X and Xᵀ must be mixed at random."""
    d = min(n, 4)
    _, basis, core, _ = operands(n, d)
    core = core + {"asymmetric": 0, "symmetric": core.T, "skew": -core.T}[kind]
    X = (basis @ core @ basis.T).astype(dtype)
    inside = np.linalg.qr(basis)[0]
    for bias in BIASES:
        p = descent.problem(*derivatives.squared(library(X)), bias)
        found = library.numpy(valleys.start(p, 2, 0))
        assert found.dtype == dtype
        np.testing.assert_allclose(found.T @ found, np.eye(2), atol=tol)
        if bias is None:
            np.testing.assert_allclose(inside @ (inside.T @ found), found, atol=max(1e3 * tol, 1e-6))


def test_a_later_start_must_be_clearly_better(monkeypatch):
    """Or rounding would choose among equals, and NumPy and torch would part."""
    p = descent.problem(np, np.diag(np.arange(8.0, 0, -1)), None)
    monkeypatch.setattr(valleys, "STEPS", 0)

    def starts(xp, S, other):
        best = np.linalg.eigh(S)[1][:, -2:]
        yield np.linalg.qr(best + 1e-3 * other)[0]
        yield best

    monkeypatch.setattr(valleys, "starts", starts)
    excess = descent.at(p, valleys.start(p, 2, 0)).loss - np.sum(np.arange(1.0, 7) ** 2)
    assert 1e-8 < excess < 1e-2


@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_best_of_the_three_starts_is_taken(which, monkeypatch):
    p = descent.problem(*derivatives.squared(planted(30, 4)), None)
    monkeypatch.setattr(valleys, "STEPS", 0)
    three = []

    def starts(xp, S, other):
        k = S.shape[0]
        good = np.linalg.eigh(S @ S.T + S.T @ S)[1][:, -2:]
        poor = np.linalg.eigh(S @ S.T + S.T @ S)[1][:, :2]
        three.append(k)
        yield from (good if i == which else poor for i in range(3))

    monkeypatch.setattr(valleys, "starts", starts)
    assert descent.at(p, valleys.start(p, 2, 0)).loss < 0.9 * p.energy
    assert three == [14]


def test_the_three_starts_are_what_they_are_called(library):
    S = np.random.default_rng(0).standard_normal((8, 8))
    xp = derivatives.squared(library(S))[0]
    other = np.random.default_rng(1).standard_normal((8, 2))
    one, two, three = (library.numpy(W) for W in valleys.starts(xp, library(S), library(other)))
    values, V = np.linalg.eigh((S + S.T) / 2)
    best = V[:, np.argsort(-np.abs(values))[:2]]
    both = np.linalg.svd(np.hstack([S, S.T]))[0][:, :2]
    for mine, theirs in ((one, best), (two, both), (three, np.linalg.qr(other)[0])):
        np.testing.assert_allclose(mine @ mine.T, theirs @ theirs.T, atol=1e-10)


# --- the gauge ---


def test_any_invertible_q_gives_the_same_product_and_the_same_canonical_form(library):
    X = planted(20, 3, noise=0.5, level=1)
    fitted = trifactor.fit(library(X), 3, rng=0)
    W, H, _ = factors(library, fitted)
    Q = np.random.default_rng(1).standard_normal((3, 3))
    turned = trifactor.TriFactors(
        library(W @ Q), library(np.linalg.inv(Q) @ H @ np.linalg.inv(Q).T), fitted.b, fitted.losses
    )
    np.testing.assert_allclose(library.numpy(turned.reconstruct()), library.numpy(fitted.reconstruct()), atol=1e-10)
    again = turned.canonical()
    np.testing.assert_allclose(library.numpy(again.W), W, atol=1e-10)
    np.testing.assert_allclose(library.numpy(again.H), H, atol=1e-9)
    assert again.b is fitted.b
    assert again.losses is fitted.losses


def test_the_canonical_form_is_what_it_promises(library, dtype, tol):
    for method, seed in (("descent", 0), ("descent", 1), ("descent", 2), ("adam", 3)):
        X = planted(20, 4, noise=0.5, seed=seed).astype(dtype)
        W, H, _ = factors(library, trifactor.fit(library(X), 4, method=method, steps=20, rng=0))
        np.testing.assert_allclose(W.T @ W, np.eye(4), atol=tol)
        S = (H + H.T) / 2
        assert np.abs(S - np.diag(np.diag(S))).max() <= tol * np.abs(H).max()
        assert (np.diff(np.abs(np.diag(S))) <= tol * np.abs(H).max()).all()
        for column in W.T:
            assert column[np.abs(column) >= 0.999 * np.abs(column).max()][0] > 0


# --- Adam ---


@every_bias
def test_adam_comes_near_the_descent(bias, library, dtype):
    X = planted(30, 2, noise=0.3, level=2, symmetric=True).astype(dtype)
    best = float(trifactor.fit(library(X), 2, bias=bias, rng=0).losses[-1])
    fitted = trifactor.fit(library(X), 2, bias=bias, method="adam", steps=300, rng=0)
    W, H, b, losses = (library.numpy(x) for x in fitted)
    assert W.dtype == H.dtype == b.dtype == losses.dtype == dtype
    assert len(losses) == 301
    assert losses[-1] < 1.01 * best
    assert losses[-1] == pytest.approx(naive_loss(X, W, H, b), rel=1e-3)
    assert (np.diff(losses) > 0).any()  # no promise that it never rises
    if bias is None:
        assert b == 0


def test_adam_takes_the_steps_of_torchs_adam_on_the_residual():
    X = torch.tensor(planted(12, 2, noise=0.5, level=1))
    point = begin(descent.problem(*derivatives.squared(X), "row"), 2)
    W, H, b, losses = automatic.adam(X, point.W, point.H, point.b, bias="row", steps=20, lr=0.03)
    size = (X**2).mean() ** 0.5
    start = 12**0.5 * point.W, point.H / (12 * size), point.b / size
    w, h, c = (x.clone().requires_grad_() for x in start)
    optimizer = torch.optim.Adam([w, h, c])
    for k in range(20):
        optimizer.param_groups[0]["lr"] = 0.03 * (1 + np.cos(np.pi * k / 20)) / 2
        loss = ((X - size * (w @ h @ w.T + c[:, None])) ** 2).sum()
        assert losses[k] == pytest.approx(loss.item(), rel=1e-6)
        optimizer.zero_grad()
        (loss / (X**2).sum()).backward()
        optimizer.step()
    for mine, theirs in ((W, w), (H, size * h), (b, size * c)):
        np.testing.assert_allclose(mine, theirs.detach(), rtol=1e-5, atol=1e-6)
    assert losses[-1] == pytest.approx(naive_loss(*(x.numpy() for x in (X, W, H, b))), rel=1e-9)
    assert not W.requires_grad


def test_adam_does_not_mind_the_unit_of_x(library):
    X = planted(12, 2, noise=0.5, level=1)
    for unit in (1e-6, 1e6):
        ours, theirs = (trifactor.fit(library(k * X), 2, method="adam", steps=20, rng=0) for k in (1.0, unit))
        np.testing.assert_allclose(library.numpy(theirs.losses) / unit**2, library.numpy(ours.losses), rtol=1e-6)


def test_the_descent_does_not_mind_the_unit_of_x(library, dtype):
    X = planted(12, 2, noise=0.5, level=1).astype(dtype)
    for unit in (1e-9, 1e9):
        ours, theirs = (trifactor.fit(library((k * X).astype(dtype)), 2, steps=5, rng=0) for k in (1.0, unit))
        ours, theirs = (library.numpy(fitted.losses).astype(float) for fitted in (ours, theirs))
        np.testing.assert_allclose(theirs[[0, 1, -1]] / unit**2, ours[[0, 1, -1]], rtol=1e-4)


def test_adam_gives_the_same_on_both_libraries():
    X = planted(12, 2, noise=0.5)
    ours, theirs = (trifactor.fit(x, 2, method="adam", steps=30, rng=0) for x in (X, torch.tensor(X)))
    np.testing.assert_allclose(theirs.losses, ours.losses, rtol=1e-6)
    assert type(ours.W) is np.ndarray


@pytest.mark.bad_input
def test_adam_refuses_sparse_x_with_the_remedy():
    with pytest.raises(TypeError, match=r"sparse.*X.toarray\(\)"):
        trifactor.fit(scipy.sparse.eye_array(4), 2, method="adam")


def test_torch_is_not_loaded_for_the_descent():
    code = (
        "import sys, numpy as np; from companion.matrix import trifactor; "
        "trifactor.fit(np.eye(4), 2, rng=0); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
