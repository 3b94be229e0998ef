"""nmf against scikit-learn, finite differences and the conditions of a minimum; errors that never rise."""

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from array_api_compat import array_namespace
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import NMF
from sklearn.decomposition import non_negative_factorization as sklearn_nmf

from companion.matrix import nmf
from companion.matrix.nmf import alternating, momentum, problem

VARIANTS = {
    "hals": lambda X, rank, **kw: nmf.hals(X, rank, **kw),
    "frobenius": lambda X, rank, **kw: nmf.multiplicative(X, rank, loss="frobenius", **kw),
    "kl": lambda X, rank, **kw: nmf.multiplicative(X, rank, loss="kl", **kw),
}
every_variant = pytest.mark.parametrize("run", VARIANTS.values(), ids=VARIANTS)
ahead = pytest.mark.parametrize("extrapolate", [False, True], ids=["plain", "extrapolated"])


def data(m=30, n=20, rank=4, *, noise=0.1, zeros=0.3, seed=0):
    """Sums of a few sparse parts, with noise that is not negative."""
    rng = np.random.default_rng(seed)
    W, H = (rng.random(s) * (rng.random(s) > zeros) for s in ((m, rank), (rank, n)))
    return W @ H + noise * rng.random((m, n)) + 1e-3


def start(X, rank, seed=1):
    rng = np.random.default_rng(seed)
    return rng.random((X.shape[0], rank)) + 0.1, rng.random((rank, X.shape[1])) + 0.1


def namespace(library):
    return array_namespace(library(np.ones(1)))


def objective(X, W, H, loss, known=True):
    """The definition, in double precision: ‖X − WH‖/‖X‖ or D(X‖WH)/ΣX over the known entries."""
    X, WH = np.asarray(X, float), np.asarray(W, float) @ np.asarray(H, float)
    if loss == "kl":
        terms = np.where(X > 0, X * np.log(np.where(X > 0, X, 1) / np.maximum(WH, 1e-300)), 0) - X + WH
        return np.sum(terms * known) / np.sum(X * known)
    return np.linalg.norm((X - WH) * known) / np.linalg.norm(X * known)


# --- the result ---


@every_variant
@ahead
def test_the_errors_are_those_of_the_factors_and_never_rise(run, extrapolate, library, dtype, tol, request):
    X = data().astype(dtype)
    W, H, errors = run(library(X), 4, extrapolate=extrapolate, max_iter=60, tol=0)
    W, H, errors = map(library.numpy, (W, H, errors))
    assert (W.shape, H.shape, errors.shape) == ((30, 4), (4, 20), (len(errors),))
    assert W.dtype == H.dtype == errors.dtype == dtype
    assert (W >= 0).all()
    assert (H >= 0).all()
    assert (np.diff(errors) <= 0).all()
    loss = "kl" if request.node.callspec.id.startswith("kl") or "kl" in request.node.callspec.id else "frobenius"
    assert errors[-1] == pytest.approx(objective(X, W, H, loss), abs=tol)
    assert errors[-1] < 0.5 * errors[0]


@every_variant
def test_the_first_error_is_that_of_the_start(run, library, request):
    X, (W, H) = data(), start(data(), 3)
    for iterations in (0, 1):
        factors = run(library(X), 3, init=(library(W), library(H)), max_iter=iterations, tol=0)
        loss = "kl" if "kl" in request.node.callspec.id else "frobenius"
        assert float(factors.errors[0]) == pytest.approx(objective(X, W, H, loss))
        assert len(factors.errors) == 1 + iterations
    assert len(run(library(X), 3, init=(library(W), library(H)), max_iter=0).errors) == 1


@every_variant
@ahead
def test_numpy_and_torch_give_the_same(run, extrapolate, library, dtype):
    X, (W, H) = data().astype(dtype), (F.astype(dtype) for F in start(data(), 4))
    expected = run(X, 4, init=(W, H), extrapolate=extrapolate, max_iter=30, tol=0)
    ours = run(library(X), 4, init=(library(W), library(H)), extrapolate=extrapolate, max_iter=30, tol=0)
    bound = 1e-8 if dtype == np.float64 else 1e-3
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_allclose(library.numpy(a), b, atol=bound)


@every_variant
def test_what_is_given_is_left_as_it_was(run, library):
    X, (W, H) = data(), start(data(), 3)
    given = [library(a.copy()) for a in (X, W, H)]
    run(given[0], 3, init=(given[1], given[2]), max_iter=5)
    for a, b in zip(given, (X, W, H), strict=True):
        np.testing.assert_array_equal(library.numpy(a), b)


@given(seed=st.integers(0, 2**32 - 1))
def test_no_variant_ever_rises_on_any_matrix(seed):
    rng = np.random.default_rng(seed)
    m, n, rank = rng.integers(1, 9, 3)
    X = rng.random((m, n)) * (rng.random((m, n)) > rng.random()) + np.eye(m, n) * 1e-3
    for run in VARIANTS.values():
        for extrapolate in (False, True):
            factors = run(X, int(rank), init="random", extrapolate=extrapolate, rng=seed, max_iter=25, tol=0)
            assert (np.diff(factors.errors) <= 0).all()
            assert np.isfinite(factors.W).all()
            assert np.isfinite(factors.H).all()


def test_reconstruct_is_the_product(library):
    factors = nmf.hals(library(data()), 3, max_iter=5)
    expected = library.numpy(factors.W) @ library.numpy(factors.H)
    np.testing.assert_allclose(library.numpy(factors.reconstruct()), expected)


# --- steps ---


def test_a_plain_hals_iteration_is_its_two_steps(library):
    X, (W, H) = data(), start(data(), 4)
    ours = nmf.hals(library(X), 4, sweeps=1, extrapolate=False, init=(library(W), library(H)), max_iter=1, tol=0)
    X, W, H = map(library, (X, W, H))
    W = nmf.hals_step(X.T, H.T, W.T).T
    H = nmf.hals_step(X, W, H)
    np.testing.assert_allclose(library.numpy(ours.W), library.numpy(W), atol=1e-12)
    np.testing.assert_allclose(library.numpy(ours.H), library.numpy(H), atol=1e-12)


def test_each_row_of_a_hals_step_is_the_best_one(library):
    X, (W, H) = data(8, 5, 3), start(data(8, 5), 3)
    ours = library.numpy(nmf.hals_step(library(X), library(W), library(H)))
    by_hand = H.copy()
    for row in range(3):
        others = X - np.delete(W, row, 1) @ np.delete(by_hand, row, 0)
        for column in range(5):
            by_hand[row, column] = scipy.optimize.nnls(W[:, [row]], others[:, column])[0][0]
    np.testing.assert_allclose(ours, by_hand, atol=1e-12)


def test_many_sweeps_solve_the_least_squares_problem(library):
    X, (W, H) = data(12, 6, 3), start(data(12, 6), 3)
    W, H = map(library, (W, H))
    for _ in range(2000):
        H = nmf.hals_step(library(X), W, H)
    expected = np.stack([scipy.optimize.nnls(library.numpy(W), x)[0] for x in X.T], axis=1)
    np.testing.assert_allclose(library.numpy(H), expected, atol=1e-8)


def test_a_sweep_in_blocks_is_a_sweep(library, monkeypatch):
    X, W, H = map(library, (data(), *start(data(), 4)))
    whole = library.numpy(nmf.hals_step(X, W, H))
    monkeypatch.setattr(alternating, "BLOCK", 7)
    np.testing.assert_allclose(library.numpy(nmf.hals_step(X, W, H)), whole, atol=1e-12)


def test_more_sweeps_an_iteration_come_further(library):
    X = library(data(60, 40, 8))
    few, many = (nmf.hals(X, 8, sweeps=s, extrapolate=False, init="random", max_iter=10, tol=0, rng=0) for s in (1, 3))
    assert float(many.errors[-1]) < float(few.errors[-1])


@every_variant
def test_extrapolation_comes_further(run):
    X, init = data(60, 40, 6), start(data(60, 40), 6)
    plain, fast = (run(X, 6, init=init, extrapolate=e, max_iter=60, tol=0).errors[-1] for e in (False, True))
    assert fast < plain


# --- scikit-learn ---


@pytest.mark.parametrize("loss", ["frobenius", "kullback-leibler"])
def test_multiplicative_updates_are_those_of_scikit_learn(loss, library):
    X, (W, H) = data(), start(data(), 4)
    W2, H2, _ = sklearn_nmf(
        X, W.copy(), H.copy(), n_components=4, init="custom", solver="mu", beta_loss=loss, max_iter=50, tol=0
    )
    init = (library(W), library(H))
    kind = "kl" if loss.startswith("k") else loss
    ours = nmf.multiplicative(library(X), 4, loss=kind, init=init, extrapolate=False, max_iter=50, tol=0)
    np.testing.assert_allclose(library.numpy(ours.W), W2, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(library.numpy(ours.H), H2, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("loss", "name"), [("frobenius", "frobenius"), ("kl", "kullback-leibler")])
def test_both_ways_go_down_to_what_scikit_learn_reaches(loss, name, library):
    """From one start, on a problem that all three solve to the end."""
    X, init = data(noise=0.02), nmf.nndsvd(data(noise=0.02), 4, fill="mean")
    W2, H2, _ = sklearn_nmf(
        X, *(F.copy() for F in init), n_components=4, init="custom", solver="mu", beta_loss=name, max_iter=20000, tol=0
    )
    best = objective(X, W2, H2, loss)
    init = tuple(map(library, init))
    runs = [nmf.multiplicative(library(X), 4, loss=loss, init=init, max_iter=4000, tol=0)]
    if loss == "frobenius":
        runs += [nmf.hals(library(X), 4, init=init, max_iter=2000, tol=0, extrapolate=e) for e in (False, True)]
    for ours in runs:
        assert float(ours.errors[-1]) <= best + 1e-6


def test_hals_is_the_coordinate_descent_of_scikit_learn(library):
    X, (W, H) = data(), start(data(), 4)
    W2, H2, _ = sklearn_nmf(X, W.copy(), H.copy(), n_components=4, init="custom", solver="cd", max_iter=40, tol=0)
    init = (library(W), library(H))
    ours = nmf.hals(library(X), 4, sweeps=1, extrapolate=False, init=init, max_iter=40, tol=0)
    np.testing.assert_allclose(library.numpy(ours.W), W2, atol=1e-8)
    np.testing.assert_allclose(library.numpy(ours.H), H2, atol=1e-8)


@pytest.mark.parametrize(("a", "b", "ratio"), [(0.002, 0.0, 1.0), (0.0, 0.003, 0.0), (0.002, 0.004, 0.3)])
def test_penalties_are_scikit_learns_with_its_scaling_undone(a, b, ratio, library):
    """Its alpha_W is multiplied by the number of columns of X, alpha_H by the number of rows, ours by nothing."""
    X, (W, H) = data(), start(data(), 4)
    (m, n), common = X.shape, {"n_components": 4, "init": "custom", "max_iter": 60, "tol": 0}
    alphas = {"alpha_W": a, "alpha_H": b, "l1_ratio": ratio}
    l1, l2 = ((n * a * share, m * b * share) for share in (ratio, 1 - ratio))
    init = (library(W), library(H))
    W2, H2, _ = sklearn_nmf(X, W.copy(), H.copy(), solver="cd", **common, **alphas)
    ours = nmf.hals(library(X), 4, sweeps=1, extrapolate=False, init=init, l1=l1, l2=l2, max_iter=60, tol=0)
    np.testing.assert_allclose(library.numpy(ours.W), W2, atol=1e-6)
    np.testing.assert_allclose(library.numpy(ours.H), H2, atol=1e-6)
    for loss, name in (("frobenius", "frobenius"), ("kl", "kullback-leibler")):
        W2, H2, _ = sklearn_nmf(X, W.copy(), H.copy(), solver="mu", beta_loss=name, **common, **alphas)
        ours = nmf.multiplicative(
            library(X), 4, loss=loss, extrapolate=False, init=init, l1=l1, l2=l2, max_iter=60, tol=0
        )
        np.testing.assert_allclose(library.numpy(ours.W), W2, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(library.numpy(ours.H), H2, rtol=1e-5, atol=1e-7)


@every_variant
def test_with_penalties_the_objective_never_rises_and_is_the_error(run, library, request):
    X = data()
    W, H, errors = map(library.numpy, run(library(X), 4, l1=(0.1, 0.2), l2=(0.3, 0.05), max_iter=40, tol=0))
    added = 0.1 * W.sum() + 0.2 * H.sum() + 0.15 * np.sum(W**2) + 0.025 * np.sum(H**2)
    if "kl" in request.node.callspec.id:
        expected = objective(X, W, H, "kl") + added / X.sum()
    else:
        expected = (objective(X, W, H, "frobenius") ** 2 + 2 * added / np.sum(X**2)) ** 0.5
    assert errors[-1] == pytest.approx(expected)
    assert (np.diff(errors) <= 0).all()


def test_where_a_run_ends_the_conditions_of_a_minimum_hold(library):
    X, l1, l2 = data(), 0.05, 0.02
    W, H, _ = map(library.numpy, nmf.hals(library(X), 4, l1=l1, l2=l2, max_iter=20000, tol=0))
    for F, slope in ((W, (W @ H - X) @ H.T + l1 + l2 * W), (H, W.T @ (W @ H - X) + l1 + l2 * H)):
        assert np.abs(slope[F > 0]).max() < 1e-5  # flat where F is free,
        assert slope[F == 0].min() > -1e-5  # uphill where F would like to be negative
        assert (F == 0).any()


# --- errors that are small, and when to stop ---


@every_variant
def test_an_exact_factorization_is_seen_to_be_one(run, dtype, library):
    X = data(40, 30, 3, noise=0, zeros=0.5).astype(dtype) - dtype.type(1e-3)
    X = np.maximum(X, 0)
    W, H, errors = map(library.numpy, run(library(X), 3, max_iter=3000, tol=0))
    true = np.linalg.norm(X.astype(float) - W.astype(float) @ H) / np.linalg.norm(X)
    if run is not VARIANTS["kl"]:
        assert errors[-1] == pytest.approx(true, rel=0.05)  # the short formula is wrong by √eps: 3e-4, and 1e-8
    assert true < (2e-3 if dtype == np.float32 else 1e-3)
    assert (np.diff(errors) <= 0).all()


@every_variant
def test_tol_ends_the_run(run, library):
    X = library(data())
    factors = [run(X, 3, tol=tol, max_iter=500) for tol in (1e-2, 1e-4, 1e-8)]
    lengths = [len(f.errors) for f in factors]
    assert lengths == sorted(set(lengths))
    errors = library.numpy(factors[1].errors)
    assert errors[-2] - errors[-1] <= 1e-4 * errors[0]
    assert (errors[:-2] - errors[1:-1] > 1e-4 * errors[0]).all()


def test_a_place_that_is_worse_is_thrown_away():
    """One dimension, minimum at 0: the extrapolation is made to overshoot, and the plain step is taken instead."""
    visited = []

    def step(w, h):
        visited.append(w)
        return abs(w), w / 2, h

    pace = momentum.Pace(beta=9.0, grow=1.0, grow_bound=1.0)
    (best, _), errors = momentum.descend(
        step, (8.0, 0.0), lambda new, old, beta: new + beta * (new - old), pace=pace, max_iter=9, tol=0
    )
    assert visited[:4] == [8.0, 4.0, -16.0, 2.0]
    assert (np.diff(errors) < 0).all()
    assert errors[-1] == abs(best)


def test_a_step_that_rises_by_itself_ends_the_run():
    (best, _), errors = momentum.descend(
        lambda w, h: (w, w + 1, h), (1.0, 0.0), lambda n, o, b: n, pace=None, max_iter=9, tol=0
    )
    assert (best, errors) == (1.0, [1.0])


# --- starts ---


@pytest.mark.parametrize(("fill", "name"), [("zero", "nndsvd"), ("mean", "nndsvda")])
def test_nndsvd_is_scikit_learns(fill, name, library, dtype):
    from sklearn.decomposition._nmf import _initialize_nmf

    for shape in ((30, 20), (20, 30)):
        X = data(*shape).astype(dtype)
        W, H = map(library.numpy, nmf.nndsvd(library(X), 4, fill=fill))
        W2, H2 = _initialize_nmf(X, 4, init=name, random_state=0)
        assert W.dtype == dtype
        np.testing.assert_allclose(W, W2, atol=2e-3)
        np.testing.assert_allclose(H, H2, atol=2e-3)


def test_each_pair_of_nndsvd_is_the_larger_signless_part_of_its_term(library):
    X = data(8, 6)
    W, H = map(library.numpy, nmf.nndsvd(library(X), 3))
    U, s, Vh = np.linalg.svd(X)
    for w, h, u, sigma, v in zip(W.T, H, U.T, s, Vh, strict=False):
        parts = [sigma * np.outer(np.maximum(e * u, 0), np.maximum(e * v, 0)) for e in (1, -1)]
        np.testing.assert_allclose(np.outer(w, h), max(parts, key=np.linalg.norm), atol=1e-10)
        assert np.linalg.norm(w) == pytest.approx(np.linalg.norm(h))


def test_a_term_that_is_zero_starts_as_zeros(library):
    W, H = map(library.numpy, nmf.nndsvd(library(np.ones((4, 3))), 2))
    np.testing.assert_allclose(W @ H, np.ones((4, 3)), atol=1e-6)
    assert np.isfinite(W).all()
    assert np.abs(W[:, 1]).max() * np.abs(H[1]).max() < 1e-6


def test_the_random_start_has_the_level_of_the_data_and_a_seed(library):
    X = library(100 * data(200, 100))
    one, same, other = (nmf.hals(X, 5, init="random", rng=r, max_iter=0) for r in (1, 1, 2))
    np.testing.assert_array_equal(library.numpy(one.W), library.numpy(same.W))
    assert np.abs(library.numpy(one.W) - library.numpy(other.W)).max() > 0.1
    level = library.numpy(one.reconstruct()).mean() / library.numpy(X).mean()
    assert 0.5 < level < 0.8  # E|z|² = 2/π


def test_a_rank_above_both_sides_needs_another_start():
    with pytest.raises(ValueError, match=r"rank is 4, init='nndsvda' allows at most 3: use init='random'"):
        nmf.hals(data(5, 3), 4)
    assert nmf.hals(data(5, 3), 4, init="random", rng=0).W.shape == (5, 4)


# --- zeros ---


def test_a_multiplicative_zero_stays_and_a_floor_frees_it(library):
    X, (W, H) = data(), start(data(), 4)
    W[3, 2] = H[1, 5] = 0
    init = (library(W), library(H))
    for loss in ("frobenius", "kl"):
        locked = nmf.multiplicative(library(X), 4, loss=loss, init=init, max_iter=300, tol=0)
        freed = nmf.multiplicative(library(X), 4, loss=loss, init=init, max_iter=300, tol=0, floor=1e-9)
        assert float(locked.W[3, 2]) == float(locked.H[1, 5]) == 0
        assert library.numpy(freed.W).min() >= 1e-9
        assert max(float(freed.W[3, 2]), float(freed.H[1, 5])) > 1e-3


def test_small_entries_stop_short_of_the_numbers_that_slow_a_processor_down(library):
    X = library(np.kron(np.eye(3), np.ones((8, 5))).astype(np.float32))
    factors = nmf.multiplicative(X, 3, max_iter=2000, tol=0, init="random", rng=0)
    for F in (library.numpy(factors.W), library.numpy(factors.H)):
        assert F.min() >= 1e-19
        assert F.min() < 1e-18


def test_a_dead_component_is_revived(library):
    X = data(noise=0.01)
    W, H = start(X, 4)
    H[2] = 0
    W[:, 2] = 0
    W[:, 1] = 0
    init = (library(W), library(H))
    ours = nmf.hals(library(X), 4, init=init, max_iter=300, tol=0)
    three = nmf.hals(library(X), 3, init="nndsvda", max_iter=300, tol=0)
    assert (library.numpy(ours.H).max(1) > 0).all()
    assert (library.numpy(ours.W).max(0) > 0).all()
    assert (np.diff(library.numpy(ours.errors)) <= 0).all()
    assert float(ours.errors[-1]) < 0.9 * float(three.errors[-1])


@pytest.mark.parametrize("zero", ["W", "H"])
def test_the_dead_get_what_is_missing_of_the_worst_row_and_it_alone(zero, library):
    X, (W, H) = data(), start(data(), 3)
    H *= 0.1  # too dark, so that something is missing everywhere
    (W.T if zero == "W" else H)[1] = 0
    alive = np.delete(W, 1, 1) @ np.delete(H, 1, 0)
    worst = int(np.argmax(np.sum((X - alive) ** 2, axis=1)))
    w, h, x = library(W.T.copy()), library(H), library(X)
    C, G, w2, h2 = map(library.numpy, alternating.revived(namespace(library), x, h @ x.T, h @ h.T, w, h))
    np.testing.assert_allclose(w2[1], np.eye(len(X))[worst])
    np.testing.assert_allclose(h2[1], np.maximum(X[worst] - alive[worst], 0), atol=1e-12)
    np.testing.assert_array_equal(np.delete(w2, 1, 0), np.delete(W.T, 1, 0))
    np.testing.assert_array_equal(np.delete(h2, 1, 0), np.delete(H, 1, 0))
    np.testing.assert_allclose(C, h2 @ X.T)
    np.testing.assert_allclose(G, h2 @ h2.T)
    assert np.linalg.norm(X - w2.T @ h2) < np.linalg.norm(X - W @ H)


def test_two_dead_components_are_not_given_the_same_task(library):
    X, (W, H) = data(), start(data(), 4)
    H *= 0.1  # too dark, so that something is missing everywhere
    H[1:3] = 0
    x, w, h = library(X), library(W.T.copy()), library(H)
    _, _, w2, h2 = map(library.numpy, alternating.revived(namespace(library), x, h @ x.T, h @ h.T, w, h))
    errors = [np.linalg.norm(X - w2[keep].T @ h2[keep]) for keep in ([0, 3], [0, 1, 3], [0, 1, 2, 3])]
    assert errors[0] > errors[1] > errors[2]


def test_a_component_that_a_penalty_has_killed_stays_dead(library):
    ours = nmf.hals(library(data(noise=0.01)), 6, l1=0.5, max_iter=300, tol=0)
    dead = library.numpy(ours.H).max(1) == 0
    assert dead.any()
    assert (np.diff(library.numpy(ours.errors)) <= 0).all()


def test_nothing_is_revived_where_nothing_is_missing(library):
    X = library(np.ones((4, 3)))
    ours = nmf.hals(X, 2, init=(library(np.eye(4, 2) * 0 + [1, 0]), library(np.ones((2, 3)) * [[1], [0]])), tol=0)
    assert float(ours.errors[-1]) == 0
    assert np.isfinite(library.numpy(ours.W)).all()


@every_variant
def test_empty_rows_and_columns_are_zeros_of_the_factors(run, library):
    X = data()
    X[4] = 0
    X[:, [0, 7]] = 0
    whole = run(library(X), 3, init="random", max_iter=30, tol=0, rng=0)
    W, H = library.numpy(whole.W), library.numpy(whole.H)
    assert not W[4].any()
    assert not H[:, [0, 7]].any()
    assert np.delete(W, 4, 0).any(1).all()
    assert (W.shape, H.shape) == ((30, 3), (3, 20))
    rows, columns = X.any(1), X.any(0)
    full = run(library(X), 3, init="random", max_iter=0, rng=0)
    assert not library.numpy(full.W)[4].any()
    init = (library(library.numpy(full.W)[rows]), library(library.numpy(full.H)[:, columns]))
    trimmed = run(library(X[rows][:, columns]), 3, init=init, max_iter=30, tol=0)
    np.testing.assert_allclose(library.numpy(trimmed.W), W[rows], atol=1e-12)
    np.testing.assert_allclose(library.numpy(trimmed.H), H[:, columns], atol=1e-12)


# --- sparse, and missing ---


@every_variant
@pytest.mark.parametrize("form", ["csr_matrix", "csc_array", "coo_array"])
def test_sparse_gives_what_dense_gives(run, form, dtype):
    X = data(40, 25).astype(dtype)
    X[X < 0.8] = 0
    X[:, 3] = 0
    init = tuple(F.astype(dtype) for F in start(X, 4))
    sparse, dense = (run(Y, 4, init=init, max_iter=20, tol=0) for Y in (getattr(scipy.sparse, form)(X), X))
    bound = 1e-9 if dtype == np.float64 else 1e-3
    for a, b in zip(sparse, dense, strict=True):
        assert type(a) is np.ndarray
        assert a.dtype == dtype
        np.testing.assert_allclose(a, b, atol=bound)
    for init in ("nndsvda", "random"):
        a, b = (run(Y, 3, init=init, max_iter=2, rng=0).errors[0] for Y in (getattr(scipy.sparse, form)(X), X))
        assert a == pytest.approx(b, rel=1e-3)


def test_sparse_data_with_a_dead_component_or_an_exact_fit():
    X = np.kron(np.eye(3), np.ones((4, 3)))
    W, H = np.kron(np.eye(3), np.ones((4, 1))), np.kron(np.eye(3), np.ones((1, 3)))
    W[:, 1] = H[1] = 0
    for Y in (X, scipy.sparse.csr_array(X), scipy.sparse.csc_matrix(X)):
        errors = nmf.hals(Y, 3, init=(W, H), max_iter=300, tol=0).errors
        assert errors[0] == pytest.approx(3**-0.5)
        assert errors[1] == 0


@every_variant
def test_missing_entries_do_not_count_and_are_filled(run, library, request):
    X = data(40, 30, 3, noise=0, zeros=0.2) - 1e-3 + 0.05
    rng = np.random.default_rng(5)
    mask = rng.random(X.shape) > 0.3
    damaged = np.where(mask, X, 99)
    W, H, errors = map(
        library.numpy, run(library(damaged), 3, mask=library(mask), init="random", rng=1, max_iter=3000, tol=1e-9)
    )
    loss = "kl" if "kl" in request.node.callspec.id else "frobenius"
    assert errors[-1] == pytest.approx(objective(X, W, H, loss, mask), abs=1e-8)
    assert (np.diff(errors) <= 0).all()
    missing = np.linalg.norm((W @ H - X)[~mask]) / np.linalg.norm(X[~mask])
    naive = run(library(np.where(mask, X, 0)), 3, init="random", rng=1, max_iter=300)
    zeros = np.linalg.norm((library.numpy(naive.reconstruct()) - X)[~mask]) / np.linalg.norm(X[~mask])
    assert missing < 0.06
    assert zeros > 0.2
    for poison in (0.0, np.nan):
        again = run(library(np.where(mask, X, poison)), 3, mask=library(mask), init="random", rng=1, max_iter=20, tol=0)
        first = run(library(damaged), 3, mask=library(mask), init="random", rng=1, max_iter=20, tol=0)
        np.testing.assert_array_equal(library.numpy(again.W), library.numpy(first.W))


@every_variant
def test_a_mask_that_hides_nothing_changes_nothing(run, library):
    X, init = data(), tuple(map(library, start(data(), 3)))
    full = library(np.ones(X.shape, bool))
    a, b = (run(library(X), 3, init=init, mask=mask, max_iter=15, tol=0) for mask in (full, None))
    np.testing.assert_allclose(library.numpy(a.W), library.numpy(b.W), atol=1e-10)


def test_the_masked_kl_updates_are_those_with_weights(library):
    """W ← W∘((M∘X/WH)Hᵀ)/(MHᵀ), then H likewise: written out, without blocks."""
    X, (W, H) = data(), start(data(), 3)
    mask = np.random.default_rng(0).random(X.shape) > 0.4
    ours = nmf.multiplicative(
        library(X),
        3,
        loss="kl",
        mask=library(mask),
        init=(library(W), library(H)),
        extrapolate=False,
        max_iter=4,
        tol=0,
    )
    for _ in range(4):
        W = W * ((mask * X / (W @ H)) @ H.T) / (mask @ H.T)
        H = H * (W.T @ (mask * X / (W @ H))) / (W.T @ mask)
    np.testing.assert_allclose(library.numpy(ours.W), W, atol=1e-12)
    np.testing.assert_allclose(library.numpy(ours.H), H, atol=1e-12)


@every_variant
def test_under_a_mask_the_error_is_that_of_the_known_entries(run, library, request):
    X, mask = data(noise=0.5), np.random.default_rng(0).random((30, 20)) > 0.02
    init = tuple(map(library, start(X, 3)))
    factors = run(library(X), 3, mask=library(mask), init=init, max_iter=8, tol=0)
    W, H, errors = map(library.numpy, factors)
    loss = "kl" if "kl" in request.node.callspec.id else "frobenius"
    assert errors[0] == pytest.approx(objective(X, *map(library.numpy, init), loss, mask))
    assert errors[-1] == pytest.approx(objective(X, W, H, loss, mask))


def test_a_masked_hals_iteration_fills_before_each_half(library):
    X, (W, H) = data(), start(data(), 3)
    mask = np.random.default_rng(0).random(X.shape) > 0.4
    init = (library(W), library(H))
    ours = nmf.hals(library(X), 3, mask=library(mask), init=init, sweeps=1, extrapolate=False, max_iter=1, tol=0)
    W = nmf.hals_step(np.where(mask, X, W @ H).T, H.T.copy(), W.T.copy()).T
    H = nmf.hals_step(np.where(mask, X, W @ H), W, H)
    np.testing.assert_allclose(library.numpy(ours.W), W, atol=1e-12)
    np.testing.assert_allclose(library.numpy(ours.H), H, atol=1e-12)


def test_the_start_under_a_mask_has_the_mean_of_the_known_entries_for_the_others(library):
    X = np.full((6, 5), 2.0)
    mask = np.eye(6, 5) == 0
    _, posed = problem.posed(library(np.where(mask, X, 50)), 1, "nndsvda", library(mask), None)
    np.testing.assert_allclose(library.numpy(posed.W.T @ posed.H), X, atol=1e-6)


# --- real digits ---


@pytest.fixture(scope="module")
def digits(mnist):
    """The first 10,000 images and scikit-learn's NNDSVDa starts, float32."""
    from sklearn.decomposition._nmf import _initialize_nmf

    X = (mnist[:10000] / 255).astype(np.float32)
    return X, {rank: _initialize_nmf(X, rank, init="nndsvda", random_state=0) for rank in (16, 49)}


@pytest.mark.parametrize(("rank", "cd", "mu"), [(16, 0.54077, 0.54515), (49, 0.38464, 0.39866)])
def test_mnist_passes_the_known_errors(rank, cd, mu, digits):
    X, starts = digits
    fast = nmf.hals(X, rank, init=starts[rank], max_iter=60, tol=0)
    assert fast.errors[-1] < cd
    assert np.linalg.norm(X - fast.reconstruct()) / np.linalg.norm(X) == pytest.approx(fast.errors[-1], abs=1e-4)
    assert (np.diff(fast.errors) <= 0).all()
    plain = nmf.multiplicative(X, rank, init=starts[rank], extrapolate=False, max_iter=200, tol=0)
    assert plain.errors[-1] == pytest.approx(mu, abs=1e-3)


def test_mnist_plain_hals_comes_to_the_known_error(digits):
    X, starts = digits
    plain = nmf.hals(X, 16, sweeps=1, extrapolate=False, init=starts[16], max_iter=600, tol=0)
    assert plain.errors[-1] == pytest.approx(0.53912, abs=1e-3)


def test_the_start_of_mnist_is_that_of_the_exact_svd(digits):
    """scikit-learn's own differs from it by up to 3 % in a component: its randomized SVD stops earlier."""
    X, starts = digits
    ours = nmf.nndsvd(X, 16, fill="mean")
    U, s, Vh = np.linalg.svd(X, full_matrices=False)
    for F, G, theirs in zip(ours, start_by_the_paper(U[:, :16], s[:16], Vh[:16], X.mean()), starts[16], strict=True):
        assert np.linalg.norm(F - G) <= 2e-4 * np.linalg.norm(G)
        assert np.linalg.norm(F - theirs) <= 0.05 * np.linalg.norm(G)


def start_by_the_paper(U, s, Vh, fill):
    """NNDSVDa one pair at a time, as the paper writes it."""
    W, H = np.zeros_like(U), np.zeros_like(Vh)
    for k in range(len(s)):
        pairs = [(np.maximum(e * U[:, k], 0), np.maximum(e * Vh[k], 0)) for e in (1, -1)]
        x, y = max(pairs, key=lambda pair: np.linalg.norm(pair[0]) * np.linalg.norm(pair[1]))
        nx, ny = np.linalg.norm(x), np.linalg.norm(y)
        W[:, k], H[k] = (s[k] * nx * ny) ** 0.5 * x / nx, (s[k] * nx * ny) ** 0.5 * y / ny
    return tuple(np.where(F / F.max() > 1e-6, F, fill) for F in (W, H))


def test_scikit_learn_still_has_its_estimator():
    """The peer that the chapter ends with."""
    X = data()
    theirs = NMF(4, init="nndsvda", solver="cd", max_iter=400, tol=0).fit(X)
    ours = nmf.hals(X, 4, max_iter=400, tol=0)
    assert ours.errors[-1] <= theirs.reconstruction_err_ / np.linalg.norm(X) + 1e-3
