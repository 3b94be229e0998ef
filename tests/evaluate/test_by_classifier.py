"""What a classifier says, and what one learns: counted by hand, and on digits that are right, wrong or swapped."""

import math

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from companion.evaluate import by_classifier


def test_conditional_accuracy_by_hand(library, dtype):
    logits = library(np.array([[2, 1, 0], [0, 1, 0], [0, 3, 5], [9, 0, 0]], dtype))
    found = by_classifier.conditional(logits, library(np.array([0, 1, 1, 0])))
    assert found.share == 0.75
    assert found.by_class[:2] == (1, 0.5)
    assert math.isnan(found.by_class[2])
    assert type(found.share) is float


def test_labels_may_be_of_any_whole_type(library):
    logits = library(np.eye(3))
    for kind in (np.uint8, np.int32, np.float64):
        assert by_classifier.conditional(logits, library(np.arange(3).astype(kind))).share == 1


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    x = x.reshape(-1, 8, 8) / 16
    return (x[:900], y[:900]), (x[900:], y[900:])


def trainer(library):
    """A linear classifier as a trainer is asked to be: pictures and labels in, a function from pictures to rows out."""

    def train(x, y):
        model = LogisticRegression(max_iter=300).fit(library.numpy(x).reshape(len(x), -1), library.numpy(y))
        return lambda pictures: library(np.eye(10)[model.predict(library.numpy(pictures).reshape(len(pictures), -1))])

    return train


def test_real_pictures_give_the_figure_to_compare_with(digits, library):
    (x, y), (test_x, test_y) = digits
    found = by_classifier.synthetic_to_real(*map(library, (x, y, test_x, test_y)), train=trainer(library))
    model = LogisticRegression(max_iter=300).fit(x.reshape(900, -1), y)
    assert found.share == pytest.approx(model.score(test_x.reshape(len(test_x), -1), test_y))
    assert len(found.by_class) == 10


def test_swapped_labels_and_a_class_that_is_never_generated_show(digits, library):
    (x, y), (test_x, test_y) = digits
    swapped = np.where(y == 1, 7, np.where(y == 7, 1, y))
    found = by_classifier.synthetic_to_real(*map(library, (x, swapped, test_x, test_y)), train=trainer(library))
    assert max(found.by_class[1], found.by_class[7]) < 0.1
    assert found.by_class[0] > 0.9
    missing = np.where(y == 3, 5, y)
    found = by_classifier.synthetic_to_real(*map(library, (x, missing, test_x, test_y)), train=trainer(library))
    assert found.by_class[3] == 0
    assert found.by_class[0] > 0.9


def test_pictures_reach_the_trainer_as_they_are(library):
    x = library(np.arange(24, dtype=np.uint8).reshape(2, 1, 3, 4))
    seen = []

    def spy(pictures, labels):
        seen.append((pictures, labels))
        return lambda pictures: seen.append(pictures) or library(np.eye(2))

    y = library(np.array([0, 1]))
    assert by_classifier.synthetic_to_real(x, y, x, y, train=spy).share == 1
    assert seen[0][0] is x
    assert seen[0][1] is y
    assert seen[1] is x


def test_balance_by_hand(library):
    found = by_classifier.balance(library(np.array([0, 0, 0, 1, 2, 2])), 4)
    assert found.shares == (0.5, 1 / 6, 1 / 3, 0)
    expected = 0.5 * math.log(2) + math.log(4 / 6) / 6 + math.log(4 / 3) / 3
    assert found.kl == pytest.approx(expected)
    assert found.floor == pytest.approx(3 / 12)


def test_balance_against_the_shares_of_the_data(library):
    y = library(np.repeat([0, 1, 2], [50, 30, 20]))
    assert by_classifier.balance(y, 3, expected=library(np.array([0.5, 0.3, 0.2]))).kl == pytest.approx(0, abs=1e-12)
    assert by_classifier.balance(y, 3).kl > 0.05
