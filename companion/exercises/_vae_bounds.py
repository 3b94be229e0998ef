"""Two of vae's checkers: the ELBO, and the importance-weighted bound."""

from typing import Any

import numpy as np

from companion.exercises._vae_cases import PICTURES, SURE, WEIGHTS, bound_of, kl_of, log_prob_of
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, compare, number
from companion.exercises.verdict import exercise

EXP = (
    "exp(800) is too large for a float, and the logarithm of a σ(l) that rounds to 0 is −∞: "
    "take x·l − np.logaddexp(0, l)"
)
CLIPPED = (
    "that is not it: a pixel 0 with the logit 800 costs 800 nats. "
    "Likely cause: you clipped a probability or a logit; take x·l − log(1 + eˡ) by np.logaddexp(0, l)."
)
PARTS = "that is not it. Check the two parts one by one."
APART = (
    "the mean of your numbers is right, but not each of them: "
    "subtract from the gain of each picture the divergence of the same picture."
)


@exercise(
    "Your ELBO is a sum over pixels and code numbers, and a mean over pictures.",
    "Two parts, a gain and a cost. Over which axis is each of them summed, and what is done with the pictures?",
    "The gain is Σ x·l − log(1 + eˡ) over the pixels of a picture, the cost the divergence summed over its code.",
    "np.logaddexp(0, logits) is log(1 + eˡ) for logits of any size. Subtract the divergences, then take the mean.",
)
def check_elbo(student: Any) -> None:
    """student(x, logits, mean, log_var) -> the ELBO in nats, its mean over the pictures; x and logits n × pixels."""
    for case in (*PICTURES, SURE):
        given = dict(zip(("x", "logits", "mean", "log_var"), case, strict=True))
        x, logits, mean, log_var = case
        answer, wanted = ask(student, **given), "the ELBO, its mean over the pictures,"
        each = np.shape(answer) in ((len(x),), (len(x), 1))  # kept apart by picture, which is as good
        if each:
            answer = _finite(answer, wanted, (len(x),), {}, EXP)
        value = number(np.mean(answer) if each else answer, wanted, if_not_finite=EXP)
        gain, cost = log_prob_of(x, logits), kl_of(mean, log_var)
        compare(f"For {listed(given)}, you returned {value:.4g}:", value, gain.sum() / len(x) - cost.sum() / len(x),
                _elbo_mistakes(x, logits, gain, cost), CLIPPED if case is SURE else PARTS)  # fmt: skip
        if each:
            compare(f"For {listed(given)},", answer, gain.sum(1) - cost.sum(1), {}, APART)


def _elbo_mistakes(x: np.ndarray, logits: np.ndarray, gain: np.ndarray, cost: np.ndarray) -> dict[str, float]:
    n, pixels = x.shape
    up, down = gain.sum() / n, cost.sum() / n
    clipped = np.clip(1 / (1 + np.exp(-np.clip(logits, -500, 500))), 1e-12, 1 - 1e-12)
    twice = log_prob_of(x, clipped).sum() / n
    return {
        f"you took the mean over the pixels. That makes the divergence weigh {pixels} times as much.":
            up / pixels - down,
        "you took the mean over the numbers of the code. Their divergences add up.": up - cost.mean(1).mean(),
        "you took means where sums belong: over pixels and over the code.": up / pixels - cost.mean(1).mean(),
        "you summed over the pictures. The ELBO is reported per picture: take their mean.": n * (up - down),
        "you added the divergence. It is a cost.": up + down,
        "your sign is turned: that is the loss, the negative ELBO.": down - up,
        "you left out the divergence: that is the reconstruction alone.": up,
        "you left out the reconstruction.": -down,
        "the half of the divergence is missing.": up - 2 * down,
        "you subtracted the divergence of all pictures from each picture.": up - n * down,
        "you took a sigmoid of what is a probability already, or logits for probabilities.": twice - down,
        "you forgot the pixels without ink: (1 − x)·log(1 − p) is missing.": (x * np.log(clipped)).sum() / n - down,
        "you took squared differences. They belong to normal noise, not to pixels that are 0 or 1.":
            -((x - clipped) ** 2).sum() / n - down,
    }  # fmt: skip


@exercise(
    "Your bound is the logarithm of a mean of weights, for weights of any size.",
    "The mean is taken before the logarithm. What does a float make of e⁻⁹⁰⁰, and what is the logarithm of that?",
    "Take the largest log-weight of each picture out of the sum: log Σ exp(a) = m + log Σ exp(a − m).",
    "m = log_w.max(axis=0); m + np.log(np.mean(np.exp(log_w - m), axis=0)).",
)
def check_bound(student: Any) -> None:
    """student(log_w) -> log (1/k) Σ w of each picture, n numbers, for log-weights of k × n."""
    for log_w in WEIGHTS:
        given = {"log_w": log_w}
        k, n = log_w.shape
        known = {
            (): "That is one number for all pictures. Keep them apart: the codes are along axis 0.",
            (k,): "You went along the pictures. The codes are along axis 0.",
            (k, n): "Take the mean of the weights over the codes, axis 0.",
        }
        answer = ask(student, **given)
        size = "exp(−900) is 0 and exp(900) infinite: take the largest of each picture out of the sum first"
        value = _finite(answer, f"the bounds of {n} pictures", (n,), known, size)
        compare(f"For {listed(given)},", value, bound_of(log_w), _bound_mistakes(log_w),
                "your bound is wrong. With one code it must be the log-weight itself.")  # fmt: skip


def _finite(answer: Any, wanted: str, shape: tuple, known: dict, cause: str) -> np.ndarray:
    """As `array`, with a cause of its own for infinities: what `number` says of the first of them."""
    x = np.asarray(answer) if isinstance(answer, np.ndarray) else None
    if x is not None and x.shape == shape and x.dtype.kind == "f" and not np.isfinite(x).all():
        number(x[~np.isfinite(x)][0], f"every one of {wanted}", if_not_finite=cause)
    return array(answer, wanted, shape, known)


def _bound_mistakes(log_w: np.ndarray) -> dict[str, np.ndarray]:
    right, k = bound_of(log_w), len(log_w)
    return {
        "you took the mean of the logarithms. That is the ELBO; the logarithm of the mean is larger.": log_w.mean(0),
        "your log k is missing: the weights are summed, and a mean is asked for.": right + np.log(k),
        "you added log k. It is subtracted: a mean is smaller than a sum.": right + 2 * np.log(k),
        "you subtracted k, not its logarithm.": right + np.log(k) - k,
        "you divided the logarithm of the sum by k. The mean is inside the logarithm.": (right + np.log(k)) / k,
        "you took the largest log-weight alone.": log_w.max(0),
        "you took the largest out of the sum and did not add it again.": right - log_w.max(0),
        "your sign is turned.": -right,
        "you went along the pictures. The codes are along axis 0.":
            bound_of(log_w.T) if k == log_w.shape[1] else np.full(log_w.shape[1], np.nan),
    }  # fmt: skip
