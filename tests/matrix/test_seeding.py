"""k-means++ against its law of chance and against scikit-learn's."""

import numpy as np
import pytest
from sklearn.cluster import kmeans_plusplus

from companion.matrix import gmm
from companion.matrix.gmm import seeding

LINE = np.array([[0.0], [1], [3], [7]])


def blobs(k=8, n=400, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 2)) + 10 * rng.standard_normal((k, 2))[rng.integers(k, size=n)]


def potential(X, centres):
    return ((X[:, None] - centres) ** 2).sum(2).min(1).sum()


def test_the_first_is_uniform_and_the_second_is_drawn_by_squared_distance():
    counts = np.zeros((4, 4))
    for seed in range(4000):
        first, second = gmm.kmeans_plus_plus(LINE, 2, tries=1, rng=seed).centres[:, 0]
        counts[np.flatnonzero(LINE[:, 0] == first)[0], np.flatnonzero(LINE[:, 0] == second)[0]] += 1
    law = (LINE - LINE.T) ** 2
    expected = 4000 / 4 * law / law.sum(1, keepdims=True)
    assert (np.abs(counts - expected) <= 4.5 * np.sqrt(expected + 1)).all()
    assert (counts[law == 0] == 0).all()


def test_centres_are_different_rows_and_potentials_are_theirs(library, dtype, tol):
    X = blobs().astype(dtype)
    centres, potentials = gmm.kmeans_plus_plus(library(X), 6, rng=0)
    centres, potentials = library.numpy(centres), library.numpy(potentials)
    assert centres.dtype == potentials.dtype == dtype
    assert len(np.unique(centres, axis=0)) == 6
    assert all((row == X).all(1).any() for row in centres)
    expected = [potential(X.astype(float), centres[: j + 1]) for j in range(6)]
    np.testing.assert_allclose(potentials, expected, rtol=20 * tol)
    assert (np.diff(potentials) < 0).all()


def test_both_libraries_draw_the_same_and_a_seed_fixes_it(library):
    X = blobs()
    expected = gmm.kmeans_plus_plus(X, 5, rng=3).centres
    for rng in (3, np.random.default_rng(3)):
        np.testing.assert_array_equal(library.numpy(gmm.kmeans_plus_plus(library(X), 5, rng=rng).centres), expected)
    assert (gmm.kmeans_plus_plus(X, 5, rng=4).centres != expected).any()


def test_potentials_are_like_scikit_learns_and_far_below_those_of_a_uniform_draw():
    X = blobs()
    ours = [float(gmm.kmeans_plus_plus(X, 8, rng=seed).potentials[-1]) for seed in range(60)]
    theirs = [potential(X, kmeans_plusplus(X, 8, random_state=seed)[0]) for seed in range(60)]
    uniform = [potential(X, np.random.default_rng(seed).choice(X, 8, replace=False)) for seed in range(60)]
    assert np.mean(ours) == pytest.approx(np.mean(theirs), rel=0.1)
    assert np.mean(ours) < 0.5 * np.mean(uniform)


def test_more_tries_leave_less():
    X = blobs()
    plain, greedy = (
        np.mean([float(gmm.kmeans_plus_plus(X, 8, tries=t, rng=seed).potentials[-1]) for seed in range(60)])
        for t in (1, 8)
    )
    assert greedy < 0.8 * plain


def test_the_default_number_of_tries_is_two_and_the_logarithm():
    X = blobs()
    for k, tries in ((1, 2), (2, 2), (3, 3), (7, 3), (8, 4)):
        ours, named = (gmm.kmeans_plus_plus(X, k, rng=1, **t).centres for t in ({}, {"tries": tries}))
        np.testing.assert_array_equal(ours, named)


def test_all_different_rows_can_be_had_and_not_one_more(library):
    X = library(np.repeat(LINE, 3, axis=0))
    found = library.numpy(gmm.kmeans_plus_plus(X, 4, rng=0).centres)
    assert sorted(found[:, 0]) == [0, 1, 3, 7]
    with pytest.raises(ValueError, match="X has 4 different rows only; n_clusters is 5"):
        gmm.kmeans_plus_plus(X, 5, rng=0)


def test_equal_rows_are_at_distance_zero_however_far_out(library, dtype):
    from array_api_compat import array_namespace

    X = library((blobs() + 1e4).astype(dtype))
    squares = library.numpy(seeding.squared_distances(array_namespace(X), X, X[:3, :]))
    assert (np.diag(squares[:, :3]) == 0).all()
    assert seeding.nearest(X, X[:3, :]).shape == (400,)
    assert squares.shape == (3, 400)


def test_nearest_is_found_block_by_block(library):
    """30,000 points and 5 centres are more than one block; each point must keep its own row."""
    points = np.random.default_rng(0).standard_normal((30_000, 2))
    found = library.numpy(seeding.nearest(library(points), library(points[:5])))
    wanted = ((points[:, None] - points[:5]) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(found, wanted)
