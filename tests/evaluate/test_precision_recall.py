"""Precision, recall, density, coverage: equal to prdc's formulas, to published values, and never an n × n array."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from companion.evaluate import precision_recall
from companion.evaluate.precision_recall import PRDC


def twin(real, fake, k):
    """The formulas as the package prdc 0.2 writes them, on whole matrices of distances."""
    own, other, cross = (pairwise_distances(*two) for two in ((real,), (fake,), (real, fake)))
    reach, reach_fake = (np.sort(d, axis=1)[:, k] for d in (own, other))
    return PRDC(
        (cross < reach[:, None]).any(axis=0).mean(),
        (cross < reach_fake[None, :]).any(axis=1).mean(),
        (cross < reach[:, None]).sum(axis=0).mean() / k,
        (cross.min(axis=1) < reach).mean(),
    )


@given(n=st.integers(8, 40), m=st.integers(8, 40), d=st.integers(1, 6), k=st.integers(1, 7), seed=st.integers(0, 999))
def test_it_is_the_formulas_on_whole_matrices(library, n, m, d, k, seed):
    rng = np.random.default_rng(seed)
    real, fake = rng.standard_normal((n, d)), 0.8 * rng.standard_normal((m, d)) + 0.3
    ours = precision_recall.estimate(library(real), library(fake), k=k)
    np.testing.assert_allclose(ours, twin(real, fake, k), rtol=1e-12)
    assert all(type(value) is float for value in ours)


def test_the_package_prdc_says_the_same(capsys):
    prdc = pytest.importorskip("prdc", reason="prdc is not installed: its formulas are tested by the twin above")
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((2, 500, 16))
    theirs = prdc.compute_prdc(real_features=real, fake_features=fake, nearest_k=5)
    assert precision_recall.estimate(real, fake)._asdict() == pytest.approx(theirs, rel=1e-12)


def test_float32_and_both_libraries_give_the_same(library, dtype):
    rng = np.random.default_rng(0)
    real, fake = (rng.standard_normal((150, 8)).astype(dtype) + 100 for _ in range(2))
    ours = precision_recall.estimate(library(real), library(fake))
    np.testing.assert_allclose(ours, twin(real.astype(float), fake.astype(float), 5), rtol=1e-12)


@pytest.mark.parametrize("size", [1, 37, 1000, 10**7])
def test_the_size_of_the_blocks_changes_nothing(monkeypatch, size):
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((101, 3)), rng.standard_normal((77, 3))
    whole = precision_recall.squared_distances
    monkeypatch.setattr(precision_recall, "squared_distances", lambda *given: whole(*given, size=size))
    np.testing.assert_allclose(precision_recall.estimate(real, fake), twin(real, fake, 5), rtol=1e-12)


def test_published_values_in_a_thousand_dimensions():
    """10,000 of N(0, I_1000) on both sides, k = 5: .4772 .4705 1.0555 .9735; here with a fifth of the rows."""
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((2, 2000, 1000))
    ours = precision_recall.estimate(real, fake)
    np.testing.assert_allclose(ours, twin(real, fake, 5), rtol=1e-12)
    assert ours.density == pytest.approx(1.0555, abs=0.15)
    assert ours.coverage == pytest.approx(1 - 2**-5, abs=0.03)


def test_for_equal_distributions_density_is_one_and_coverage_what_counting_says():
    """Naeem et al. (2020), Lemma 2: coverage is the chance that of the k nearest points not all are real."""
    rng, n, k = np.random.default_rng(0), 300, 3
    runs = np.array([precision_recall.estimate(*rng.standard_normal((2, n, 4)), k=k) for _ in range(20)])
    expected = 1 - np.prod([(n - i) / (2 * n - i) for i in range(1, k + 1)])
    assert runs[:, 2].mean() == pytest.approx(1, abs=0.03)
    assert runs[:, 3].mean() == pytest.approx(expected, abs=0.01)
    assert expected == pytest.approx(1 - 2**-k, abs=0.005)


def test_by_hand():
    """Real 0, 1, 3, 7 on a line, k = 1: balls 1, 1, 2, 4. Fake 0.5, 4, 20, with balls 3.5, 3.5, 16."""
    real, fake = np.array([[0.0], [1], [3], [7]]), np.array([[0.5], [4], [20]])
    found = precision_recall.estimate(real, fake, k=1)
    assert found == PRDC(2 / 3, 1.0, (2 + 2 + 0) / 3, 1.0)
    with_gap = precision_recall.estimate(real, np.array([[0.4], [0.5], [0.6]]), k=1)
    assert with_gap == PRDC(1.0, 0.0, (2 + 2 + 2) / 3, 0.5)


def test_a_point_on_the_edge_of_a_ball_is_outside():
    real, fake = np.array([[0.0], [2], [10]]), np.array([[-2.0], [-2], [-30]])
    assert precision_recall.estimate(real, fake, k=1).precision == 0


def test_what_each_of_the_four_sees(library):
    rng = np.random.default_rng(0)
    real = library(rng.standard_normal((400, 2)))
    narrow = precision_recall.estimate(real, library(0.1 * rng.standard_normal((400, 2))))
    assert narrow.precision > 0.95
    assert narrow.recall < 0.2
    wide = precision_recall.estimate(real, library(10 * rng.standard_normal((400, 2))))
    assert wide.precision < 0.2
    assert wide.recall > 0.95


def test_one_outlier_raises_precision_but_hardly_density():
    """The huge ball of an outlier takes in whatever is near it (Naeem et al. 2020)."""
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((300, 2)), rng.standard_normal((300, 2)) + np.array([20, 0])
    with_outlier = np.concatenate([real, [[20.0, 0]]])
    assert precision_recall.estimate(real, fake).precision == 0
    spoilt = precision_recall.estimate(with_outlier, fake)
    assert spoilt.precision == 1
    assert spoilt.density == pytest.approx(1 / 5)


def test_a_set_against_itself_has_full_marks(library, dtype):
    x = library(np.random.default_rng(0).standard_normal((60, 3)).astype(dtype))
    found = precision_recall.estimate(x, x)
    assert found[:2] == (1, 1)
    assert found.coverage == 1


def test_radii_are_the_distances_to_the_kth_neighbour(library, dtype):
    x = np.random.default_rng(0).standard_normal((50, 4)).astype(dtype)
    expected = NearestNeighbors(n_neighbors=4).fit(x.astype(float)).kneighbors()[0]
    for k in (1, 4):
        np.testing.assert_allclose(library.numpy(precision_recall.radii(library(x), k=k)), expected[:, k - 1])


def test_equal_rows_have_radius_zero(library):
    assert library.numpy(precision_recall.radii(library(np.ones((9, 3)) * 0.1), k=3)).max() < 1e-7


def test_memory_is_that_of_blocks():
    """A 6,000 × 6,000 array would be 288 megabytes."""
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((2, 6000, 8))
    tracemalloc.start()
    precision_recall.estimate(real, fake)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6
