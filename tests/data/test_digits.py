"""scikit-learn's handwriting."""

import numpy as np
from sklearn.datasets import load_digits

from companion.data import images


def test_all_pictures_once_and_every_class_in_both_parts():
    train, test = images("digits"), images("digits", "test")
    levels, labels = load_digits(return_X_y=True)
    assert np.array_equal(np.concatenate([train.y, test.y]), labels)
    both = np.concatenate([train.x, test.x]).reshape(1797, 64)
    assert np.abs(both / 255 - levels / 16).max() <= 0.5 / 255 + 1e-12
    assert (len(train.x), len(test.x)) == (1437, 360)
    assert np.bincount(test.y).min() >= 30
    assert np.bincount(train.y).min() >= 130
