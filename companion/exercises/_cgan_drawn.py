"""Two of the checkers on conditional GANs: labels for the fakes, and how different the pictures of a class are."""

from typing import Any

import numpy as np

from companion.exercises._cgan_cases import CLOUDS, LABELS, SEEN, SHARE
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, compare
from companion.exercises.verdict import Wrong, exercise

N = 20_000


@exercise(
    "Your labels come as often as in the data, in no order, and follow rng.",
    "Which labels may come, and how often? The data's own labels say both.",
    "Draw from y itself, with replacement: a frequent label lies there more often.",
    "rng.choice(y, n), or y[rng.integers(0, len(y), n)].",
)
def check_fake_labels(student: Any) -> None:
    """student(y, n, rng) -> n labels, as frequent as in y. rng is a NumPy Generator; n may be larger than len(y)."""
    c = _drawn(student, 1)
    if not set(np.unique(c)) <= set(SEEN):
        strange = sorted(set(np.unique(c)) - set(SEEN))
        raise Wrong(f"You returned the label {strange[0]:g}, which never comes in y: D would know such a fake at once.")
    _check_shares(c)
    if np.array_equal(c, _drawn(student, 2)):
        raise Wrong("Two generators gave you the same labels: draw from the rng you are given.")
    if not np.array_equal(c, _drawn(student, 1)):
        raise Wrong("The same generator gave you other labels the second time: draw from the rng you are given, "
                    "not from np.random.")  # fmt: skip
    together = np.mean(c[1:] == c[:-1])
    if together > np.sum(SHARE**2) + 0.05:
        raise Wrong(
            f"Your labels come in blocks: {together:.0%} are the same as the one before, by chance it is "
            f"{np.sum(SHARE**2):.0%}. A batch would hold few classes: draw each label anew, neither sort nor repeat."
        )


def _drawn(student: Any, seed: int) -> np.ndarray:
    try:
        answer = ask(student, y=LABELS, n=N, rng=np.random.default_rng(seed))
    except Wrong as wrong:
        if "population" not in str(wrong):
            raise
        said = str(wrong).split(" Likely cause")[0]
        raise Wrong(
            f"{said} Likely cause: replace=False draws each label of y once at most. Draw with replacement."
        ) from None
    known = {LABELS.shape: "That is as many as there are in y. Return n.", (len(SEEN),): "Those are shares or counts."}
    return array(answer, f"{N} labels", (N,), known)


def _check_shares(c: np.ndarray) -> None:
    share = np.array([np.mean(c == k) for k in SEEN])
    if np.abs(share - SHARE).max() < 0.02:
        return
    why = "draw from y itself, where a frequent label lies more often."
    if np.abs(share - 1 / len(SEEN)).max() < 0.02:
        why = "you drew all classes equally often. np.unique(y) has forgotten how often they come."
    elif share.max() > 0.99:
        why = "you drew one label and repeated it."
    elif np.abs(share - (1 / SHARE) / (1 / SHARE).sum()).max() < 0.02:
        why = "you weighted by 1/share: the rare ones come most often."
    elif np.abs(share - SHARE**2 / (SHARE**2).sum()).max() < 0.02:
        why = "you weighted draws from y by the shares: they count twice."
    found = ", ".join(f"{k}: {s:.0%}" for k, s in zip(SEEN, share, strict=True))
    wanted = ", ".join(f"{k}: {s:.0%}" for k, s in zip(SEEN, SHARE, strict=True))
    raise Wrong(f"Your labels come with the shares {found}; in y they are {wanted}. Likely cause: {why}")


@exercise(
    "Your spread is that of each class around its own mean.",
    "Which mean does a picture of class k belong to? And what is the length of a difference of two pictures?",
    "For each k: the rows with c == k, their mean, the squared lengths of the differences, their mean.",
    "[((x[c == k] - x[c == k].mean(0)) ** 2).sum(1).mean() for k in range(c.max() + 1)].",
)
def check_spread(student: Any) -> None:
    """student(x, c) -> for each class k the mean of ‖x_i − mean of class k‖² over its pictures; x is n × p."""
    for x, c in CLOUDS:
        given, k = {"x": x, "c": c}, int(c.max()) + 1
        known = {
            (len(x),): "That is one for each picture. Average over the pictures of a class.",
            (k, x.shape[1]): "That is one for each pixel. Sum over the pixels.",
            (): "That is one number. Keep the classes apart: a single one may have collapsed.",
            (10,): f"The classes are 0 to c.max(), here 0 to {k - 1}: do not take ten for granted.",
        }
        found = array(ask(student, **given), f"the spread of {k} classes", (k,), known)
        compare(
            f"For {listed(given)} your spread is wrong:",
            found,
            _spread(x, c),
            _spread_mistakes(x, c),
            "take the pictures of class 0, their mean, and the squared distances from it; average those.",
        )


def _spread(x: np.ndarray, c: np.ndarray, measure: Any = None, centre: Any = None) -> np.ndarray:
    """Of each class what `measure` makes of the differences from `centre`, the class's own mean if None."""
    measure = measure or (lambda d: (d**2).sum(1).mean())
    classes = [x[c == k] for k in range(int(c.max()) + 1)]
    return np.array([measure(own - (own.mean(0) if centre is None else centre)) for own in classes])


def _spread_mistakes(x: np.ndarray, c: np.ndarray) -> dict[str, np.ndarray]:
    spread, counts = _spread(x, c), np.bincount(c)
    around_one = _spread(x, c, lambda own: ((own - own.mean()) ** 2).sum(1).mean(), centre=0)
    return {
        "you took one mean over all pixels: axis=0 is missing. The mean of a class is a picture.": around_one,
        "you took one mean over all pixels, and divided by their number. The mean of a class is a picture, axis=0, and "
        "a squared length is a sum.": around_one / x.shape[1],
        "you subtracted from each picture its own mean (axis 1). The mean of the class is along axis 0.":
            _spread(x, c, lambda own: ((own - own.mean(1, keepdims=True)) ** 2).sum(1).mean(), centre=0),
        "you took the norm of a whole table: the root of a sum over the pictures. The mean of squares is asked for.":
            np.sqrt(spread * counts),
        "you took distances from the mean of all pictures. Each class has its own.": _spread(x, c, centre=x.mean(0)),
        "you took distances from 0: subtract the mean of the class.": _spread(x, c, centre=0),
        "you took the mean over the pixels. A squared length is a sum.": spread / x.shape[1],
        "you summed over the pictures: a class with more of them would seem more varied.": spread * counts,
        "you took the root: squared distances are asked for.": np.sqrt(spread),
        "you averaged distances. Square them first.": _spread(x, c, lambda d: np.linalg.norm(d, axis=1).mean()),
        "you divided by n_k − 1. The plain mean over the n_k pictures is asked for.": spread * counts / (counts - 1),
        "you divided by the number of all pictures.": spread * counts / len(x),
        "yours is the mean over pairs of two pictures, twice what is asked for.": 2 * spread,
        "you took the largest squared distance. The mean is asked for.":
            _spread(x, c, lambda d: (d**2).sum(1).max()),
        "you took absolute values in place of squares.": _spread(x, c, lambda d: np.abs(d).sum(1).mean()),
        "the order of your classes is turned round: class 0 first.": spread[::-1],
    }  # fmt: skip
