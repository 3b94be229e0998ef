"""The kernel distance: against the plain sums, its expectation, and its error bar against repetitions."""

import itertools
import math

import numpy as np
import pytest

from companion.evaluate import kid


def plain(x, y):
    """The three sums of Gretton et al. (2012), Lemma 6, in loops."""

    def k(a, b):
        return (a @ b / len(a) + 1) ** 3

    n, m = len(x), len(y)
    within = sum(k(a, b) for a, b in itertools.permutations(x, 2)) / (n * (n - 1))
    other = sum(k(a, b) for a, b in itertools.permutations(y, 2)) / (m * (m - 1))
    return within + other - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


@pytest.fixture
def clouds():
    rng = np.random.default_rng(0)
    return rng.standard_normal((30, 5)), 1.3 * rng.standard_normal((20, 5)) + 0.2


def test_mmd_is_the_plain_sums(clouds, library, dtype):
    x, y = (cloud.astype(dtype) for cloud in clouds)
    ours = kid.mmd2(library(x), library(y))
    assert type(ours) is float
    assert ours == pytest.approx(plain(x.astype(float), y.astype(float)), rel=1e-9)


def test_features_in_float32_lose_no_digit(library):
    """The sums are of the size of k, 1e9 here, the difference is 1e5 times smaller."""
    rng = np.random.default_rng(1)
    x, y = ((rng.standard_normal((40, 8)) + 1000).astype(np.float32) for _ in range(2))
    assert kid.mmd2(library(x), library(y)) == pytest.approx(plain(x.astype(float), y.astype(float)), rel=1e-6)


def test_one_subset_of_all_rows_is_mmd(clouds, library):
    x, y = clouds[0][:20], clouds[1]
    found = kid.kernel(library(x), library(y), subsets=1, size=20, rng=0)
    assert found.mean == pytest.approx(kid.mmd2(x, y))
    assert found.std == 0
    assert math.isnan(found.error)


def test_the_mean_and_deviation_are_those_of_the_subsets_drawn(clouds, library):
    found = kid.kernel(library(clouds[0]), library(clouds[1]), subsets=7, size=9, rng=3)
    rng = np.random.default_rng(3)
    each = [plain(*(x[rng.choice(len(x), 9, replace=False)] for x in clouds)) for _ in range(7)]
    assert found.mean == pytest.approx(np.mean(each))
    assert found.std == pytest.approx(np.std(each))
    share = 9 / 20
    assert found.error == pytest.approx(found.std * math.sqrt(1 / 7 + share / (1 - share)))


def test_a_seed_repeats_and_the_default_size_is_a_third_or_a_thousand(clouds):
    first, again, other = (kid.kernel(*clouds, rng=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert first == kid.kernel(*clouds, size=6, rng=1)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 3300, 2))
    assert kid.kernel(x, y, subsets=2, rng=1) == kid.kernel(x, y, subsets=2, size=1000, rng=1)


def test_without_bias_for_few_samples_as_for_many():
    """E k(x, x') of Gaussians in closed form: for t = xᵀx'/d + 1, E t³ = 1 + 3 E(xᵀx')²/d² as odd powers vanish."""
    rng, d, scale = np.random.default_rng(0), 4, 1.5
    moment = {(a, b): 1 + 3 * (a * b) ** 2 / d for a, b in ((1, 1), (scale, scale), (1, scale))}
    truth = moment[1, 1] + moment[scale, scale] - 2 * moment[1, scale]
    for n in (3, 30):
        draws = [kid.mmd2(rng.standard_normal((n, d)), scale * rng.standard_normal((n, d))) for _ in range(6000 // n)]
        assert np.mean(draws) == pytest.approx(truth, abs=4 * np.std(draws) / len(draws) ** 0.5)
    assert truth == pytest.approx(3 / d * (1 - scale**2) ** 2)


def test_for_equal_distributions_it_is_zero_on_average_and_often_negative():
    rng = np.random.default_rng(0)
    draws = [kid.mmd2(*rng.standard_normal((2, 50, 6))) for _ in range(100)]
    assert abs(np.mean(draws)) < 3 * np.std(draws) / 10
    assert 0.3 < np.mean(np.array(draws) < 0) < 0.8


@pytest.mark.parametrize(("scale", "low", "high"), [(1.5, 0.75, 1.4), (1.0, 1, 4)])
def test_the_error_is_that_of_repetitions(scale, low, high):
    """For unlike distributions about right; for like ones on the safe side."""
    rng = np.random.default_rng(0)
    runs = [
        kid.kernel(rng.standard_normal((200, 4)), scale * rng.standard_normal((200, 4)), subsets=15, size=50, rng=rng)
        for _ in range(100)
    ]
    claimed, true = np.mean([run.error for run in runs]), np.std([run.mean for run in runs])
    assert low < claimed / true < high


def test_two_rows_of_each_are_needed(library):
    with pytest.raises(ValueError, match="fake 1; at least 2"):
        kid.kernel(library(np.ones((5, 2))), library(np.ones((1, 2))))
    with pytest.raises(ValueError, match="x has 1 rows"):
        kid.mmd2(library(np.ones((1, 2))), library(np.ones((3, 2))))
