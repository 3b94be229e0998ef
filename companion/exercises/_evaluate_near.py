"""The two checkers about neighbours: precision and recall, and the test for copies."""

from typing import Any

import numpy as np

from companion.exercises._evaluate_cases import COPIES, NEIGHBOURS, distances, reach
from companion.exercises._words import listed
from companion.exercises.answers import ask, close, compare, number, parts
from companion.exercises.verdict import Wrong, exercise


@exercise(
    "Your precision asks about the fake points, your recall about the real ones, each with the other's balls.",
    "Precision: is this fake point inside the ball of some real one? Then exchange the roles.",
    "The radius of a ball is the distance to the k-th nearest other point of the same set.",
    "D = distances within real; radii = np.sort(D, axis=1)[:, k], since column 0 is the point itself. Then "
    "(D_real_fake < radii[:, None]).any(axis=0).mean().",
)
def check_precision_recall(student: Any) -> None:
    """student(real, fake, k) -> (precision, recall) with balls to the k-th nearest neighbour."""
    for real, fake, k in NEIGHBOURS:
        given = {"real": real, "fake": fake, "k": k}
        answer = parts(ask(student, **given), ("precision", "recall"))
        found = np.array([number(a, name) for a, name in zip(answer, ("the precision", "the recall"), strict=True)])
        d = distances(real, fake)
        truth = _both(d, reach(real, k), reach(fake, k))
        compare(
            f"For {listed(given)} you returned {np.round(found, 4).tolist()}:",
            found,
            truth,
            _ball_mistakes(real, fake, k),
            f"{np.round(truth, 4).tolist()} is right. Draw the balls of a few points on paper.",
        )


def _both(d: np.ndarray, radii: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(precision, recall) from distances real × fake, and the radii of both sets."""
    return np.array([(d < radii[:, None]).any(0).mean(), (d < other).any(1).mean()])


def _ball_mistakes(real: np.ndarray, fake: np.ndarray, k: int) -> dict[str, np.ndarray]:
    d = distances(real, fake)
    radii, other = reach(real, k), reach(fake, k)
    truth, nearest = _both(d, radii, other), d.argmin(0)
    own = np.array([(d.min(0) < radii[nearest]).mean(), (d.min(1) < other[d.argmin(1)]).mean()])
    known = {
        "you counted the point itself as its nearest neighbour: your balls reach to the (k − 1)-th other point.":
            _both(d, reach(real, k - 1), reach(fake, k - 1)),
        "your balls reach one neighbour too far, to the (k + 1)-th.": _both(d, reach(real, k + 1), reach(fake, k + 1)),
        "precision and recall are exchanged.": truth[::-1],
        "your precision asks whether a real point has a fake one in its ball: that is coverage. Ask each fake point.":
            np.array([(d < radii[:, None]).any(1).mean(), truth[1]]),
        "your recall looks into the balls of the real points: that is coverage. Take those of the fake points.":
            np.array([truth[0], (d < radii[:, None]).any(1).mean()]),
        "the balls are those of the set that you ask about. For precision take the balls of the real points.":
            np.array([(d < other).any(0).mean(), (d < radii[:, None]).any(1).mean()]),
        "for each point you look into the ball of the nearest only. It may lie in the ball of another one.": own,
        "you counted the balls in which a point lies. Whether it is in any counts: .any, not .sum.":
            np.array([(d < radii[:, None]).sum(0).mean(), (d < other).sum(1).mean()]),
        "that is the share of pairs. Ask of each point whether it is in any ball.":
            np.array([(d < radii[:, None]).mean(), (d < other).mean()]),
        "both use one radius for all. Each point has its own.":
            _both(d, np.full_like(radii, radii.mean()), np.full_like(other, other.mean())),
        "your distances are squared on one side only: compare a distance with a distance.":
            _both(d**2, radii, other),
        "you returned counts. Divide by the number of points.": truth * [len(fake), len(real)],
    }  # fmt: skip
    return {why: wrong for why, wrong in known.items() if not np.allclose(wrong, truth)}


@exercise(
    "Your share and what it would be for an honest generator are right, for sets of any size.",
    "Of each fake point, is its nearest training point nearer than its nearest held-out point?",
    "If training and held-out points are drawn alike, which of all of them is the nearest is a matter of chance.",
    "share = mean of (nearest distance to train < nearest distance to held out); expected = n/(n + h).",
)
def check_nearer(student: Any) -> None:
    """student(fake, train, held_out) -> (share nearer to train, the share expected of an honest generator)."""
    for fake, train, held_out in COPIES:
        given = {"fake": fake, "train": train, "held_out": held_out}
        answer = parts(ask(student, **given), ("share", "expected"))
        share, expected = (number(a, name) for a, name in zip(answer, ("the share", "the expected share"), strict=True))
        to_train, to_held = distances(fake, train).min(1), distances(fake, held_out).min(1)
        truth, n, h = float(np.mean(to_train < to_held)), len(train), len(held_out)
        if close((share, expected), (n / (n + h), truth)):
            raise Wrong(
                f"For {listed(given)} you returned {share:.4g} and {expected:.4g}: the two are exchanged. "
                "First the share that you found, then the expected one."
            )
        compare(
            f"For {listed(given)} your share is {share:.4g}:",
            share,
            truth,
            _share_mistakes(fake, train, held_out, truth),
            f"{truth:.4g} is right: print both distances of a few points.",
        )
        if abs(expected - n / (n + h)) > 1e-6:
            raise Wrong(f"For {n} training and {h} held-out points you expect {expected:.4g}: {_why(expected, n, h)}")


def _share_mistakes(fake: np.ndarray, train: np.ndarray, held_out: np.ndarray, truth: float) -> dict[str, float]:
    d, e = distances(fake, train), distances(fake, held_out)
    between = distances(held_out, train).min(1)
    known = {
        "that is the share nearer to the held-out points.": 1 - truth,
        "you compared mean distances. The nearest point counts.": float(np.mean(d.mean(1) < e.mean(1))),
        "you compared the farthest points. Take the smallest distance.": float(np.mean(d.max(1) < e.max(1))),
        "you took, for each training point, the nearest fake one. Ask each fake point: axis=1.":
            float(np.mean(d.min(0)[: min(len(train), len(held_out))] < e.min(0)[: min(len(train), len(held_out))])),
        "you compared the fake points' distances with those of held-out points to training. Here one fake point is "
        "compared with two sets.": float(np.mean(d.min(1)[:, None] < between)),
        "you returned a count. Divide by the number of fake points.": truth * len(fake),
        "that is in per cent. Leave it as a share.": 100 * truth,
    }  # fmt: skip
    return {why: wrong for why, wrong in known.items() if abs(wrong - truth) > 1e-9}


def _why(expected: float, n: int, h: int) -> str:
    known = {
        "that is right for sets of equal size only. With more training points the nearest is more often one of them.":
            0.5,
        "that is the share of the held-out points.": h / (n + h),
        "you divided by the held-out points. Divide by all of them.": n / h,
        "an honest generator cannot avoid to come near training points.": 0.0,
    }  # fmt: skip
    told = (why for why, wrong in known.items() if abs(expected - wrong) < 1e-6)
    return next(told, f"{n}/({n} + {h}) = {n / (n + h):.4g} is right.")
