"""Calls of companion.evaluate, good and wrong."""

import math

import numpy as np
import torch
from torch import nn

from calls.common import GOOD, RNG, positive_number, whole_number
from companion.evaluate import (
    by_classifier,
    features,
    fid,
    kid,
    memorization,
    modes,
    parzen,
    precision_recall,
    quiz,
)

NET = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2))
LABELS = np.array([0, 1, 2, 0])
TRUTHS = np.array([1.0, 0, 1, 1])
P = GOOD / GOOD.sum(axis=1, keepdims=True)


def train(x, y):
    return lambda pictures: np.eye(3)[[0] * len(pictures)]


CALLS = {
    fid.frechet: {"real": GOOD, "fake": GOOD + 1},
    kid.kernel: {"real": GOOD, "fake": GOOD + 1, "subsets": 2, "size": 2, "rng": 0},
    kid.mmd2: {"x": GOOD, "y": GOOD + 1},
    precision_recall.estimate: {"real": GOOD, "fake": GOOD + 1, "k": 1},
    precision_recall.radii: {"x": GOOD, "k": 1},
    modes.count: {"points": GOOD, "centres": GOOD[:2], "std": 0.1, "within": 3.0},
    modes.classes: {"p": P, "sure": 0.5},
    modes.divergence: {"counts": GOOD[:, 0], "expected": np.full(4, 0.25)},
    by_classifier.conditional: {"logits": GOOD, "wanted": LABELS},
    by_classifier.synthetic_to_real: {
        "fake": GOOD, "fake_y": LABELS, "real": GOOD, "real_y": LABELS, "train": train
    },
    by_classifier.balance: {"y": LABELS.astype(float), "classes": 3, "expected": np.full(3, 1 / 3)},
    memorization.compare: {"fake": GOOD, "train": GOOD + 1, "held_out": GOOD - 1, "level": 0.5},
    memorization.nearest: {"x": GOOD, "among": GOOD + 1},
    parzen.log_likelihood: {"samples": GOOD, "x": GOOD + 1, "sigma": 0.5},
    parzen.bandwidth: {"samples": GOOD, "validation": GOOD + 1, "sigmas": [0.5]},
    quiz.questions: {"real": GOOD, "fake": GOOD + 1, "n": 2, "rng": 0},
    quiz.score: {"is_fake": TRUTHS, "said_fake": TRUTHS, "confidence": 0.9},
    quiz.needed: {"share": 0.7, "confidence": 0.9, "power": 0.8},
    features.extract: {"net": NET, "x": GOOD, "size": 2},
}  # fmt: skip
UNCHECKED: dict = {}
SPARSE_TOO = ()
OTHERS = (quiz.needed, features.extract)


def second(name, first):
    """Wrong values for a second set of rows beside GOOD."""
    return [
        (GOOD[:, :2], ValueError, (f"{first} has rows of length 3, {name} of length 2", "same features")),
        (GOOD[0], ValueError, (f"{name} has shape (3,)", "2 dimension(s)", f"{name}[:, None]")),
        (GOOD[:0], ValueError, (f"{name} has shape (0, 3)", "empty")),
        (np.where(GOOD == 3, math.nan, GOOD), ValueError, (f"{name} holds NaN", "remove or replace")),
        (torch.tensor(GOOD), TypeError, (f"{first} is a ndarray and {name} is a Tensor", "convert one")),
        (GOOD + 1j, TypeError, (f"{name} has dtype complex128", "real coordinates")),
        (GOOD.tolist(), TypeError, (f"{name} is a list", f"numpy.asarray({name})")),
        (None, TypeError, (f"{name} is a NoneType",)),
    ]


def some_labels(name, classes=None):
    """Wrong values for four labels."""
    wrong = [
        (LABELS[:3], ValueError, (f"{name} has 3 entries for 4 rows", "one label for each")),
        (LABELS - 1, ValueError, (f"{name} holds values that are no labels", "0, 1, 2, …")),
        (LABELS + 0.5, ValueError, (f"{name} holds values that are no labels",)),
        (LABELS[:, None], ValueError, (f"{name} has shape (4, 1)", "1 dimension(s)")),
        (LABELS.tolist(), TypeError, (f"{name} is a list",)),
    ]
    if classes:
        wrong.append((LABELS + classes, ValueError, (f"{name} goes up to 5", f"with {classes} classes")))
    return wrong


def between(name, *outside, allowed):
    return [(value, ValueError, (f"{name} is {value}", allowed)) for value in outside]


PICTURES = [
    (GOOD[0], ValueError, ("has shape (3,)", "2 or 3 or 4 dimension(s)")),
    (GOOD[:0], ValueError, ("empty",)),
    (GOOD.tolist(), TypeError, ("is a list", "numpy.asarray")),
    (np.where(GOOD == 3, math.inf, GOOD), ValueError, ("holds NaN or infinity",)),
]
EXPECTED = [
    (np.full(2, 0.5), ValueError, ("expected has 2 entries", "shares > 0 that sum to 1")),
    (np.array([0.5, 0.25, 0.25, 0]), ValueError, ("expected has 4 entries", "shares > 0")),
    (np.full(4, 0.3), ValueError, ("with the sum 1.2", "that sum to 1")),
    ([0.25] * 4, TypeError, ("expected is a list",)),
]
WRONG = {
    (fid.frechet, "real"): [(GOOD[:3], ValueError, ("real has 3 rows of 3 features", "give at least 4"))],
    (fid.frechet, "fake"): [
        *second("fake", "real"), (GOOD[:3], ValueError, ("fake has 3 rows of 3 features", "give at least 4")),
    ],
    (kid.kernel, "fake"): [*second("fake", "real"), (GOOD[:1], ValueError, ("fake 1; at least 2",))],
    (kid.kernel, "subsets"): whole_number("subsets", 1),
    (kid.kernel, "size"): [case for case in whole_number("size", 2, 4) if case[0] is not None],
    (kid.mmd2, "y"): [*second("y", "x"), (GOOD[:1], ValueError, ("y 1; at least 2",))],
    (precision_recall.estimate, "fake"): [
        *second("fake", "real"), (GOOD[:1], ValueError, ("k is 1; allowed is 1 ≤ k ≤ 0",)),
    ],
    (precision_recall.estimate, "k"): whole_number("k", 1, 3),
    (precision_recall.radii, "k"): whole_number("k", 1, 3),
    (modes.count, "centres"): second("centres", "points"),
    (modes.count, "std"): positive_number("std"),
    (modes.count, "within"): positive_number("within"),
    (modes.classes, "p"): [
        (GOOD, ValueError, ("p's rows miss the sum 1 by up to 3.5", "softmax")),
        (np.array([[1.5, -0.5]]), ValueError, ("give probabilities",)),
    ],
    (modes.classes, "sure"): [*positive_number("sure"), (1.1, ValueError, ("sure is 1.1", "0 < sure ≤ 1"))],
    (modes.divergence, "counts"): [
        (np.zeros(4), ValueError, ("counts sum to 0", "counts ≥ 0")),
        (np.array([3.0, -1, 0, 2]), ValueError, ("the smallest is -1", "counts ≥ 0")),
    ],
    (modes.divergence, "expected"): EXPECTED,
    (by_classifier.conditional, "wanted"): some_labels("wanted", 3),
    (by_classifier.synthetic_to_real, "fake_y"): some_labels("fake_y"),
    (by_classifier.synthetic_to_real, "real"): PICTURES,
    (by_classifier.synthetic_to_real, "real_y"): some_labels("real_y", 3),
    (by_classifier.synthetic_to_real, "train"): [
        (None, TypeError, ("train is a NoneType", "a function of pictures and labels")),
        (lambda x, y: None, TypeError, ("train returned a NoneType", "pictures -> logits")),
        (lambda x, y: lambda p: LABELS, ValueError, ("the prediction has shape (4,)", "2 dimension(s)")),
        (lambda x, y: lambda p: GOOD[:3], ValueError, ("real_y has 4 entries for 3 rows",)),
    ],
    (by_classifier.balance, "y"): [
        (LABELS - 1, ValueError, ("no labels",)), (LABELS + 3, ValueError, ("y goes up to 5", "labels are 0 to 2")),
    ],
    (by_classifier.balance, "classes"): whole_number("classes", 1),
    (by_classifier.balance, "expected"): [
        (np.full(2, 0.5), ValueError, ("expected has 2 entries", "3 shares > 0")),
        ([0.25] * 3, TypeError, ("expected is a list",)),
    ],
    (memorization.compare, "train"): second("train", "fake"),
    (memorization.compare, "held_out"): second("held_out", "fake"),
    (memorization.compare, "level"): [
        *positive_number("level"), *between("level", 1.0, 0.2, 1.5, allowed="1/4 ≤ level < 1"),
    ],
    (memorization.nearest, "among"): second("among", "x"),
    (parzen.log_likelihood, "x"): second("x", "samples"),
    (parzen.log_likelihood, "sigma"): positive_number("sigma"),
    (parzen.bandwidth, "validation"): second("validation", "samples"),
    (parzen.bandwidth, "sigmas"): [
        ([], ValueError, ("sigmas is empty", "at least one")), ([0.1, 0.0], ValueError, ("sigmas is 0.0",)),
        (["a"], TypeError, ("sigmas is 'a'",)),
    ],
    (quiz.questions, "fake"): [
        *PICTURES, (GOOD[:, :2], ValueError, ("(4, 3)", "fake (4, 2)", "must look alike")),
        (GOOD.astype(np.float32), ValueError, ("float32", "convert one")),
        (torch.tensor(GOOD), ValueError, ("must look alike",)),
    ],
    (quiz.questions, "n"): whole_number("n", 1, 4),
    (quiz.score, "said_fake"): [
        (TRUTHS[:3], ValueError, ("is_fake has 4 entries, said_fake 3", "one answer for each")),
        (TRUTHS * 2, ValueError, ("said_fake holds other values than True and False",)),
        (TRUTHS.tolist(), TypeError, ("said_fake is a list",)),
    ],
    (quiz.score, "confidence"): between("confidence", 0, 1, 95, -0.5, allowed="0 < confidence < 1"),
    (quiz.needed, "share"): between("share", 0.5, 0.4, 1, allowed="0.5 < share < 1"),
    (quiz.needed, "confidence"): between("confidence", 0, 1, 95, allowed="0 < confidence < 1"),
    (quiz.needed, "power"): between("power", 0, 1, 80, allowed="0 < power < 1"),
    (features.extract, "net"): [
        (None, TypeError, ("net is a NoneType", "torch classifier")),
        (nn.Conv2d(1, 1, 3), TypeError, ("net is a Conv2d without a dense layer",)),
        (lambda x: x, TypeError, ("net is a function",)),
    ],
    (features.extract, "x"): [
        *PICTURES, (np.zeros((0, 3), np.uint8), ValueError, ("empty",)), (None, TypeError, ("x is a NoneType",)),
        (np.zeros(3, np.uint8), ValueError, ("x has shape (3,)",)),
    ],
    (features.extract, "size"): whole_number("size", 1),
    **{(f, "rng"): RNG for f in (kid.kernel, quiz.questions)},
}  # fmt: skip
