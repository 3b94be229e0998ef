"""The middle square at another size."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from companion.data import resize


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(0, 255))
def test_plain_pictures_stay_plain(height, width, pixels, level):
    x = np.full((2, 3, height, width), level, np.uint8)
    x[1] = 255 - level
    out = resize.squares(x, pixels)
    assert out.shape == (2, 3, pixels, pixels)
    assert out.dtype == np.uint8
    assert (out[0] == level).all()
    assert (out[1] == 255 - level).all()


def test_the_middle_at_its_own_size_is_untouched():
    x = np.random.default_rng(0).integers(0, 256, (3, 1, 8, 12), np.uint8)
    assert np.array_equal(resize.squares(x, 8), x[..., 2:10])
    assert resize.squares(x, None) is x
    assert resize.squares(x[..., :8], 8).base is x  # nothing to do


def test_means_survive(train):
    small = resize.squares(train.x[:50], 14)
    assert np.abs(small.mean((1, 2, 3)) - train.x[:50].mean((1, 2, 3))).max() < 1.5
