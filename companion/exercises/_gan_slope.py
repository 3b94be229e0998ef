"""The checker of the penalty R1: D's slope by the sample, without autograd."""

from typing import Any

import numpy as np

from companion.exercises._gan_cases import NETS, gradients
from companion.exercises._words import listed
from companion.exercises.answers import ask, compare, number
from companion.exercises.verdict import exercise


@exercise(
    "Your penalty is half the mean squared slope by the sample, and no autograd was needed.",
    "You need the gradient of D by x, not by the weights. Which rule takes you through the tanh?",
    "With a = tanh(W x + b) the gradient by x is Wᵀ(v ∘ (1 − a²)), one vector for each x.",
    "g = (v * (1 - a**2)) @ W, one row for each x; then 0.5 * (g**2).sum(axis=1).mean().",
)
def check_r1(student: Any) -> None:
    """student(x, W, b, v) -> ½ mean ‖∇ₓ D(x)‖² for D(x) = v · tanh(W x + b), x one point a row."""
    for case in NETS:
        given = dict(zip(("x", "W", "b", "v"), case, strict=True))
        found = number(ask(student, **given), "the penalty")
        truth = (gradients(*case) ** 2).sum(1).mean() / 2
        compare(
            f"For {listed(given)} you returned {found:.6g}:",
            found,
            truth,
            _r1_mistakes(*case),
            f"{truth:.6g} is right. Check your gradient of one point by a finite difference first.",
        )


def _r1_mistakes(x: np.ndarray, W: np.ndarray, b: np.ndarray, v: np.ndarray) -> dict[str, float]:
    g, a = gradients(x, W, b, v), np.tanh(x @ W.T + b)
    squares = (g**2).sum(1)

    def with_bend(bend: Any) -> float:
        return (gradients(x, W, b, v, bend=bend) ** 2).sum(1).mean() / 2

    by_weights = np.einsum("nh,nd->nhd", v * (1 - a**2), x)
    mistakes = {
        "the half is missing: R1 is γ/2 times the mean.": squares.mean(),
        "you summed over the points. Take the mean.": squares.sum() / 2,
        "you took the mean over the coordinates too. Of one point it is the sum of squares.": (g**2).mean() / 2,
        "the axis is the other one: sum the squares of each point's coordinates, then average over the points.":
            (g**2).sum(0).mean() / 2,
        "you took the mean over the coordinates, where their squares are summed, and forgot the half.":
            (g**2).mean(),
        "the half and the mean over the points are missing.": squares.sum(),
        "the square is missing: you averaged the norms.": np.sqrt(squares).mean() / 2,
        "the square and the half are missing: you averaged the norms.": np.sqrt(squares).mean(),
        "you squared the mean norm. Square each point's own norm, then average.": np.sqrt(squares).mean() ** 2 / 2,
        "norm(g, 2) of a matrix is its largest singular value. Sum the squares of each row.":
            np.linalg.norm(g, 2) ** 2 / 2,
        "in 1 − a² the a is the value of the tanh, not what goes into it.":
            (((v * (1 - (x @ W.T + b) ** 2)) @ W) ** 2).sum(1).mean() / 2,
        "you averaged the gradients first. Square each point's own, then average.": (g.mean(0) ** 2).sum() / 2,
        "that is (‖∇D‖ − 1)², the other penalty.": ((np.sqrt(squares) - 1) ** 2).mean(),
        "the slope of the tanh is missing: 1 − a².": with_bend(np.ones_like),
        "the slope of the tanh is 1 − a², not 1 − a.": with_bend(lambda a: 1 - a),
        "you took the slope of a sigmoid, a(1 − a).": with_bend(lambda a: a * (1 - a)),
        "that is the gradient by the weights W. R1 asks how D changes with the sample.":
            (by_weights**2).sum((1, 2)).mean() / 2,
        "your gradient stops after the tanh: W takes it back to x.": ((v * (1 - a**2)) ** 2).sum(1).mean() / 2,
        "v is missing from the gradient.": (gradients(x, W, b, np.ones_like(v)) ** 2).sum(1).mean() / 2,
        "the bias is missing from the inside of the tanh.": (gradients(x, W, 0 * b, v) ** 2).sum(1).mean() / 2,
    }  # fmt: skip
    if len(W) == len(W[0]):
        mistakes["you multiplied by W transposed on the way back."] = (((v * (1 - a**2)) @ W.T) ** 2).sum(1).mean() / 2
    return mistakes
