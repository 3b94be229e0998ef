"""The checker of the expected calibration error."""

from typing import Any

import numpy as np

from companion.exercises._cnn_cases import ANSWERS, binned
from companion.exercises._words import listed
from companion.exercises.answers import ask, compare, number
from companion.exercises.verdict import exercise

EMPTY = "the mean of an empty bin is 0/0: skip bins without answers"


@exercise(
    "Your error weighs every bin by its answers, at the edges too.",
    "Which number says how sure an answer is? And when is the answer right?",
    "Confidence p.max(axis=1), right p.argmax(axis=1) == y. Sort the answers into bins by their confidence.",
    "For each bin: its share of all answers times |mean of right − mean confidence|; add up. Bin b holds b/B < "
    "confidence ≤ (b + 1)/B: np.ceil(confidence * bins) − 1.",
)
def check_ece(student: Any) -> None:
    """student(p, y, bins) -> Σ share · |accuracy − confidence| over bins (b/B, (b + 1)/B] of the confidence."""
    for p, y, bins in ANSWERS:
        given = {"p": p, "y": y, "bins": bins}
        value = number(ask(student, **given), "the calibration error", if_not_finite=EMPTY)
        share, confidence, accuracy = binned(p, y, bins).T
        truth = np.sum(share * np.abs(accuracy - confidence))
        compare(
            f"For {listed(given)} you returned {value:.6g}:",
            value,
            truth,
            _mistakes(p, y, bins, truth),
            f"{truth:.6g} is right. Print share, accuracy and mean confidence of each bin.",
        )


def _mistakes(p: np.ndarray, y: np.ndarray, bins: int, truth: float) -> dict[str, float]:
    share, confidence, accuracy = binned(p, y, bins).T
    gap = np.abs(accuracy - confidence)
    own = p[np.arange(len(y)), y]
    number = np.ceil(p.max(1) * bins) - 1
    middles = np.array([(b + 0.5) / bins for b in range(bins) if (number == b).any()])
    of_label = [(m.mean(), own[m].mean(), (p.argmax(1) == y)[m].mean()) for b in range(bins)
                if (m := np.ceil(own * bins) - 1 == b).any()]  # fmt: skip
    low, low_but_one = binned(p, y, bins, below=True), binned(np.minimum(p, 1 - 1e-12), y, bins, below=True)
    return {
        "you took the mean over the bins. Weigh each by its share of the answers.": gap.mean(),
        "you divided the sum of the gaps by the number of bins. Weigh each by its share of the answers.":
            gap.sum() / bins,
        "you added the gaps up. Weigh each bin by its share of the answers.": gap.sum(),
        "you added up counts. Divide by the number of answers.": truth * len(y),
        "that is the largest gap of a bin. The mean is asked for, weighed by the shares.": gap.max(),
        "gaps of different sign cancel in yours. Take the absolute value in each bin.":
            float(abs(np.sum(share * (accuracy - confidence)))),
        "gaps of different sign cancel in yours, and it is negative. Absolute values mend both.":
            -float(abs(np.sum(share * (accuracy - confidence)))),
        "you squared the gaps. Absolute values are asked for.": float(np.sum(share * gap**2)),
        "that is the root of the mean square. Absolute values are asked for.": float(np.sum(share * gap**2) ** 0.5),
        "you took the middle of each bin for its confidence. Take the mean of the confidences in it.":
            float(np.sum(share * np.abs(accuracy - middles))),
        "you took the probability of the class y for the confidence. Take the largest: that is what the net answers.":
            float(sum(s * abs(a - c) for s, c, a in of_label)),
        "an answer on the edge of two bins belongs to the lower one, and 1 to the last bin.":
            float(np.sum(low[:, 0] * np.abs(low[:, 2] - low[:, 1]))),
        "an answer on the edge of two bins belongs to the lower one; yours counts all but 1 in the upper one.":
            float(np.sum(low_but_one[:, 0] * np.abs(low_but_one[:, 2] - low_but_one[:, 1]))),
        "that is in per cent. Leave it as a share.": 100 * truth,
    }  # fmt: skip
