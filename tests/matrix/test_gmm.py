"""gmm against scikit-learn, against its own textbook twin, and against what EM promises: the likelihood never falls."""

import tracemalloc
import warnings

import numpy as np
import pytest
from array_api_compat import array_namespace
from hypothesis import given, reject
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Theirs

from companion.matrix import gmm
from companion.matrix.gmm import collapse, moments
from companion.matrix.gmm import covariance as cov
from companion.matrix.gmm.maximize import Estimate, from_moments, from_responsibilities

every_kind = pytest.mark.parametrize("kind", cov.KINDS)
INVERSE = {"full": np.linalg.inv, "tied": np.linalg.inv, "diag": np.reciprocal, "spherical": np.reciprocal}


@pytest.fixture(scope="module")
def cloud():
    """600 points of three ellipsoids in 3 dimensions, of different sizes, which overlap."""
    rng = np.random.default_rng(0)
    turns = rng.standard_normal((3, 3, 3)) / 2 + np.eye(3)
    which = rng.choice(3, 600, p=[0.5, 0.3, 0.2])
    centres = np.array([[0, 0, 0], [3, 1, 0], [0, 3, 2.0]])
    return centres[which] + np.einsum("nij,nj->ni", turns[which], rng.standard_normal((600, 3)))


def begin(X, k, kind, seed=0, reg=0.0):
    """The mixture from which em begins, with NumPy."""
    return gmm.em(X, k, covariance=kind, rng=seed, max_iter=0, reg=reg).mixture


def moved(mixture, library, dtype):
    arrays = (library(np.asarray(x).astype(dtype)) for x in (mixture.weights, mixture.means, mixture.covariances))
    return gmm.GaussianMixture(*arrays, mixture.covariance)


def numbers(mixture, library):
    return [library.numpy(x) for x in (mixture.weights, mixture.means, mixture.covariances)]


def theirs_from(start, X, steps, reg=0.0):
    """scikit-learn's EM from the same start, for exactly as many steps."""
    k, kind = len(start.weights), start.covariance
    ours = {
        "weights_init": start.weights,
        "means_init": start.means,
        "precisions_init": INVERSE[kind](start.covariances),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return Theirs(k, covariance_type=kind, tol=0, max_iter=steps, reg_covar=reg, **ours).fit(X)


# --- the two steps ---


@every_kind
def test_the_e_step_is_bayes_rule(kind, cloud, library, dtype, tol):
    start = begin(cloud, 3, kind)
    density = [
        multivariate_normal(m, S).pdf(cloud)
        for m, S in zip(start.means, cov.matrices(np, kind, start.covariances, 3, 3), strict=True)
    ]
    joint = start.weights * np.stack(density, axis=1)
    logs, log_likelihood = gmm.e_step(library(cloud.astype(dtype)), moved(start, library, dtype))
    assert library.numpy(logs).dtype == dtype
    np.testing.assert_allclose(np.exp(library.numpy(logs)), joint / joint.sum(1, keepdims=True), atol=50 * tol)
    assert log_likelihood == pytest.approx(np.log(joint.sum(1)).mean(), rel=10 * tol)


@every_kind
def test_the_m_step_is_weighted_means_and_covariances(kind, cloud, library, dtype, tol):
    X, r = cloud.astype(dtype), np.random.default_rng(1).dirichlet([1, 1, 1], 600).astype(dtype)
    full = np.stack([np.cov(cloud.T, aweights=w, ddof=0) for w in r.T])
    variances = full.diagonal(axis1=1, axis2=2)
    expected = {
        "full": full,
        "tied": np.einsum("k,kij->ij", r.mean(0), full),
        "diag": variances,
        "spherical": variances.mean(1),
    }
    for reg in (0, 0.25):
        ours = gmm.m_step(library(X), library(np.log(r)), covariance=kind, reg=reg)
        weights, means, C = numbers(ours, library)
        assert weights.dtype == means.dtype == C.dtype == dtype
        np.testing.assert_allclose(weights, r.mean(0), rtol=10 * tol)
        np.testing.assert_allclose(means, [np.average(cloud, axis=0, weights=w) for w in r.T], atol=10 * tol)
        added = reg * np.eye(3) if kind in ("full", "tied") else reg
        np.testing.assert_allclose(C, expected[kind] + added, atol=20 * tol)


def test_a_component_without_points_gets_no_weight_and_the_shape_of_all(cloud, library):
    logs = np.full((600, 3), -np.inf)
    logs[:, 0] = 0
    logs[:, 2] = -1e4
    for kind in cov.KINDS:
        weights, means, C = numbers(gmm.m_step(library(cloud), library(logs), covariance=kind, reg=0), library)
        assert weights.tolist() == [1, 0, 0]
        np.testing.assert_allclose(means, np.tile(cloud.mean(0), (3, 1)))
        whole = np.cov(cloud.T, ddof=0)
        expected = cov.stored(np, kind, whole, 3)
        np.testing.assert_allclose(C, expected, atol=1e-12)


@every_kind
def test_em_gives_up_a_component_that_is_far_from_all_points(kind, cloud, library):
    far = library(np.vstack([cloud[:2], np.full(3, 1e4)]))
    fitted = gmm.em(library(cloud), 3, covariance=kind, init=far, max_iter=30)
    weights, _, _ = numbers(fitted.mixture, library)
    assert weights[2] == 0
    assert weights.sum() == pytest.approx(1)
    assert np.isfinite(library.numpy(fitted.log_likelihoods)).all()
    assert np.isfinite(library.numpy(fitted.mixture.log_prob(library(cloud)))).all()
    assert (library.numpy(fitted.mixture.predict(library(cloud))) < 2).all()


# --- the whole ---


@every_kind
def test_em_reaches_what_scikit_learn_reaches_from_the_same_start(kind, cloud, library):
    for reg in (0, 1e-3):
        start = begin(cloud, 3, kind, reg=reg)
        theirs = theirs_from(start, cloud, 40, reg)
        given = moved(start, library, float)
        ours = gmm.em(library(cloud), 3, covariance=kind, init=given, max_iter=40, tol=0, reg=reg)
        weights, means, C = numbers(ours.mixture, library)
        assert float(ours.log_likelihoods[-1]) == pytest.approx(theirs.score(cloud), rel=1e-9)
        np.testing.assert_allclose(weights, theirs.weights_, rtol=1e-6)
        np.testing.assert_allclose(means, theirs.means_, atol=1e-6)
        np.testing.assert_allclose(C, theirs.covariances_, atol=1e-6)


@every_kind
def test_float32_stays_float32_and_comes_near(kind, cloud, library):
    start = begin(cloud, 3, kind)
    X = library(cloud.astype(np.float32))
    ours = gmm.em(X, 3, covariance=kind, init=moved(start, library, np.float32), max_iter=40, tol=0, reg=0)
    assert all(x.dtype == np.float32 for x in numbers(ours.mixture, library))
    assert library.numpy(ours.log_likelihoods).dtype == np.float32
    assert float(ours.log_likelihoods[-1]) == pytest.approx(theirs_from(start, cloud, 40).score(cloud), abs=1e-3)


@every_kind
def test_both_libraries_take_the_same_path(kind, cloud, library):
    ours, expected = (gmm.em(X, 4, covariance=kind, rng=3, restarts=2, max_iter=30) for X in (library(cloud), cloud))
    assert library.numpy(ours.log_likelihoods) == pytest.approx(expected.log_likelihoods, rel=1e-8)
    for x, y in zip(numbers(ours.mixture, library), numbers(expected.mixture, Plain), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-6, atol=1e-7)


class Plain:
    numpy = staticmethod(np.asarray)


@every_kind
def test_the_likelihood_never_falls(kind, cloud, library, dtype):
    for seed in range(4):
        X = library(cloud.astype(dtype))
        curve = gmm.em(X, 5, covariance=kind, rng=seed, max_iter=60, tol=0, reg=0).log_likelihoods
        assert np.diff(library.numpy(curve)).min() > (-1e-12 if dtype == np.float64 else -5e-6)


@given(
    seed=st.integers(0, 2**32 - 1), k=st.integers(1, 4), kind=st.sampled_from(cov.KINDS), offset=st.floats(-1e3, 1e3)
)
def test_the_likelihood_never_falls_on_points_without_structure(seed, k, kind, offset):
    X = np.random.default_rng(seed).standard_normal((80, 2)) + offset
    try:
        curve = gmm.em(X, k, covariance=kind, rng=seed, max_iter=25, tol=0, reg=0).log_likelihoods
    except ValueError:  # a component found two points to shrink on
        reject()
    assert np.diff(curve).min(initial=0) > -1e-10


@every_kind
def test_regularization_costs_no_more_than_it_says(kind, cloud):
    for reg in (1e-3, 0.1, 1.0):
        mixture = begin(cloud, 3, kind, reg=reg)
        for _ in range(20):
            logs, before = gmm.e_step(cloud, mixture)
            mixture = gmm.m_step(cloud, logs, covariance=kind, reg=reg)
            after = mixture.log_prob(cloud).mean()
            plain = cov.raised(np, kind, mixture.covariances, -reg)
            t = reg / np.linalg.eigvalsh(cov.matrices(np, kind, plain, 3, 3))
            assert after - before >= -mixture.weights @ (t**2).sum(1) / 4 - 1e-12


def test_regularization_can_lower_the_likelihood(cloud):
    curve = gmm.em(cloud, 3, reg=1.0, rng=0, max_iter=50, tol=0).log_likelihoods
    assert np.diff(curve).min() < -1e-6


def test_the_curve_begins_with_the_start_and_ends_with_the_result(cloud, library):
    X = library(cloud)
    fitted = gmm.em(X, 3, rng=0, max_iter=7, tol=0)
    assert fitted.log_likelihoods.shape == (8,)
    assert float(fitted.log_likelihoods[0]) == pytest.approx(begin(cloud, 3, "full", reg=1e-6).log_prob(cloud).mean())
    assert float(fitted.log_likelihoods[-1]) == pytest.approx(library.numpy(fitted.mixture.log_prob(X)).mean())


def test_em_stops_when_a_step_gains_less_than_tol(cloud):
    curve = gmm.em(cloud, 3, rng=0, tol=1e-3).log_likelihoods
    gains = np.diff(curve)
    assert gains[-1] < 1e-3
    assert (gains[:-1] >= 1e-3).all()
    assert gmm.em(cloud, 3, rng=0, tol=0, max_iter=150).log_likelihoods.shape == (151,)


def test_the_best_of_several_starts_is_returned(cloud):
    rng = np.random.default_rng(5)
    alone = [float(gmm.em(cloud, 6, rng=rng, max_iter=30).log_likelihoods[-1]) for _ in range(6)]
    together = gmm.em(cloud, 6, rng=5, restarts=6, max_iter=30)
    assert max(alone) > min(alone) + 1e-3
    assert float(together.log_likelihoods[-1]) == max(alone)


@pytest.mark.bad_input
def test_several_runs_from_one_given_start_are_refused(cloud):
    for init in (cloud[:3], begin(cloud, 3, "full")):
        with pytest.raises(ValueError, match="restarts is 2, but runs from a given start are all the same"):
            gmm.em(cloud, 3, init=init, restarts=2)


def test_a_seed_or_a_generator_fixes_the_result(cloud):
    first, second = (gmm.em(cloud, 4, rng=rng, max_iter=5).mixture for rng in (7, np.random.default_rng(7)))
    np.testing.assert_array_equal(first.means, second.means)
    assert (gmm.em(cloud, 4, rng=8, max_iter=5).mixture.means != first.means).any()
    fresh = [gmm.em(cloud, 4, max_iter=0).mixture.means for _ in range(2)]
    assert (fresh[0] != fresh[1]).any()


def test_one_component_is_the_mean_and_covariance_after_one_step(cloud, library):
    weights, means, C = numbers(gmm.em(library(cloud), 1, reg=0, max_iter=1, rng=0).mixture, library)
    assert weights.tolist() == [1]
    np.testing.assert_allclose(means[0], cloud.mean(0))
    np.testing.assert_allclose(C[0], np.cov(cloud.T, ddof=0))


def test_means_may_be_given(cloud, library):
    means = np.array([[0, 0, 0], [3, 1, 0], [0, 3, 2.0]])
    start = gmm.em(library(cloud), 3, init=library(means), max_iter=0, reg=0).mixture
    nearest = np.argmin(((cloud[:, None] - means) ** 2).sum(2), axis=1)
    weights, centres, C = numbers(start, library)
    np.testing.assert_array_equal(centres, means)
    np.testing.assert_allclose(weights, (np.bincount(nearest) + 1) / 603)
    around = cloud - means[nearest]
    np.testing.assert_allclose(C, np.tile(around.T @ around / 600, (3, 1, 1)))


@every_kind
def test_a_mixture_that_is_known_is_found_again(kind):
    rng = np.random.default_rng(0)
    S = {
        "full": [[[2, 0.8], [0.8, 1]], [[1, -0.4], [-0.4, 0.5]]],
        "tied": [[2, 0.8], [0.8, 1]],
        "diag": [[2, 0.5], [0.3, 1]],
        "spherical": [2, 0.4],
    }[kind]
    true = gmm.GaussianMixture(np.array([0.3, 0.7]), np.array([[0, 0], [6, 2.0]]), np.array(S, float), kind)
    found = gmm.em(true.sample(20_000, rng=rng).X, 2, covariance=kind, rng=0, tol=1e-9).mixture
    order = np.argsort(found.weights)
    np.testing.assert_allclose(found.weights[order], true.weights, atol=0.01)
    np.testing.assert_allclose(found.means[order], true.means, atol=0.05)
    C = found.covariances if kind == "tied" else found.covariances[order]
    np.testing.assert_allclose(C, S, atol=0.06)


# --- the fast sweep and its textbook twin ---


@every_kind
@pytest.mark.parametrize("d", [1, 2, 4, 7])
def test_a_sweep_is_an_e_step_and_an_m_step(kind, d, library, dtype, tol, monkeypatch):
    monkeypatch.setattr(moments, "BLOCK", 100 * 512)  # several blocks, the last one shorter
    rng = np.random.default_rng(d)
    X = (rng.standard_normal((333, d)) + 2 * rng.integers(0, 2, (333, 1))).astype(dtype)
    mixture = moved(begin(X.astype(float), 3, kind), library, dtype)
    X = library(X)
    xp, data = array_namespace(X), moments.look(array_namespace(X), X)
    logs, log_likelihood = gmm.e_step(X, mixture)
    found = moments.sweep(data, mixture)
    assert found.log_likelihood == pytest.approx(log_likelihood, abs=10 * tol)
    twin, fast = from_responsibilities(data, xp.exp(logs), kind), from_moments(data, found, kind)
    for ours, theirs in zip(fast, twin, strict=True):
        assert library.numpy(ours).dtype == dtype
        np.testing.assert_allclose(library.numpy(ours), library.numpy(theirs), atol=100 * tol, rtol=100 * tol)


@every_kind
def test_narrow_components_far_out_are_left_to_the_exact_steps(kind, library):
    rng = np.random.default_rng(0)
    near = np.concatenate([rng.standard_normal((300, 2)) * 1e-2, rng.standard_normal((300, 2)) * 1e-2 + 0.1])
    far = np.round(near * 2.0**20) / 2.0**20  # so that adding and taking away 10,000 loses no digit
    shift = np.where(np.arange(600)[:, None] < 300, 0.0, 1e4)
    start = begin(far, 2, kind)
    X = library(far + shift)
    data = moments.look(array_namespace(X), X)
    fitted = gmm.em(X, 2, covariance=kind, rng=0, reg=0, tol=0, max_iter=10)
    assert not moments.safe(data, fitted.mixture)
    assert moments.safe(moments.look(np, far), start)
    halves = [
        gmm.em(library(half), 1, covariance=kind, rng=0, reg=0, max_iter=2).mixture for half in (far[:300], far[300:])
    ]
    order = np.argsort(library.numpy(fitted.mixture.means)[:, 0])
    C = library.numpy(fitted.mixture.covariances)
    expected = np.stack([numbers(half, library)[2] for half in halves])
    expected = expected.mean(0) if kind == "tied" else expected[:, 0]
    np.testing.assert_allclose(C if kind == "tied" else C[order], expected, rtol=1e-8)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_unit_of_the_data_does_not_matter(scale, cloud, library):
    start = begin(cloud, 3, "full")
    units = np.array([scale, 1, 1 / scale])
    scaled = gmm.GaussianMixture(start.weights, start.means * units, start.covariances * np.outer(units, units))
    X = library(cloud * units)
    data = moments.look(array_namespace(X), X)
    assert moments.safe(data, moved(scaled, library, float))
    ours = gmm.em(X, 3, init=moved(scaled, library, float), reg=0, max_iter=20, tol=0).mixture
    expected = gmm.em(cloud, 3, init=start, reg=0, max_iter=20, tol=0).mixture
    np.testing.assert_allclose(library.numpy(ours.means) / units, expected.means, atol=1e-8)


def test_far_from_the_origin_the_result_is_the_same(cloud, library):
    start = begin(cloud, 3, "full")
    shifted = gmm.GaussianMixture(start.weights, start.means + 1e4, start.covariances)
    ours = gmm.em(library(cloud + 1e4), 3, init=moved(shifted, library, float), reg=0, max_iter=20, tol=0)
    expected = gmm.em(cloud, 3, init=start, reg=0, max_iter=20, tol=0)
    np.testing.assert_allclose(library.numpy(ours.log_likelihoods), expected.log_likelihoods, rtol=1e-9)


def test_the_reach_of_a_sweep_is_to_both_sides():
    X = np.array([[0.0, -7], [1, 0], [2, 1]])
    for sign in (1, -1):
        data = moments.look(np, sign * X)
        np.testing.assert_allclose(data.reach, np.abs(X - X.mean(0)).max(0))
        np.testing.assert_allclose(data.spread, X.var(0))


def test_no_responsibility_is_so_small_that_processors_slow_down(library, dtype):
    joint = library(np.array([[0.0, 0], [-1e4, -700], [-90, -1]], dtype))
    r, total = moments.responsibilities(array_namespace(joint), joint)
    r, least = library.numpy(r), np.finfo(dtype).eps ** 2
    assert r.min() >= 0.5 * least
    np.testing.assert_allclose(r.sum(0), 1, rtol=1e-6)
    np.testing.assert_allclose(float(total), np.log1p(np.exp(-1.0)), rtol=1e-6)


def test_no_array_of_points_times_components_times_dimensions_is_formed():
    """16 components in 16 dimensions; scikit-learn's peak at the same task is the measure."""
    X = np.random.default_rng(0).standard_normal((60_000, 16))
    start = begin(X, 16, "full")

    def peak(run):
        run()
        tracemalloc.start()
        run()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    ours = peak(lambda: gmm.em(X, 16, init=start, max_iter=2, tol=0, reg=0))
    by_steps = peak(lambda: gmm.m_step(X, gmm.e_step(X, start).log_responsibilities, reg=0))
    theirs = peak(lambda: theirs_from(start, X, 2))
    assert ours < 1.5 * theirs
    assert by_steps < 1.5 * theirs
    assert max(ours, by_steps) < X.nbytes * 16 / 2


# --- collapse ---


@every_kind
def test_a_component_on_a_repeated_point_is_found_and_explained(kind, library):
    X = np.concatenate([np.random.default_rng(0).standard_normal((100, 3)), np.full((5, 3), 7.0)])
    means = np.array([[0, 0, 0], [7, 7, 7.0]])
    call = {"covariance": kind, "init": library(means), "max_iter": 500, "tol": 0}
    if kind == "tied":  # a common covariance has the spread of all: nothing to collapse
        gmm.em(library(X), 2, reg=0, **call)
        return
    with pytest.raises(ValueError, match=r"component 1 has collapsed: it holds 5 of 105 points.*Give a larger reg"):
        gmm.em(library(X), 2, reg=0, **call)
    mended = gmm.em(library(X), 2, reg=1e-3, **call).mixture
    least = np.linalg.eigvalsh(cov.matrices(np, kind, library.numpy(mended.covariances), 2, 3)[1])
    np.testing.assert_allclose(least, 1e-3, rtol=1e-6)


@every_kind
def test_a_component_has_collapsed_where_it_is_far_narrower_than_the_data_or_lost_in_their_rounding(kind):
    X = np.random.default_rng(0).standard_normal((100, 2))
    for offset, width, falls in ((0, 1e-9, False), (0, 5e-11, True), (1e6, 1e-8, False), (1e6, 5e-10, True)):
        data = moments.look(np, X + offset)
        C = np.array(cov.stored(np, kind, width**2 * np.eye(2), 2))
        if kind != "tied":
            C[0] = 1 if kind != "full" else np.eye(2)
        found = Estimate(np.array([60.0, 40.0]), X[:2] + offset, C)
        if not falls:
            collapse.accepted(data, found, kind, 0.0)
            continue
        who = "the common covariance has" if kind == "tied" else "component 1 has"
        with pytest.raises(ValueError, match=f"{who} collapsed"):
            collapse.accepted(data, found, kind, 0.0)


def test_a_component_has_collapsed_where_it_is_flat_but_for_rounding():
    data = moments.look(np, np.random.default_rng(0).standard_normal((100, 2)))
    for excess, falls in ((1e-15, True), (1e-13, False)):
        flat = np.array([[1, 1], [1, 1 + excess]])
        for kind, C in (("full", np.stack([np.eye(2), flat])), ("tied", flat)):
            found = Estimate(np.array([60.0, 40.0]), data.X[:2], C)
            if falls:
                with pytest.raises(ValueError, match=r"collapsed: it holds (40|100) of 100 points"):
                    collapse.accepted(data, found, kind, 0.0)
            else:
                collapse.accepted(data, found, kind, 0.0)


def test_flat_data_are_explained_before_a_component_is_blamed(cloud, library):
    flat = np.column_stack([cloud, cloud[:, 0] + cloud[:, 1], np.full(600, 0.1)])  # 0.1: a mean with rounding errors
    for kind, rank in (("full", 3), ("tied", 3), ("diag", 4)):
        with pytest.raises(
            ValueError, match=rf"600 points in 5 columns span {rank} dim.*1 columns are constant.*svd.pca"
        ):
            gmm.em(library(flat), 2, covariance=kind, reg=0, rng=0)
        assert np.isfinite(float(gmm.em(library(flat), 2, covariance=kind, rng=0, max_iter=5).log_likelihoods[-1]))


def test_a_start_that_collapses_is_left_out_if_another_does_not():
    X = np.concatenate([np.random.default_rng(0).standard_normal((100, 2)), np.full((4, 2), 3.0)])
    outcomes = []
    rng = np.random.default_rng(0)
    for _ in range(8):
        try:
            outcomes.append(float(gmm.em(X, 2, reg=0, rng=rng, max_iter=300).log_likelihoods[-1]))
        except ValueError:
            outcomes.append(-np.inf)
    assert -np.inf < max(outcomes)
    assert min(outcomes) == -np.inf
    assert float(gmm.em(X, 2, reg=0, rng=0, restarts=8, max_iter=300).log_likelihoods[-1]) == max(outcomes)


def test_raw_pixels_are_flat(mnist):
    with pytest.raises(ValueError, match=r"in 784 columns span 712 dimensions \(67 columns are constant\).*svd.pca"):
        gmm.em(mnist / 255, 2, reg=0, rng=0)
