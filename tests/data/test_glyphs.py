"""The built-in pictures: reproducible, legible, and made of the factors they say."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.svm import LinearSVC

from companion.data import glyphs

REFERENCE = Path(__file__).with_name("glyphs.png")  # the first 32, 8 to a row; drawn by `sheet` below


def sheet(x):
    return x.reshape(4, 8, 28, 28).transpose(0, 2, 1, 3).reshape(4 * 28, 8 * 28)


def same(a, b):
    return all(np.array_equal(p, q) for p, q in zip([a.x, a.y, *a.factors], [b.x, b.y, *b.factors], strict=True))


def test_same_pictures_on_any_machine():
    drawn = sheet(glyphs.render(32).x).astype(int)
    assert np.abs(drawn - np.asarray(Image.open(REFERENCE)).astype(int)).max() <= 2


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 700), st.integers(0, 3), st.sampled_from(glyphs.SPLITS))
def test_a_prefix_is_the_shorter_set(n, seed, split):
    long, short = glyphs.render(700, seed=seed, split=split), glyphs.render(n, seed=seed, split=split)
    cut = glyphs.Glyphs(long.x[:n], long.y[:n], glyphs.Factors(*(f[:n] for f in long.factors)))
    assert same(short, cut)


def test_seeds_splits_and_blocks_differ(train, test):
    sets = [train.x[:1000], test.x[:1000], glyphs.render(1000, seed=1).x]
    pictures = np.concatenate(sets).reshape(3000, -1)
    assert len(np.unique(pictures, axis=0)) == 3000


def test_shapes_types_and_ranges(train):
    assert train.x.shape == (4000, 1, 28, 28)
    assert train.x.dtype == np.uint8
    assert train.y.shape == (4000,)
    assert train.y.dtype == np.int64
    assert set(train.factors.typeface) == set(range(len(glyphs.TYPEFACES)))
    for name, (low, high) in glyphs.RANGES.items():
        values = getattr(train.factors, name)
        assert low <= values.min() < values.max() <= high
        assert abs(values.mean() - (low + high) / 2) < 0.03 * (high - low)  # uniform: five standard errors


def test_digits_and_typefaces_are_even_and_independent(train):
    table = np.histogram2d(train.y, train.factors.typeface, [10, len(glyphs.TYPEFACES)])[0]
    expected = table.sum() / table.size
    assert ((table - expected) ** 2 / expected).sum() < 300  # chi-squared of 219 degrees: mean 219, σ 21


def test_no_digit_touches_the_border_and_none_is_faint(train, test):
    x = np.concatenate([train.x, test.x])[:, 0]
    frame = np.ones((28, 28), dtype=bool)
    frame[1:-1, 1:-1] = False
    assert x[:, frame].max() == 0
    assert x.max((1, 2)).min() > 170


def test_about_as_much_ink_as_mnist(train):
    assert 28 < train.x.mean() < 40  # MNIST: 33.3


def test_legible_to_a_linear_classifier(train, test):
    fit = LinearSVC(C=0.01).fit(train.x.reshape(4000, -1) / 255, train.y)
    assert fit.score(test.x.reshape(1500, -1) / 255, test.y) > 0.95


def test_typeface_is_a_factor_one_can_see(train, test):
    """Given the digit, the nearest mean picture names the typeface far above chance (1 in 22)."""
    a, b = (g.x.reshape(len(g.x), -1).astype(float) for g in (train, test))
    key = lambda g: g.factors.typeface * 10 + g.y  # noqa: E731
    means = np.stack([a[key(train) == k].mean(0) for k in range(10 * len(glyphs.TYPEFACES))])
    distance = ((b**2).sum(1)[:, None] - 2 * b @ means.T + (means**2).sum(1)).reshape(len(b), -1, 10)
    guess = distance[np.arange(len(b)), :, test.y].argmin(1)
    assert (guess == test.factors.typeface).mean() > 0.35
    own = distance[np.arange(len(b)), test.factors.typeface, test.y]
    assert (own < np.median(distance.reshape(len(b), -1), axis=1)).mean() > 0.99


def test_shift_is_translation(neutral):
    still = neutral(0, np.arange(10))
    assert np.array_equal(neutral(0, np.arange(10), shift_x=2), np.roll(still, 2, axis=2))
    assert np.array_equal(neutral(0, np.arange(10), shift_y=-3), np.roll(still, -3, axis=1))


def extent(profile):
    """How far a line of ink reaches, in pixels, its first and last pixel counted by their grey."""
    inked = np.flatnonzero(profile > 0.01)
    return inked[-1] - inked[0] - 1 + profile[inked[[0, -1]]].sum()


@pytest.mark.parametrize(("scale", "width"), [(1.0, 1.0), (0.8, 1.0), (0.8, 1.2)])
def test_scale_and_width_are_measured_in_pixels(neutral, scale, width):
    """A DejaVu Sans 0 is 20 pixels tall."""
    plain, zero = neutral(0, 0)[0] / 255, neutral(0, 0, scale=scale, width=width)[0] / 255
    assert extent(zero.max(1)) == pytest.approx(20 * scale, abs=0.4)
    assert extent(zero.max(0)) == pytest.approx(extent(plain.max(0)) * scale * width, abs=0.4)


def lean(picture):
    """Slant of the ink: the slope of its centre from row to row, positive to the right at the top."""
    rows, columns = np.mgrid[:28, :28] - np.tensordot(np.mgrid[:28, :28], picture, 2)[:, None, None] / picture.sum()
    return -(rows * columns * picture).sum() / (rows**2 * picture).sum()


def test_slant_and_rotation_lean_as_they_say(neutral):
    upright = lean(neutral(0, 0)[0] / 255)
    assert lean(neutral(0, 0, slant=0.3)[0] / 255) - upright == pytest.approx(0.3, abs=0.02)
    assert lean(neutral(0, 1, slant=0.3)[0] / 255) - lean(neutral(0, 1)[0] / 255) == pytest.approx(0.3, abs=0.05)
    quarter = neutral(0, 4, rotation=np.pi / 2)[0].astype(int)
    assert np.abs(quarter - np.rot90(neutral(0, 4)[0], -1).astype(int)).max() <= 1  # clockwise


def test_weight_adds_half_of_it_to_each_edge(neutral):
    """Ink grows by the outline's length times the weight; a straight stroke's two edges are its outline."""
    thin, bold = (neutral(0, 1, weight=w)[0] / 255 for w in (0.0, 0.5))
    assert bold[10:18].sum(1) - thin[10:18].sum(1) == pytest.approx(np.ones(8), abs=0.02)


def test_jitter_is_smooth_and_pulls_by_the_control_points(neutral):
    flat = np.ones((1, 2, glyphs.CONTROL, glyphs.CONTROL))
    zero = np.zeros(1)
    factors = glyphs.Factors(zero.astype(int), zero, zero, zero + 1, zero + 1, zero, zero, zero, zero)
    moved = glyphs.draw(np.array([5]), factors, flat * np.array([3, -2])[:, None, None])[:, 0]
    expected = np.roll(neutral(0, 5), (2, -3), axis=(1, 2))
    assert np.abs(moved.astype(int) - expected).max() <= 1  # control points that agree move the whole picture


@given(st.integers(4, 40), st.integers(4, 9))
def test_spline_is_a_partition_of_one_and_keeps_straight_lines(points, control):
    basis = glyphs.spline(points, control)
    assert (basis >= 0).all()
    assert np.allclose(basis.sum(1), 1)
    line = basis @ (np.arange(control) - 1.0)
    assert np.allclose(line, (np.arange(points) + 0.5) / points * (control - 3))


def test_elastic_jitter_reaches_the_pictures(train):
    """Of pictures with little jitter and with much, the latter are further from their own factors' smooth picture."""
    f = train.factors
    still = glyphs.draw(train.y, f, np.zeros((4000, 2, glyphs.CONTROL, glyphs.CONTROL)))
    off = np.abs(still.astype(float) - train.x).mean((1, 2, 3))
    assert np.corrcoef(off, f.elastic)[0, 1] > 0.7
    assert off[f.elastic < 0.05].max() < 2


def test_fast_enough_for_sixty_thousand_in_a_minute():
    glyphs.render(1)  # the outlines are read once
    start = time.process_time()
    glyphs.render(3000)
    assert time.process_time() - start < 3


@pytest.mark.parametrize(("bad", "says"), [({"n": 0}, "n is 0"), ({"split": "val"}, "val"), ({"seed": -1}, "is -1")])
def test_says_what_cannot_be_drawn(bad, says):
    with pytest.raises(ValueError, match=says):
        glyphs.render(**{"n": 1} | bad)
