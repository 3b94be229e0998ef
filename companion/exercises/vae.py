"""Checkers of the chapter on variational autoencoders."""

from typing import Any

import numpy as np

from companion.exercises._vae_bounds import check_bound, check_elbo
from companion.exercises._vae_cases import POSTERIORS, kl_of
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, compare
from companion.exercises.verdict import exercise

__all__ = ["check_bound", "check_draw", "check_elbo", "check_kl"]


@exercise(
    "Your divergence is that of the closed form: one number of nats for each picture.",
    "For one number of the code the divergence is half of a sum of four terms. Which of them are 0 for N(0, 1)?",
    "½ (μ² + σ² − log σ² − 1). You are given log σ² itself: σ² is its exponential.",
    "0.5 * (mean**2 + np.exp(log_var) - log_var - 1), summed over the numbers of each code: axis 1.",
)
def check_kl(student: Any) -> None:
    """student(mean, log_var) -> KL(N(μ, σ²) ‖ N(0, I)) of each picture, n numbers, for mean and log_var of n × d."""
    for mean, log_var in POSTERIORS:
        given = {"mean": mean, "log_var": log_var}
        n, d = mean.shape
        known = {
            (n, d): "Sum over the numbers of each code.",
            (): "That is one number for all pictures. Keep them apart: sum over axis 1 only.",
            (d,): "You summed over the pictures. Sum over the numbers of each code: axis 1.",
        }
        answer = array(ask(student, **given), f"the divergences of {n} pictures", (n,), known)
        compare(f"For {listed(given)},", answer, kl_of(mean, log_var).sum(1), _kl_mistakes(mean, log_var),
                "your divergence is wrong. For mean = 0 and log_var = 0 it must be 0.")  # fmt: skip


def _kl_mistakes(mean: np.ndarray, log_var: np.ndarray) -> dict[str, np.ndarray]:
    right, var = kl_of(mean, log_var), np.exp(log_var)
    turned = (mean**2 / var + 1 / var + log_var - 1) / 2
    return {
        "your half is missing.": 2 * right.sum(1),
        "your sign is turned: a divergence is never negative.": -right.sum(1),
        "your −1 is missing.": right.sum(1) + mean.shape[1] / 2,
        "your −1 is taken once, not for each number of the code.": right.sum(1) + (mean.shape[1] - 1) / 2,
        "your −1 is taken once, after the half, not for each number of the code.": right.sum(1) + mean.shape[1] / 2 - 1,
        "you took the mean over the numbers of the code. They are independent, so their divergences add up.":
            right.mean(1),
        "you summed over the pictures. Sum over the numbers of each code: axis 1.": _over(right, 0),
        "you took log_var for the variance. Its exponential is the variance.":
            (mean**2 + log_var - np.log(np.abs(log_var)) - 1).sum(1) / 2,
        "you took log_var for the logarithm of σ. It is that of σ²: exp(log_var) is the variance already.":
            (mean**2 + np.exp(2 * log_var) - 2 * log_var - 1).sum(1) / 2,
        "you took exp(log_var / 2), which is σ, where σ² belongs.":
            (mean**2 + np.exp(log_var / 2) - log_var - 1).sum(1) / 2,
        "you halved log_var. It is log σ² already.": (mean**2 + var - log_var / 2 - 1).sum(1) / 2,
        "you squared exp(log_var). It is σ² already.": (mean**2 + var**2 - log_var - 1).sum(1) / 2,
        "your mean is not squared.": (mean + var - log_var - 1).sum(1) / 2,
        "your μ² is missing.": (var - log_var - 1).sum(1) / 2,
        "your log σ² is missing.": (mean**2 + var - 1).sum(1) / 2,
        "your log σ² has the wrong sign: a narrow posterior must cost more.": (mean**2 + var + log_var - 1).sum(1) / 2,
        "you computed KL(p ‖ q). The divergence is not symmetric: it is KL(q ‖ p), an average over q.": turned.sum(1),
    }  # fmt: skip


def _over(x: np.ndarray, axis: int) -> np.ndarray:
    """The sum over a wrong axis, where it has the shape of the right one; else something that nothing equals."""
    total = x.sum(axis)
    return total if x.shape[0] == x.shape[1] else np.full(len(x), np.nan)


@exercise(
    "Your codes have the mean and the spread that the encoder asks for.",
    "ε has the mean 0 and the standard deviation 1. What must be done to it?",
    "Multiply by the standard deviation, add the mean. σ is the root of σ² = exp(log_var).",
    "mean + np.exp(log_var / 2) * noise.",
)
def check_draw(student: Any) -> None:
    """student(mean, log_var, noise) -> z ~ N(μ, diag σ²) made of noise ~ N(0, I), all of n × d."""
    rng = np.random.default_rng(6)
    for mean, log_var in POSTERIORS:
        noise = rng.standard_normal(mean.shape)
        given = {"mean": mean, "log_var": log_var, "noise": noise}
        answer = array(ask(student, **given), f"{len(mean)} codes", mean.shape)
        compare(f"For {listed(given)},", answer, mean + np.exp(log_var / 2) * noise, _draw_mistakes(**given),
                "your codes are wrong. With noise = 0 they must be the mean, with noise = 1 one σ more.")  # fmt: skip


def _draw_mistakes(mean: np.ndarray, log_var: np.ndarray, noise: np.ndarray) -> dict[str, np.ndarray]:
    sigma = np.exp(log_var / 2)
    return {
        "you multiplied by the variance. The spread of σ·ε is σ, the root: np.exp(log_var / 2).":
            mean + np.exp(log_var) * noise,
        "you multiplied by log_var itself.": mean + log_var * noise,
        "you multiplied by half of log_var: its exponential is missing.": mean + log_var / 2 * noise,
        "your mean is missing.": sigma * noise,
        "you returned the mean: nothing is drawn. Then the decoder never learns what a spread means.": mean,
        "you added the noise without its spread.": mean + noise,
        "you multiplied mean and noise: that is no shift.": mean * sigma * noise,
        "you multiplied by exp(2·log_var). The root halves the exponent.": mean + np.exp(2 * log_var) * noise,
        "you divided by σ.": mean + noise / sigma,
        "you added σ without noise.": mean + sigma,
    }  # fmt: skip
