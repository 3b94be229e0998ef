"""Counting modes: clouds with known answers, the floor against repetitions, classes of pictures."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from companion.evaluate import modes

ANGLE = 2 * np.pi * np.arange(8) / 8
RING = 2 * np.stack([np.cos(ANGLE), np.sin(ANGLE)], axis=1)


def ring(n, seed, std=0.02, of=8):
    rng = np.random.default_rng(seed)
    return RING[rng.integers(of, size=n)] + std * rng.standard_normal((n, 2))


def test_a_perfect_generator(library, dtype):
    found = modes.count(library(ring(5000, 0).astype(dtype)), library(RING.astype(dtype)), 0.02)
    assert found.found == 8
    assert found.quality == pytest.approx(1 - math.exp(-4.5), abs=0.005)
    assert found.kl < 5 * found.floor
    assert [type(value) for value in found] == [int, float, float, float]


def test_by_hand(library):
    """Five of six points count: one at distance 2.99, one at 3.01; modes have 3, 2 and 0 of them."""
    centres = library(np.array([[0.0, 0], [10, 0], [0, 10]]))
    points = library(np.array([[0.0, 0], [2.99, 0], [0, -1], [10, 1], [11, 0], [0, 3.01]]))
    found = modes.count(points, centres, 1)
    assert found.found == 2
    assert found.quality == pytest.approx(5 / 6)
    assert found.kl == pytest.approx(0.6 * math.log(1.8) + 0.4 * math.log(1.2))
    assert found.floor == pytest.approx(2 / 10)
    assert modes.count(points, centres, 1, within=3.1).quality == 1
    assert modes.count(points, centres, 0.5).quality == pytest.approx(4 / 6)


def test_collapse_onto_one_mode_has_the_divergence_log_m(library):
    found = modes.count(library(ring(400, 1, of=1)), library(RING), 0.02)
    assert found.found == 1
    assert found.kl == pytest.approx(math.log(8))


def test_where_nothing_is_of_quality_nothing_is_found(library):
    assert modes.count(library(ring(50, 0) + 50), library(RING), 0.02) == (0, 0.0, math.inf, math.inf)


def test_a_point_counts_for_its_nearest_centre_only(library):
    centres = library(np.array([[0.0], [1.0]]))
    assert modes.count(library(np.array([[0.4], [0.3]])), centres, 1).found == 1


def test_one_centre_needs_no_evenness(library):
    assert modes.count(library(np.zeros((3, 2))), library(np.zeros((1, 2))), 1) == (1, 1.0, 0.0, 0.0)


def test_many_points_and_centres_come_in_blocks(monkeypatch):
    points, whole = ring(1000, 0), modes.count(ring(1000, 0), RING, 0.02)
    blocks = modes.squared_distances
    monkeypatch.setattr(modes, "squared_distances", lambda *given: blocks(*given, size=50))
    assert modes.count(points, RING, 0.02) == whole


@pytest.mark.parametrize(("m", "n"), [(8, 500), (25, 2500)])
def test_the_floor_is_what_a_perfect_generator_gets(m, n):
    rng = np.random.default_rng(0)
    runs = [modes.divergence(np.bincount(rng.integers(m, size=n), minlength=m)) for _ in range(2000)]
    assert np.mean([kl for kl, _ in runs]) == pytest.approx(runs[0][1], rel=0.05)
    assert runs[0][1] == (m - 1) / (2 * n)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=8).filter(any), st.integers(0, 99))
def test_divergence_is_scipys_entropy(library, counts, seed):
    expected = np.random.default_rng(seed).dirichlet(np.ones(len(counts)) * 3)
    kl, floor = modes.divergence(library(np.array(counts)), library(expected))
    assert kl == pytest.approx(scipy.stats.entropy(counts, expected), abs=1e-12)
    assert floor == pytest.approx((len(counts) - 1) / (2 * sum(counts)))
    uniform, _ = modes.divergence(library(np.array(counts)))
    assert uniform == pytest.approx(math.log(len(counts)) - scipy.stats.entropy(counts), abs=1e-12)


def test_float32_counts_are_divided_as_such(library):
    assert modes.divergence(library(np.array([1, 3], np.float32)))[0] == pytest.approx(0.130812, abs=1e-5)


# --- classes of pictures ---


def test_classes_are_modes_and_sure_answers_count(library, dtype):
    p = np.array([[0.95, 0.05, 0], [0.9, 0.1, 0], [0.5, 0.5, 0], [0, 0.92, 0.08]], dtype)
    found = modes.classes(library(p), sure=0.89)
    assert found[:2] == (2, 0.75)
    assert found.kl == pytest.approx(2 / 3 * math.log(2) + 1 / 3 * math.log(1))
    assert found.floor == pytest.approx(2 / 6)
    assert modes.classes(library(p), sure=0.93)[:2] == (1, 0.25)
    assert modes.classes(library(p), sure=1e-9)[:2] == (2, 1)


def test_a_probability_equal_to_what_is_asked_for_is_enough(library):
    assert modes.classes(library(np.array([[0.75, 0.25]])), sure=0.75).quality == 1
