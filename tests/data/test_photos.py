"""The two photographs."""

import numpy as np

from companion.data import photos


def test_which_is_which():
    china, flower = photos()
    for photo in china, flower:
        assert photo.shape == (427, 640, 3)
        assert photo.dtype == np.uint8
    sky, petals = china[:100, 300:340].mean((0, 1)), flower[200:240, 320:360].mean((0, 1))
    assert sky.argmax() == 2  # a pale blue sky above the temple
    assert sky.min() > 150
    assert petals.argmax() == 0  # an orange flower in the middle
    assert petals[0] > 1.5 * petals[2]
