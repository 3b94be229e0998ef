"""The test for copies: its expected values hold for honest generators, good and bad, and copies are found."""

import itertools

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from companion.evaluate import memorization


def draw(n, seed, d=6):
    return np.random.default_rng(seed).standard_normal((n, d))


@pytest.mark.parametrize(("n", "h"), [(300, 300), (400, 100), (100, 400)])
@pytest.mark.parametrize("change", [lambda x: x, lambda x: 0.1 * x, lambda x: 2 * x + 1], ids=["real", "tame", "bad"])
def test_an_honest_generator_is_nearer_to_training_as_often_as_chance_says(n, h, change):
    """Good or bad, as long as it knows no single training point; and `error` is how far chance takes it."""
    runs = [memorization.compare(change(draw(100, 3 * s)), draw(n, 3 * s + 1), draw(h, 3 * s + 2)) for s in range(40)]
    z = np.array([(run.nearer - run.nearer_expected) / run.error for run in runs])
    assert runs[0].nearer_expected == n / (n + h)
    assert abs(z.mean()) < 3.5 / 40**0.5
    assert 0.7 < z.std() < 1.35


def test_the_error_is_that_of_all_ways_to_deal_the_names(library):
    """Two training and two held-out points, six ways; three fake points at the first, one at the second."""
    points, fake = np.array([[0.0], [1], [2], [3]]), library(np.array([[0.1], [0.2], [-0.1], [1.1]]))
    deals = list(itertools.combinations(range(4), 2))
    found = [memorization.compare(fake, library(points[list(deal)]),
                                  library(np.delete(points, deal, axis=0)), level=0.5) for deal in deals]  # fmt: skip
    assert np.mean([run.nearer for run in found]) == pytest.approx(0.5)
    for run in found:
        assert run.error == pytest.approx(np.std([run.nearer for run in found]))


def test_copies_are_taken_for_copies_by_expectation():
    runs = [memorization.compare(draw(300, 3 * s), draw(400, 3 * s + 1), draw(400, 3 * s + 2), level=0.05)
            for s in range(20)]  # fmt: skip
    assert runs[0].copies_expected == 0.05
    assert np.mean([run.copies for run in runs]) == pytest.approx(0.05, abs=0.012)


def test_training_points_handed_back_are_found(library, dtype):
    train, held_out = (library(draw(200, seed).astype(dtype)) for seed in (0, 1))
    found = memorization.compare(train[:100], train, held_out)
    assert found[:2] == (1, 0.5)
    assert found.copies == 1
    assert all(type(value) is float for value in found)


def test_copies_with_a_little_noise_and_a_mixture_of_copies_and_new_ones(library):
    train, held_out, new = draw(500, 0), draw(500, 1), draw(300, 2)
    noisy = train[:300] + 0.1 * draw(300, 3)
    assert memorization.compare(*map(library, (noisy, train, held_out))).nearer > 0.99
    mixed = np.concatenate([noisy[:100], new[:200]])
    found = memorization.compare(*map(library, (mixed, train, held_out)))
    assert found.copies == pytest.approx(1 / 3, abs=0.03)
    assert found.nearer == pytest.approx(1 / 3 + 2 / 3 / 2, abs=0.07)


def test_tame_points_have_many_copies_but_are_not_nearer():
    """Points near the middle are near to everything, and share few neighbours. Only the shuffle knows how few."""
    found = memorization.compare(0.1 * draw(400, 0), draw(500, 1), draw(500, 2))
    assert found.copies > 0.05
    assert found.error > 3 * 0.5 / 400**0.5
    assert abs(found.nearer - 0.5) < 3 * found.error


def test_a_tie_counts_half(library):
    x = library(draw(50, 0))
    assert memorization.compare(library(draw(40, 1)), x, x, level=0.1).nearer == 0.5
    on_a_lattice = library(np.array([[0.0, 0], [5, 5]]))
    train, held_out = library(np.array([[1.0, 0], [5, 5]])), library(np.array([[0.0, 1], [9, 9]]))
    assert memorization.compare(on_a_lattice, train, held_out, level=0.5).nearer == pytest.approx(0.75)


def test_the_limit_is_that_of_the_held_out_points(library):
    """Held-out points at 1, 2, 3, 4 from the one training point: at level ½ two may be nearer than the limit, 3."""
    train, held_out = library(np.zeros((1, 1))), library(np.array([[1.0], [2], [3], [4]]))
    found = memorization.compare(library(np.array([[-2.5], [-3.5], [-2.9]])), train, held_out, level=0.5)
    assert found.copies == pytest.approx(2 / 3)
    assert found.copies_expected == 0.5


def test_nearest_is_scikit_learns(library, dtype):
    x, among = draw(40, 0).astype(dtype), draw(60, 1).astype(dtype)
    found = memorization.nearest(library(x), library(among))
    d, i = NearestNeighbors(n_neighbors=1).fit(among.astype(float)).kneighbors(x.astype(float))
    np.testing.assert_allclose(library.numpy(found.distances), d[:, 0], rtol=1e-9)
    np.testing.assert_array_equal(library.numpy(found.numbers), i[:, 0])


def test_distances_in_float32_far_from_the_origin(library):
    x = draw(40, 0) + 1e4
    found = memorization.nearest(library(x.astype(np.float32)), library(x.astype(np.float32)[::-1].copy()))
    assert library.numpy(found.distances).max() < 1e-5
    np.testing.assert_array_equal(library.numpy(found.numbers), np.arange(40)[::-1])
