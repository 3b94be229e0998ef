"""The ring and the grid are the mixtures they say they are, and the same for the same seed."""

import numpy as np
import pytest
import scipy.stats

from companion import data
from companion.data import points

KINDS = {"ring": points.ring, "grid": points.grid}


def test_the_ring_is_eight_on_a_circle():
    drawn = points.ring(10, rng=0)
    assert drawn.modes.shape == (8, 2)
    np.testing.assert_allclose(np.hypot(*drawn.modes.T), 1)
    np.testing.assert_allclose(drawn.modes[[0, 2]], [[1, 0], [0, 1]], atol=1e-12)
    gaps = np.linalg.norm(drawn.modes - np.roll(drawn.modes, 1, axis=0), axis=1)
    np.testing.assert_allclose(gaps, 2 * np.sin(np.pi / 8))
    assert drawn.std == 0.01
    np.testing.assert_allclose(np.hypot(*points.ring(5, modes=3, radius=2.5, rng=0).modes.T), [2.5] * 3)


def test_the_grid_is_five_by_five():
    drawn = points.grid(10, rng=0)
    assert drawn.modes.tolist() == [[x, y] for y in (-4, -2, 0, 2, 4) for x in (-4, -2, 0, 2, 4)]
    assert drawn.std == 0.05
    assert points.grid(5, side=2, spacing=3, rng=0).modes.tolist() == [
        [-1.5, -1.5], [1.5, -1.5], [-1.5, 1.5], [1.5, 1.5]
    ]  # fmt: skip
    assert points.grid(5, side=1, rng=0).modes.tolist() == [[0, 0]]


@pytest.mark.parametrize("kind", KINDS)
def test_every_mode_is_as_likely_and_as_wide_and_round(kind):
    drawn = KINDS[kind](40_000, rng=0)
    assert (drawn.x.dtype, drawn.y.dtype, drawn.x.shape, drawn.y.shape) == (
        np.float32,
        np.int64,
        (40_000, 2),
        (40_000,),
    )
    assert scipy.stats.chisquare(np.bincount(drawn.y, minlength=len(drawn.modes))).pvalue > 1e-3
    offset = (drawn.x - drawn.modes[drawn.y]) / drawn.std
    for axis in offset.T:
        assert scipy.stats.kstest(axis, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(offset.T)[0, 1]) < 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_fixes_the_points(kind):
    draw = KINDS[kind]
    assert np.array_equal(draw(50, rng=1).x, draw(50, rng=1).x)
    assert np.array_equal(draw(50, rng=1).x, draw(50, rng=np.random.default_rng(1)).x)
    assert not np.array_equal(draw(50, rng=1).x, draw(50, rng=2).x)
    assert not np.array_equal(draw(50).x, draw(50).x)


def test_a_wider_ring_is_wider():
    drawn = points.ring(20_000, std=0.2, rng=0)
    assert float((drawn.x - drawn.modes[drawn.y]).std()) == pytest.approx(0.2, rel=0.02)
    assert drawn.std == 0.2


def test_it_is_on_the_title_page():
    assert data.points is points
    assert "points" in data.__all__


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: points.ring(0), "n is 0; a whole number ≥ 1"),
        (lambda: points.grid(2.5), "n is 2.5"),
        (lambda: points.ring(5, modes=0), "modes is 0"),
        (lambda: points.grid(5, side=-1), "side is -1"),
        (lambda: points.ring(5, radius=0), "radius is 0; a finite number > 0"),
        (lambda: points.grid(5, spacing=float("inf")), "spacing is inf"),
        (lambda: points.ring(5, std=-0.1), "std is -0.1"),
        (lambda: points.grid(5, std=float("nan")), "std is nan"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
