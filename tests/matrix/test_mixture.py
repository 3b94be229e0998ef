"""A mixture's densities, criteria, samples and conditional densities against SciPy, scikit-learn and integrals."""

import numpy as np
import pytest
import scipy.integrate
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture as Theirs

from companion import _array
from companion.matrix import gmm
from companion.matrix.gmm import covariance as cov

every_kind = pytest.mark.parametrize("kind", cov.KINDS)
WEIGHTS = np.array([0.2, 0.5, 0.3])
MEANS = np.array([[0, 0, 0], [2, -1, 1], [-1, 3, 0.5]])
A = np.array([[[1.2, 0.3, 0], [0, 0.8, -0.4], [0.5, 0, 1]], [[0.5, 0, 0.2], [0.1, 0.6, 0], [0, 0, 0.7]], np.eye(3)])
STORED = {
    "full": A @ A.transpose(0, 2, 1),
    "tied": A[0] @ A[0].T,
    "diag": np.array([[1, 0.5, 2], [0.3, 0.4, 0.2], [1.5, 1, 0.7]]),
    "spherical": np.array([0.5, 1, 2]),
}
POINTS = np.random.default_rng(0).standard_normal((40, 3)) * 2


def make(kind, library=np.asarray, dtype="float64"):
    return gmm.GaussianMixture(*(library(x.astype(dtype)) for x in (WEIGHTS, MEANS, STORED[kind])), kind)


def matrices(kind):
    return cov.matrices(np, kind, STORED[kind], 3, 3)


def log_joint(kind, X):
    return np.stack(
        [multivariate_normal(m, S).logpdf(X) for m, S in zip(MEANS, matrices(kind), strict=True)], 1
    ) + np.log(WEIGHTS)


# --- densities ---


@every_kind
def test_log_prob_and_responsibilities_agree_with_scipy(kind, library, dtype, tol):
    ours, X = make(kind, library, dtype), library(POINTS.astype(dtype))
    expected = log_joint(kind, POINTS)
    total = logsumexp(expected, axis=1)
    for found, truth in (
        (ours.log_joint(X), expected),
        (ours.log_prob(X), total),
        (ours.responsibilities(X), np.exp(expected - total[:, None])),
    ):
        assert library.numpy(found).dtype == dtype
        np.testing.assert_allclose(library.numpy(found), truth, rtol=20 * tol, atol=20 * tol)
    assert library.numpy(ours.predict(X)).tolist() == expected.argmax(1).tolist()


@every_kind
def test_nothing_under_or_overflows_ten_thousand_standard_deviations_away(kind, library, dtype):
    far = POINTS + np.array([1e4, -1e4, 1e4]) * np.sqrt(matrices(kind)[0].diagonal())
    expected = log_joint(kind, far)
    ours, X = make(kind, library, dtype), library(far.astype(dtype))
    log_prob, r = library.numpy(ours.log_prob(X)), library.numpy(ours.responsibilities(X))
    assert (np.exp(expected) == 0).all()  # what the plain formula would divide by
    np.testing.assert_allclose(log_prob, logsumexp(expected, axis=1), rtol=1e-5)
    assert np.isfinite(r).all()
    np.testing.assert_allclose(r.sum(1), 1, rtol=1e-5)


def test_very_narrow_and_very_wide_components_have_their_densities(library):
    for variance in (1e-200, 1e-12, 1e12, 1e200):
        ours = gmm.GaussianMixture(
            library(np.ones(1)), library(np.zeros((1, 4))), library(np.array([variance])), "spherical"
        )
        at = float(ours.log_prob(library(np.zeros((1, 4))))[0])
        assert at == pytest.approx(-2 * np.log(2 * np.pi * variance))


@every_kind
def test_the_density_integrates_to_one(kind):
    grid = np.linspace(-14, 14, 57)
    points = np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), -1).reshape(-1, 3)
    assert np.exp(make(kind).log_prob(points)).sum() * (grid[1] - grid[0]) ** 3 == pytest.approx(1, abs=2e-3)


@every_kind
def test_matrices_write_every_covariance_out(kind, library, dtype):
    """As log_joint uses them: a diagonal from its variances, a ball from its one, the tied one three times."""
    written = make(kind, library, dtype).matrices
    assert written.dtype == make(kind, library, dtype).means.dtype
    C = STORED[kind]
    each = {"full": C, "tied": [C] * 3}.get(kind)
    wanted = [np.eye(3) * row for row in C] if each is None else each
    np.testing.assert_allclose(library.numpy(written), wanted, rtol=1e-6)


@every_kind
def test_bic_and_aic_count_what_scikit_learn_counts(kind, library):
    ours = make(kind, library)
    theirs = Theirs(3, covariance_type=kind)
    theirs.weights_, theirs.means_, theirs.covariances_ = WEIGHTS, MEANS, STORED[kind]
    roots = np.linalg.cholesky(STORED[kind]) if kind in ("full", "tied") else None
    theirs.precisions_cholesky_ = 1 / np.sqrt(STORED[kind]) if roots is None else np.linalg.inv(roots).swapaxes(-1, -2)
    assert ours.free_parameters == theirs._n_parameters()
    assert float(ours.bic(library(POINTS))) == pytest.approx(theirs.bic(POINTS))
    assert float(ours.aic(library(POINTS))) == pytest.approx(theirs.aic(POINTS))


def test_a_component_of_weight_zero_takes_no_part(library):
    two = gmm.GaussianMixture(*(library(x) for x in (WEIGHTS[1:] / 0.8, MEANS[1:], STORED["full"][1:])))
    three = gmm.GaussianMixture(library(np.append(0, WEIGHTS[1:] / 0.8)), library(MEANS), library(STORED["full"]))
    X = library(POINTS)
    np.testing.assert_allclose(library.numpy(three.log_prob(X)), library.numpy(two.log_prob(X)))
    assert (library.numpy(three.responsibilities(X))[:, 0] == 0).all()
    assert (library.numpy(three.sample(500, rng=0).components) > 0).all()


def test_whole_numbers_and_other_precisions_are_read_in_the_mixtures_own(library):
    ours = make("full", library, "float32")
    for X in (np.array([[1, 2, 3]]), np.array([[1.0, 2, 3]])):
        assert library.numpy(ours.log_prob(library(X))).dtype == np.float32


# --- samples ---


@every_kind
def test_samples_have_the_moments_of_the_mixture(kind, library, dtype):
    n = 100_000
    X, components = make(kind, library, dtype).sample(n, rng=0)
    X, components = library.numpy(X), library.numpy(components)
    assert X.dtype == dtype
    np.testing.assert_allclose(np.bincount(components) / n, WEIGHTS, atol=0.006)
    for k, S in enumerate(matrices(kind)):
        mine = X[components == k].astype(float)
        np.testing.assert_allclose(mine.mean(0), MEANS[k], atol=5 * np.sqrt(S.diagonal().max() / len(mine)))
        np.testing.assert_allclose(np.cov(mine.T), S, atol=0.04 * S.diagonal().max())
    mean = WEIGHTS @ MEANS
    total = np.einsum("k,kij->ij", WEIGHTS, matrices(kind)) + (WEIGHTS * (MEANS - mean).T) @ (MEANS - mean)
    np.testing.assert_allclose(np.cov(X.T), total, atol=0.05)


def test_samples_come_in_random_order_and_a_seed_fixes_them_on_both_libraries(library):
    expected = make("full").sample(50, rng=4)
    assert (np.diff(expected.components) < 0).any()
    for rng in (4, np.random.default_rng(4)):
        ours = make("full", library).sample(50, rng=rng)
        np.testing.assert_allclose(library.numpy(ours.X), expected.X, atol=1e-12)
        assert library.numpy(ours.components).tolist() == expected.components.tolist()
    assert (make("full").sample(50, rng=5).X != expected.X).any()
    assert make("full").sample(1, rng=0).X.shape == (1, 3)


# --- some coordinates, given others ---


@every_kind
def test_the_marginal_density_is_that_of_the_coordinates_in_their_order(kind, library):
    for columns in ([2, 0], np.array([1]), np.array([True, False, True]), [0, 1, 2]):
        index = np.flatnonzero(columns) if np.asarray(columns).dtype == bool else np.asarray(columns)
        ours = make(kind, library).marginal(columns)
        assert ours.covariance == kind
        density = [
            multivariate_normal(m[index], S[np.ix_(index, index)]) for m, S in zip(MEANS, matrices(kind), strict=True)
        ]
        X = POINTS[:, : len(index)]
        expected = np.log(sum(w * p.pdf(X) for w, p in zip(WEIGHTS, density, strict=True)))
        np.testing.assert_allclose(library.numpy(ours.log_prob(library(X))), expected, rtol=1e-10)


@every_kind
def test_a_conditional_density_is_joint_over_marginal(kind, library, dtype, tol):
    ours, seen = make(kind, library, dtype), POINTS[0, [2, 0]]
    X = np.column_stack([np.full(20, seen[1]), np.linspace(-3, 3, 20), np.full(20, seen[0])])
    joint = logsumexp(log_joint(kind, X), axis=1)
    marginal = float(make(kind).marginal([2, 0]).log_prob(seen[None])[0])
    conditional = ours.condition(library(seen.astype(dtype)), [2, 0])
    found = library.numpy(conditional.log_prob(library(X[:, 1:2].astype(dtype))))
    np.testing.assert_allclose(found, joint - marginal, rtol=50 * tol, atol=50 * tol)


def test_the_conditional_mean_of_one_gaussian_is_the_closed_form(library):
    S, m = STORED["full"][0], MEANS[1]
    one = gmm.GaussianMixture(library(np.ones(1)), library(m[None]), library(S[None]))
    o, u = [0, 2], [1]
    expected = POINTS.copy()
    expected[:, u] = m[u] + (POINTS[:, o] - m[o]) @ np.linalg.inv(S[np.ix_(o, o)]) @ S[np.ix_(o, u)]
    found = library.numpy(one.conditional_mean(library(POINTS[:, o]), o))
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    spread = S[1, 1] - S[1, o] @ np.linalg.inv(S[np.ix_(o, o)]) @ S[o, 1]
    assert float(one.condition(library(POINTS[0, o]), o).covariances[0, 0, 0]) == pytest.approx(spread)


@every_kind
def test_the_conditional_mean_is_the_integral_over_the_unseen(kind, library):
    ours, mixture = make(kind, library), make(kind)
    for x in POINTS[:3]:
        t = np.linspace(-30, 30, 20001)
        density = np.exp(mixture.log_prob(np.column_stack([np.full_like(t, x[0]), t, np.full_like(t, x[2])])))
        expected = scipy.integrate.simpson(t * density, x=t) / scipy.integrate.simpson(density, x=t)
        found = library.numpy(ours.conditional_mean(library(x[None, [2, 0]]), [2, 0]))
        assert found[0].tolist() == pytest.approx([x[0], expected, x[2]], rel=1e-6)


def test_the_conditional_mean_takes_a_mask_and_many_rows(library):
    ours, mask = make("full", library), np.array([False, True, True])
    rows = library.numpy(ours.conditional_mean(library(POINTS[:, 1:]), mask))
    np.testing.assert_array_equal(rows[:, 1:], POINTS[:, 1:])
    for i in (0, 7):
        one = ours.condition(library(POINTS[i, 1:]), mask)
        assert float(one.weights @ one.means[:, 0]) == pytest.approx(rows[i, 0])


# --- what a mixture must be ---


def without_sense(library):
    weights, means, full = library(WEIGHTS), library(MEANS), library(STORED["full"])
    bent = STORED["full"].copy()
    bent[1, 0, 1] += 1
    hollow = STORED["full"].copy()
    hollow[2] = [[1, 2, 0], [2, 1, 0], [0, 0, 1]]
    flat = STORED["full"].copy()
    flat[1] = np.ones((3, 3))
    return [
        ((weights / 2, means, full), "weights sum to 0.5 and the smallest is 0.1; give weights ≥ 0 that sum to 1"),
        ((library(np.array([1.5, -0.5, 0])), means, full), "weights sum to 1 and the smallest is -0.5"),
        ((weights[:2], means, full), r"weights has shape (2,); for 3 full components in 3 dimensions it must be (3,)"),
        (
            (weights, means, full[0]),
            r"covariances has shape (3, 3); for 3 full components in 3 dimensions it must be (3, 3, 3)",
        ),
        ((weights, means, full, "diag"), r"covariances has shape (3, 3, 3); for 3 diag components in 3 dim"),
        ((weights, means, full, "banded"), "covariance is 'banded'; allowed are 'full', 'tied', 'diag', 'spherical'"),
        ((weights, means, library(bent)), "covariances are not symmetric"),
        ((weights, means, library(hollow)), "the covariance of component 2 has the smallest eigenvalue -1;"),
        ((weights, means, library(flat)), "the covariance of component 1 has the smallest eigenvalue"),
        (
            (weights, means, -library(STORED["diag"]), "diag"),
            "the covariance of component 0 has the smallest eigenvalue -2",
        ),
        (
            (weights, means, library(STORED["spherical"] * [1, 0, 1]), "spherical"),
            "component 1 has the smallest eigenvalue 0;",
        ),
        ((weights, means * np.nan, full), "means holds NaN"),
        ((weights, means[0], full), "means has shape (3,); it must have 2 dimension(s)"),
    ]


@pytest.mark.bad_input
def test_what_is_no_mixture_is_refused_with_the_reason(library):
    for arguments, sentence in without_sense(library):
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            gmm.GaussianMixture(*arguments)
        assert type(caught.value) is ValueError
        assert sentence in str(caught.value)


# --- the two helpers of _array that mixtures brought ---


def test_logsumexp_is_scipys_at_every_size_and_along_every_axis(library, dtype, tol):
    x = np.random.default_rng(0).standard_normal((3, 4, 5)).astype(dtype)
    for shift, scale in ((0, 1), (1e4, 1), (-1e4, 1), (0, 1e30)):
        y = (x * scale + shift).astype(dtype)
        for axis in (0, 1, 2, -1):
            ours = library.numpy(_array.logsumexp(library(y), axis=axis))
            assert ours.dtype == dtype
            np.testing.assert_allclose(ours, logsumexp(y.astype(float), axis=axis), rtol=tol, atol=tol)


def test_logsumexp_knows_infinities(library):
    x = library(np.array([[-np.inf, -np.inf], [-np.inf, 0.0], [np.inf, 0.0]]))
    assert library.numpy(_array.logsumexp(x)).tolist() == [-np.inf, 0, np.inf]
