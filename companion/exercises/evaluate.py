"""Checkers of the chapter on judging generators."""

from typing import Any

import numpy as np

from companion.exercises._evaluate_cases import CLOUDS, LIKE, kernels, moments, off, root, spread
from companion.exercises._evaluate_near import check_nearer, check_precision_recall
from companion.exercises._words import listed
from companion.exercises.answers import ask, compare, number
from companion.exercises.verdict import Wrong, exercise

__all__ = ["check_frechet", "check_mmd", "check_nearer", "check_precision_recall"]

NOT_FINITE = (
    "a root of a negative number: rounding makes small eigenvalues negative, and covariances on a line are numbers"
)
ON_A_LINE = (
    "In the plane and in space your distance is right; for points on a line, {given}, your function stopped. "
    "Likely cause: there np.cov returns a plain number. np.atleast_2d(np.cov(x.T)) is a matrix for every d."
)


@exercise(
    "Your distance has both parts, means and covariances, and survives covariances that do not commute.",
    "Two parts: how far apart are the means, and how unlike are the covariances?",
    "For the root of ST use symmetric roots: tr (ST)^½ is the sum of the singular values of S^½ T^½.",
    "S^½: w, V = np.linalg.eigh(S); (V * np.sqrt(np.maximum(w, 0))) @ V.T. np.sqrt(S) takes the root of each entry.",
)
def check_frechet(student: Any) -> None:
    """student(real, fake) -> ‖μ − ν‖² + tr S + tr T − 2 tr (ST)^½, S and T the unbiased covariances of the rows."""
    for real, fake in CLOUDS:
        given = {"real": real, "fake": fake}
        value = number(_asked(student, given), "the distance", if_not_finite=NOT_FINITE)
        (mean, S), (other, T) = moments(real), moments(fake)
        truth = np.sum((mean - other) ** 2) + spread(S, T)
        compare(
            f"For {listed(given)} you returned {value:.6g}:",
            value,
            truth,
            _frechet_mistakes(real, fake, truth),
            f"{truth:.6g} is right. Print the part of the means ({np.sum((mean - other) ** 2):.4g}) and the rest.",
        )


def _asked(student: Any, given: dict[str, np.ndarray]) -> Any:
    """The answer. Points on a line come last, so that whoever stops there stops because of the line."""
    try:
        return ask(student, **given)
    except Wrong as wrong:
        if "your function stopped" in str(wrong) and given["real"].shape[1] == 1:
            raise Wrong(ON_A_LINE.format(given=listed(given))) from None
        raise


def _frechet_mistakes(real: np.ndarray, fake: np.ndarray, truth: float) -> dict[str, float]:
    (mean, S), (other, T) = moments(real), moments(fake)
    apart, traces = np.sum((mean - other) ** 2), np.trace(S) + np.trace(T)
    common, rest = (traces - spread(S, T)) / 2, spread(S, T)
    biased = [moments(x, 0)[1] for x in (real, fake)]
    mixed = [(moments(real, a)[1], moments(fake, b)[1]) for a, b in ((0, 1), (1, 0))]
    product = np.sqrt(np.abs(S @ T))
    return {
        "that is the root of the distance. The Fréchet distance in this sense is squared.": truth**0.5,
        "the part of the means is missing.": rest,
        "the part of the covariances is missing.": apart,
        "the distance of the means is not squared.": apart**0.5 + rest,
        "you took the mean of the squared differences. Add them up.": apart / len(mean) + rest,
        "the factor 2 before the root is missing.": apart + traces - common,
        "the root is added. It is subtracted: for equal covariances all cancels.": apart + traces + 2 * common,
        "the root is missing: you subtracted 2 tr ST.": apart + traces - 2 * np.trace(S @ T),
        "you took the root of each entry of ST. The root R of a matrix has RR = ST.": apart + traces
        - 2 * np.trace(product),
        "you took the trace of S^½ T^½. That is tr (ST)^½ only where S and T commute; take its singular values.":
            apart + traces - 2 * np.trace(root(S) @ root(T)),
        "you took the root of the trace of ST, also the Frobenius norm of S^½ T^½. Add its singular values up.":
            apart + traces - 2 * np.trace(S @ T) ** 0.5,
        "you compared variances alone. The covariances between features count too.":
            apart + np.sum((np.sqrt(np.diag(S)) - np.sqrt(np.diag(T))) ** 2),
        "that is the squared Frobenius distance of the covariances.": apart + np.sum((S - T) ** 2),
        "your covariances divide by n. Divide by n − 1, on both sides.": apart + spread(*biased),
        **{f"one of your covariances divides by n, that of the {who}. Divide by n − 1, on both sides.": apart
           + spread(*two) for who, two in zip(("real points", "fake points"), mixed, strict=True)},
    }  # fmt: skip


@exercise(
    "Your estimate is unbiased: no point is compared with itself.",
    "Three means of k: over pairs of x, over pairs of y, over pairs of one and the other.",
    "A point is much like itself. Leave k(xᵢ, xᵢ) out, and divide by the number of pairs that are left.",
    "K = (x @ x.T / d + 1) ** 3; (K.sum() − np.trace(K)) / (n(n − 1)). The same for y; less twice the mean of k(x, y).",
)
def check_mmd(student: Any) -> None:
    """student(x, y) -> the unbiased squared MMD with the kernel (xᵀy/d + 1)³, rows are points."""
    for x, y in (*CLOUDS[:2], LIKE):
        given = {"x": x, "y": y}
        value = number(ask(student, **given), "the estimate")
        truth = off(kernels(x, x)) + off(kernels(y, y)) - 2 * kernels(x, y).mean()
        compare(
            f"For {listed(given)} you returned {value:.6g}:",
            value,
            truth,
            _mmd_mistakes(x, y, truth),
            f"{truth:.6g} is right. Print the three means: {off(kernels(x, x)):.4g} within x, "
            f"{off(kernels(y, y)):.4g} within y, {kernels(x, y).mean():.4g} between.",
        )


def _mmd_mistakes(x: np.ndarray, y: np.ndarray, truth: float) -> dict[str, float]:
    n, m = len(x), len(y)
    K, L, M = kernels(x, x), kernels(y, y), kernels(x, y)
    less = (K.sum() - np.trace(K)) / n**2 + (L.sum() - np.trace(L)) / m**2 - 2 * M.mean()

    def other(**change: Any) -> float:
        return off(kernels(x, x, **change)) + off(kernels(y, y, **change)) - 2 * kernels(x, y, **change).mean()

    return {
        "you compared each point with itself too. Leave the diagonals out: they make it too large.":
            K.mean() + L.mean() - 2 * M.mean(),
        "you left the diagonals out, but divided by n². There are n(n − 1) pairs of different points.": less,
        "the factor 2 of the mixed mean is missing.": off(K) + off(L) - M.mean(),
        "the mixed mean is added. It is subtracted.": off(K) + off(L) + 2 * M.mean(),
        "the mean within y is missing.": off(K) - 2 * M.mean(),
        "the mean within x is missing.": off(L) - 2 * M.mean(),
        "you returned sums. Divide each by its number of pairs.":
            K.sum() - np.trace(K) + L.sum() - np.trace(L) - 2 * M.sum(),
        "you did not divide xᵀy by d, the number of features.": other(scale=1),
        "you took the power 2. The kernel is a cube.": other(power=2),
        "you left out the power 3.": other(power=1),
        "you left out the 1 that is added before the cube.": other(plus=0),
        "you divided xᵀy by the number of rows. d is the number of features.":
            off(kernels(x, x, scale=n)) + off(kernels(y, y, scale=m)) - 2 * kernels(x, y, scale=n).mean(),
        "you added up each pair within x and y once, but divided by n(n − 1). There are n(n − 1)/2 such pairs.":
            off(K) / 2 + off(L) / 2 - 2 * M.mean(),
        "you cut it off at 0. It is right on average only if it may be negative.": max(truth, 0.0),
        "that is its root. MMD² is asked for, which may be negative.": abs(truth) ** 0.5,
        "the sign is turned.": -truth,
    }  # fmt: skip
