"""The outlines: there, of the stated size, and each typeface its own."""

from itertools import combinations

import numpy as np
import pytest

from companion.data import glyphs
from companion.data.typefaces import HEIGHT, TYPEFACES, outline


@pytest.mark.parametrize("typeface", TYPEFACES)
def test_every_digit_fills_the_box_and_closes(typeface):
    for digit in range(10):
        edges = outline(typeface, digit)
        low, high = edges.min((0, 1)), edges.max((0, 1))
        assert (high - low).max() == pytest.approx(HEIGHT)
        assert low == pytest.approx(-high)
        starts, ends = (sorted(map(tuple, edges[:, k].round(6))) for k in (0, 1))
        assert starts == ends  # every point is left as often as it is reached


def test_at_least_twenty_typefaces_and_no_two_alike(neutral):
    assert len(TYPEFACES) >= 20
    faces = [neutral(f, np.arange(10)).astype(float) for f in range(len(TYPEFACES))]
    for a, b in combinations(faces, 2):
        assert np.abs(a - b).mean() > 2  # grey levels over the whole picture, of which a fifth is ink


def test_a_one_stands_upright(neutral):
    """The second of two y axes, text's upward and the picture's downward, is turned: a 7 has its bar on top."""
    rows = neutral(0, 7)[0].sum(1)
    assert rows[:14].sum() > rows[14:].sum()


def test_fields_are_digits_and_not_boxes_of_a_missing_glyph(neutral):
    """A font without the character would draw the same empty box for all ten digits."""
    for f in range(len(TYPEFACES)):
        ten = neutral(f, np.arange(10)).astype(float)
        assert min(np.abs(a - b).mean() for a, b in combinations(ten, 2)) > 4
    assert glyphs.fields().shape == (10 * len(TYPEFACES), len(glyphs.AXIS), len(glyphs.AXIS))
