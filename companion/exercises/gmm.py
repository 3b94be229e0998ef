"""Checkers of the chapter on Gaussian mixtures."""

from typing import Any

import numpy as np

from companion.exercises._mixtures import FAR, LOG_PROBS, MIXTURES, SHARES, log_joint, quadratic, softmax
from companion.exercises._sampling import check_sampling
from companion.exercises._words import listed, shaped
from companion.exercises.answers import array, ask, cause, close, compare, number, parts
from companion.exercises.verdict import Wrong, exercise

__all__ = ["check_bic", "check_m_step", "check_responsibilities", "check_sampling"]


@exercise(
    "Your responsibilities are the shares of every component, even where every density underflows.",
    "Bayes: weight times density, over the sum of that over the components.",
    "Far away the densities are 0 in floating point. Their logarithms are not: stay with them as long as you can.",
    "Subtract each row's largest logarithm before np.exp. It cancels in the quotient, and one term is then 1.",
)
def check_responsibilities(student: Any) -> None:
    """student(X, weights, means, covariances) -> n × k: p(k|x) for each row x, full covariances k × d × d."""
    for case in (*MIXTURES, FAR):
        given = dict(zip(("X", "weights", "means", "covariances"), case, strict=True))
        with np.errstate(all="ignore"):
            answer = ask(student, **given)
        n, k = len(case[0]), len(case[1])
        r = _shares(answer, n, k, case is FAR)
        truth = softmax(log_joint(*case))
        if not close(r, truth):
            raise Wrong(f"For {listed(given)}, your shares are off: {_shares_mistake(case, r)}")


def _shares(answer: Any, n: int, k: int, far: bool) -> np.ndarray:
    try:
        return array(answer, "responsibilities", (n, k), {(n,): "Return them for every component, one column each."})
    except Wrong as wrong:
        if far and "NaN" in str(wrong):
            raise Wrong(
                "For points far from every mean you returned NaN: all densities underflow to 0, and 0/0 is NaN. "
                "Take logarithms, subtract the largest of each row, and only then exponentiate."
            ) from None
        raise


def _shares_mistake(case: tuple, r: np.ndarray) -> str:
    X, weights, means, covariances = case
    logs = log_joint(*case)
    if case is FAR:
        return _far_mistake(r)
    half = np.linalg.slogdet(covariances)[1] / 2
    squares = quadratic(X, means, np.linalg.inv(covariances))
    normed = logs - np.log(np.exp(logs).sum(1, keepdims=True))
    mistakes = {
        "you returned weighted densities. Divide by their sum over the components.": np.exp(logs),
        "you returned logarithms. Exponentiate them at the end.": normed,
        "the weights are missing: a rare component has smaller shares.": softmax(logs - np.log(weights)),
        "the determinants are missing: a wide bell is lower.": softmax(logs + half),
        "the root of the determinant is missing: divide by √det, not by det.": softmax(logs - half),
        "the factor ½ in the exponent is missing.": softmax(logs - squares / 2),
        "the distance is not squared in the exponent.": softmax(logs + squares / 2 - np.sqrt(squares) / 2),
        "you multiplied by Σ where its inverse belongs.":
            softmax(logs + squares / 2 - quadratic(X, means, covariances) / 2),
        "you normalized over the points. For each point the shares of the components sum to 1: axis=1.":
            softmax(logs, axis=0),
        "you put all on the largest. That is a hard choice; the shares are asked for.":
            np.eye(len(weights))[logs.argmax(1)],
    }  # fmt: skip
    if why := cause(r, mistakes):
        return why
    if not close(r.sum(1), np.ones(len(r))):
        return f"your rows sum to numbers between {r.sum(1).min():.4g} and {r.sum(1).max():.4g}; each must sum to 1."
    return (
        "your rows sum to 1, but the shares are wrong. Print log π, the log determinant and the squared distance apart."
    )


def _far_mistake(r: np.ndarray) -> str:
    """For points so far away that every density underflows."""
    if not r.any():
        return "all densities underflow to 0 here, and so do your answers. Subtract each row's largest logarithm."
    return "these points are far from every mean. Do not clip or replace logarithms: subtract each row's largest one."


@exercise(
    "Your weights, means and covariances fit best, given the responsibilities.",
    "If a point counts only a half for a component, what is the mean of the component's points?",
    "N = r.sum(axis=0). Weights N/n, means r.T @ X over N.",
    "The covariance of component j: (r[:, [j]] * Y).T @ Y / N[j] with Y = X minus the NEW mean of j. For all j at once "
    "take np.einsum.",
)
def check_m_step(student: Any) -> None:
    """student(X, r) -> (weights, means, covariances): k, k × d and k × d × d numbers, from n × k responsibilities."""
    for X, r in SHARES:
        (n, d), k = X.shape, r.shape[1]
        weights, means, covariances = parts(ask(student, X=X, r=r), ("weights", "means", "covariances"))
        N = r.sum(0)
        M = r.T @ X / N[:, None]
        known = {(n,): "Sum over the points, axis=0."}
        weights = array(weights, f"the weights of {k} components", (k,), known)
        wrong = {
            "they are the counts N. Divide by the number of points.": N,
            "they are all equal. Each is the component's share of the points, N/n.": np.full(k, 1 / k),
        }
        compare(f"Your weights are {np.round(weights, 3).tolist()}:", weights, N / n, wrong, "each must be Σ r / n.")
        _check_means(X, r, M, array(means, f"{k} means in {d} dimensions", (k, d)))
        C = array(covariances, f"{k} covariances", (k, d, d), {(k, d): "Those are variances. Return whole matrices."})
        _check_covariances(X, r, M, C)


def _check_means(X: np.ndarray, r: np.ndarray, M: np.ndarray, means: np.ndarray) -> None:
    wrong = {
        "you did not divide by N, the sum of the responsibilities.": r.T @ X,
        "you divided by the number of points. Divide by N, the sum of the responsibilities.": r.T @ X / len(X),
        "all are the mean of all points: weight each point by its responsibility.": np.tile(X.mean(0), (len(M), 1)),
    }
    hard = np.eye(r.shape[1])[r.argmax(1)]
    if (hard.sum(0) > 0).all():
        why = "each point counts for one component only. Weight it by its responsibility for each."
        wrong[why] = hard.T @ X / hard.sum(0)[:, None]
    first = f"Your first mean is {np.round(means[0], 3).tolist()}:"
    compare(first, means, M, wrong, "the weighted mean of the points is wanted, Σ r x / Σ r.")


def _check_covariances(X: np.ndarray, r: np.ndarray, M: np.ndarray, C: np.ndarray) -> None:
    n, N = len(X), r.sum(0)
    S = np.stack([(r[:, [j]] * (X - m)).T @ (X - m) for j, m in enumerate(M)])
    N3, middle = N[:, None, None], X - X.mean(0)
    wrong = {
        "you did not divide by N.": S,
        "you divided by the number of points. Divide by N.": S / n,
        "you divided by N − 1. That is right for a sample's variance, not for the best fit: divide by N.": S / (N3 - 1),
        "you did not subtract the means.": np.einsum("nk,ni,nj->kij", r, X, X) / N3,
        "you subtracted the mean of all points. Each component has its own.":
            np.einsum("nk,ni,nj->kij", r, middle, middle) / N3,
        "you squared the responsibilities: multiply only one of the two factors by r.": np.stack(
            [((r[:, [j]] * (X - m)).T @ (r[:, [j]] * (X - m))) / N[j] for j, m in enumerate(M)]
        ),
        "all are alike: that is the tied kind. Each component has its own here.": np.tile(S.sum(0) / n, (len(M), 1, 1)),
        "only the variances are there, the covariances are 0. Take the product of whole columns.":
            S / N3 * np.eye(X.shape[1]),
    }  # fmt: skip
    first = f"Your first covariance, {shaped(C[0].shape)}, begins with {C[0, 0, 0]:.4g}:"
    compare(first, C, S / N3, wrong, "it must be Σ r (x − μ)(x − μ)ᵀ / N with the new means μ.")


@exercise(
    "Your BIC charges ln n for each free number, and −2 ln L once.",
    "How many numbers may the mixture choose? Weights sum to one, covariances are symmetric.",
    "k − 1 weights, k·d for the means, k·d(d + 1)/2 for the covariances.",
    "BIC = parameters · ln n − 2 · (sum of log_prob), n the number of points.",
)
def check_bic(student: Any) -> None:
    """student(log_prob, k, d) -> the BIC of k full components in d dimensions, from ln p(x) of each of n points."""
    for log_prob, k, d in LOG_PROBS:
        n, total = len(log_prob), float(np.sum(log_prob))
        p = k - 1 + k * d + k * d * (d + 1) // 2
        value = number(ask(student, log_prob=log_prob, k=k, d=d), "the BIC")
        mistakes = _bic_mistakes(p, k, d, n, total)
        where = f"For {n} points, k = {k}, d = {d} you returned {value:.6g}:"
        compare(
            where, value, p * np.log(n) - 2 * total, mistakes, f"{p} parameters at ln {n} each, less 2 ln L, is wanted."
        )


def _bic_mistakes(p: int, k: int, d: int, n: int, total: float) -> dict[str, float]:
    price = np.log(n)
    return {
        "you took the mean of log_prob. ln L is the sum over the points.": p * price - 2 * total / n,
        "that is −BIC/2, Schwarz's own form; the BIC here is −2 times it.": total - p * price / 2,
        "that is the BIC divided by n. Do not divide by n.": (p * price - 2 * total) / n,
        "you charged 2 ln n. It is one ln n for a parameter, not two.": 2 * p * price - 2 * total,
        "the factor 2 of ln L is missing.": p * price - total,
        "the sign is turned: parameters cost, likelihood pays, and the lowest is best.": 2 * total - p * price,
        "you added 2 ln L. It is subtracted.": p * price + 2 * total,
        "that is the AIC. BIC charges ln n for a parameter, not 2.": 2 * p - 2 * total,
        "you counted k weights. They sum to one, so one of them is not free.": (p + 1) * price - 2 * total,
        "you forgot the weights: k − 1 of them are free.": (p - k + 1) * price - 2 * total,
        "you forgot the means, or the diagonals of the covariances: k·d numbers each.": (p - k * d) * price - 2 * total,
        "you counted d² numbers for a covariance. It is symmetric: d(d + 1)/2.":
            (k - 1 + k * d + k * d * d) * price - 2 * total,
        "you counted d variances for a component. Full covariances have d(d + 1)/2.":
            (k - 1 + 2 * k * d) * price - 2 * total,
        "you counted one covariance for all. Each component has its own.":
            (k - 1 + k * d + d * (d + 1) // 2) * price - 2 * total,
        "you took a logarithm to another base. Take the natural one, np.log.": p * np.log2(n) - 2 * total,
        "you took a logarithm to the base 10. Take the natural one, np.log.": p * np.log10(n) - 2 * total,
    }  # fmt: skip
