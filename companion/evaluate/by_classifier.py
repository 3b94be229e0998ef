"""What a classifier says of generated pictures with labels, and what one learns from them."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Num, Shaped

from companion._array import checked, whole
from companion.evaluate.modes import divergence
from companion.evaluate.rows import Labels, Rows, labels, rows


class Accuracy(NamedTuple):
    """The share of right answers, of all and of each class; NaN for a class that does not occur."""

    share: float
    by_class: tuple[float, ...]


def conditional(logits: Rows, wanted: Labels) -> Accuracy:
    """How often a classifier reads in a picture what was asked for: argmax of each row of `logits` against `wanted`.

    The logits (or probabilities) are of a classifier that never saw a generated picture. The same for real pictures is
    the most that a generator can be expected to reach.
    """
    return _accuracy(logits, wanted, "logits", "wanted")


def synthetic_to_real(fake: Any, fake_y: Labels, real: Any, real_y: Shaped[Any, " m"], *, train: Callable) -> Accuracy:
    """Train on synthetic pictures, test on real ones (Esteban, Hyland & Rätsch 2017; Ravuri & Vinyals 2019).

    `train(fake, fake_y)` must return a function that gives one row of logits (or probabilities) for each picture of a
    set. Pictures are handed on as they are. Give it real training pictures for `fake`, and you have the figure to
    compare with.
    """
    for x, y, name in ((fake, fake_y, "fake"), (real, real_y, "real")):
        checked(x, name, (2, 3, 4))
        labels(y, f"{name}_y", x.shape[0])
    if not callable(train):
        raise TypeError(f"train is a {type(train).__name__}; a function of pictures and labels is needed.")
    predict = train(fake, fake_y)
    if not callable(predict):
        raise TypeError(f"train returned a {type(predict).__name__}; it must return a function: pictures -> logits.")
    return _accuracy(predict(real), real_y, "the prediction", "real_y")


class Balance(NamedTuple):
    """Shares of the classes, how unlike the expected ones they are (nats), and how unlike they would be by chance."""

    shares: tuple[float, ...]
    kl: float
    floor: float


def balance(y: Labels, classes: int, *, expected: Num[Any, " classes"] | None = None) -> Balance:
    """How evenly the classes come: `y` is what was generated, or what a classifier read; see `modes.divergence`.

    `expected` are the shares in the data, all equal if None.
    """
    classes = whole(classes, "classes", 1)
    xp, y = checked(y, "y", 1)
    xp, y = labels(y, "y", y.shape[0], classes)
    counts = xp.stack([xp.sum(xp.astype(y == c, xp.float64)) for c in range(classes)])
    kl, floor = divergence(counts, expected)
    return Balance(tuple(float(c) / y.shape[0] for c in counts), kl, floor)


def _accuracy(logits: Any, wanted: Any, name: str, other: str) -> Accuracy:
    xp, logits = rows(logits, name)
    n, classes = logits.shape
    _, wanted = labels(wanted, other, n, classes)
    right = xp.argmax(logits, axis=1) == wanted
    total = [int(xp.count_nonzero(wanted == c)) for c in range(classes)]
    hits = [int(xp.count_nonzero(right & (wanted == c))) for c in range(classes)]
    each = tuple(hit / there if there else math.nan for hit, there in zip(hits, total, strict=True))
    return Accuracy(sum(hits) / n, each)
