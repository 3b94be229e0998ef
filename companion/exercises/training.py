"""Checkers of the chapter on training: shares of an epoch, means over processes, running averages, seeds."""

from typing import Any

import numpy as np

from companion.exercises._share import check_seed, check_share
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, close, compare
from companion.exercises.verdict import exercise

__all__ = ["check_combine", "check_ema", "check_seed", "check_share"]

_rng = np.random.default_rng(5)

# (average, weights, images, half_life)
AVERAGES = (
    (np.array([1.0, -2, 4]), np.array([3.0, 0, -1]), 64, 500.0),
    (np.array([[0.0, 1], [2, 3]]), np.array([[1.0, 1], [1, 1]]), 100, 100.0),
    (np.ones(4), np.zeros(4), 32, 10_000.0),
)


@exercise(
    "Your average forgets by half in each half-life, whatever the batch.",
    "How much of the old average is left after exactly one half-life? And after two?",
    "β is what is left of the old average after `images` images: a half, to the power of how many half-lives that is.",
    "β = 2^(−images/half_life), and the new average is β·average + (1 − β)·weights.",
)
def check_ema(student: Any) -> None:
    """student(average, weights, images, half_life) -> the new average, a new array."""
    for average, weights, images, half_life in AVERAGES:
        answer = ask(student, average=average, weights=weights, images=images, half_life=half_life)
        found = array(answer, "the new average", average.shape)
        beta = 2 ** (-images / half_life)
        compare(
            f"For {listed({'images': images, 'half_life': half_life})} your average is not the one wanted.",
            found,
            beta * average + (1 - beta) * weights,
            _ema_mistakes(average, weights, images, half_life),
            _hint(found, average, weights),
        )


def _ema_mistakes(average: np.ndarray, weights: np.ndarray, images: int, half_life: float) -> dict[str, np.ndarray]:
    beta = 2 ** (-images / half_life)

    def at(b: float) -> np.ndarray:
        return b * average + (1 - b) * weights

    return {
        "You returned the old average: the weights did not enter.": average,
        "You returned the weights themselves.": weights,
        "The two shares are exchanged: β belongs to the old average, 1 − β to the new weights.": at(1 - beta),
        "Your β is e^(−images/half_life): after a half-life 37 % would be left. Use powers of 2.": at(beta**1.442695),
        "Your β is 1 − images/half_life, which is 0 after one half-life, not ½.": at(1 - images / half_life),
        "Your β is 1 − 1/half_life: the number of images does not enter.": at(1 - 1 / half_life),
        "Your β is 2^(−1/half_life), that of one image. The step took `images` of them.": at(2 ** (-1 / half_life)),
        "Your β is 2^(−half_life/images): turn the fraction around.": at(2 ** (-half_life / images)),
        "You forgot 1 − β before the weights: the shares must sum to 1.": beta * average + weights,
        "You forgot β before the old average: the shares must sum to 1.": average + (1 - beta) * weights,
    }


def _hint(found: np.ndarray, average: np.ndarray, weights: np.ndarray) -> str:
    apart = weights != average
    share = (found - weights)[apart] / (average - weights)[apart]
    if close(share, np.full_like(share, share.mean())):
        return f"Yours keeps {share.mean():.4g} of the old average. Print your β for images = half_life: it must be ½."
    return "It does not lie between your two arrays entry by entry. Use β·average + (1 − β)·weights."


# (gradients, counts): a row for each process, which is the mean over so many pictures.
GRADIENTS = (
    (_rng.standard_normal((3, 4)), np.array([5, 2, 9])),
    (_rng.standard_normal((2, 6)), np.array([16, 16])),
    (_rng.standard_normal((4, 2)), np.array([7, 1, 4, 4])),
)


@exercise(
    "Your gradient is that of the mean over all pictures, however they were shared out.",
    "What would one process that has all the pictures compute? Write it as a sum over pictures, and group by process.",
    "A process that saw more pictures must count more: count·mean is the sum over its pictures.",
    "Σ counts·gradients, divided by Σ counts. With equal counts that is the plain mean.",
)
def check_combine(student: Any) -> None:
    """student(gradients, counts) -> the mean gradient over all pictures, from one mean and one count a process."""
    for gradients, counts in GRADIENTS:
        world, n, turned = len(counts), counts.sum(), 1 / counts
        answer = ask(student, gradients=gradients, counts=counts)
        shapes = {gradients.shape: "One row for each process came back: every process must end with the same one."}
        found = array(answer, "the mean gradient", gradients.shape[1:], shapes)
        mistakes = {
            "You took the sum over the processes; the mean is wanted.": gradients.sum(0),
            "You took the plain mean over the processes. A process with more pictures counts more.": gradients.mean(0),
            "You forgot to divide by the number of all pictures.": counts @ gradients,
            "You divided by the number of processes, not of pictures.": counts @ gradients / world,
            "You divided by counts where you should multiply: the rows are means already.": (1 / counts) @ gradients,
            "You weighted by 1/counts: it is the larger share that counts more.": turned @ gradients / turned.sum(),
            "You divided the plain sum by the number of pictures: the rows are means already.": gradients.sum(0) / n,
        }
        compare(
            f"For {listed({'counts': counts})} your gradient is not that of the mean over all pictures.",
            found,
            counts @ gradients / n,
            mistakes,
            "Think of every picture's own gradient: each has the weight 1/Σ counts.",
        )
