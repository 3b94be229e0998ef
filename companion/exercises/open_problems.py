"""Checkers of the chapter on open problems: a step by signs, a private sum, its divergence, an attack's advantage."""

from typing import Any

import numpy as np

from companion.exercises._open_cases import (
    ATTACKS,
    PICTURES,
    STEPS,
    SUMS,
    advantage,
    binomial,
    clipped,
    lengths,
)
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, compare, number
from companion.exercises.verdict import exercise

__all__ = ["check_advantage", "check_private_sum", "check_renyi", "check_sign_step"]


@exercise(
    "Your step moves every pixel as far as it may, stays near the first picture, and stays a picture.",
    "Which small change of the pixels, none by more than `step`, raises a loss with that slope most?",
    "x + step·sign(slope). Then two limits: at most epsilon from `start`, and between 0 and 1.",
    "np.clip(np.clip(x + step * np.sign(slope), start - epsilon, start + epsilon), 0, 1).",
)
def check_sign_step(student: Any) -> None:
    """student(x, slope, start, step, epsilon) -> x moved to raise the loss, within epsilon of start and [0, 1]."""
    for x, slope, start, step, epsilon in PICTURES:
        given = {"x": x, "slope": slope, "start": start, "step": step, "epsilon": epsilon}
        found = array(ask(student, **given), "the moved picture", x.shape)

        def near(moved: np.ndarray, start: np.ndarray = start, epsilon: float = epsilon) -> np.ndarray:
            return np.clip(np.clip(moved, start - epsilon, start + epsilon), 0, 1)

        unit = slope / np.linalg.norm(slope)
        mistakes = {
            "you stepped downhill: the loss must rise, not fall.": near(x - step * np.sign(slope)),
            "you moved along the slope itself. Its sign moves each pixel by the whole step.": near(x + step * slope),
            "you moved along the slope divided by its length. That is the step for the 2-norm.": near(x + step * unit),
            "you moved by epsilon, not by `step`.": near(x + epsilon * np.sign(slope)),
            "you left [0, 1]: those are no grey values.":
                np.clip(x + step * np.sign(slope), start - epsilon, start + epsilon),
            "you left the box of epsilon around `start`.": np.clip(x + step * np.sign(slope), 0, 1),
            "your box of epsilon lies around x. It lies around `start`, however many steps were made.":
                np.clip(np.clip(x + step * np.sign(slope), x - epsilon, x + epsilon), 0, 1),
            "you began at `start`. Several steps are made one after the other: begin at x.":
                near(start + step * np.sign(slope)),
            "you cut to the box first and moved then: the last thing must be the limits.":
                near(x) + step * np.sign(slope),
        }  # fmt: skip
        compare(
            f"For {listed(given)}, your picture is wrong:",
            found,
            near(x + step * np.sign(slope)),
            mistakes,
            "compare it with x, pixel by pixel: which moved by how much?",
        )


@exercise(
    "One example more or less moves your sum by max_norm at most, and the noise has the size that is accounted.",
    "Two things bound what one example can do: how long its gradient may be, and how much noise covers it.",
    "Divide each row by max(1, its length/max_norm). Add up. Then the noise: noise·max_norm·z, once, to the sum.",
    "((gradients / np.maximum(1, lengths / max_norm)).sum(0) + noise * max_norm * z) / size, with lengths (n, 1).",
)
def check_private_sum(student: Any) -> None:
    """student(gradients, max_norm, noise, z, size) -> (Σ clipped rows + noise·max_norm·z)/size."""
    for g, bound, noise, z, size in SUMS:
        given = {"gradients": g, "max_norm": bound, "noise": noise, "z": z, "size": size}
        shapes = {g.shape: "One row for each example came back. Add them up: only the sum is covered by the noise."}
        found = array(ask(student, **given), "the noisy gradient", z.shape, shapes)
        each, n = clipped(g, bound).sum(0), len(g)
        total = g.sum(0)
        whole = total / max(1, float(np.linalg.norm(total)) / bound)
        mean = g.mean(0) / max(1, float(np.linalg.norm(g.mean(0))) / bound)
        mistakes = {
            "the noise is missing. Clipping alone promises nothing.": each / size,
            "you did not clip.": (total + noise * bound * z) / size,
            "you clipped the sum. One example could turn it round: clip each row.": (whole + noise * bound * z) / size,
            "you clipped the mean of all rows. Clip each row.": mean + noise * bound * z / size,
            "you clipped entry by entry. The bound is on the length of a row.":
                (np.clip(g, -bound, bound).sum(0) + noise * bound * z) / size,
            "you made every row max_norm long. Short ones stay as they are.":
                ((g / lengths(g) * bound).sum(0) + noise * bound * z) / size,
            "you dropped the long rows. They are to be shortened.":
                (g[lengths(g)[:, 0] <= bound].sum(0) + noise * bound * z) / size,
            "your noise has the deviation `noise`. It is counted in units of max_norm.": (each + noise * z) / size,
            "you added noise to every example: n times as much variance as is needed.":
                (each + n**0.5 * noise * bound * z) / size,
            "you added the same noise once for each example.": (each + n * noise * bound * z) / size,
            "you added the noise after the division by `size`, where it is `size` times too large.":
                each / size + noise * bound * z,
            "you divided by the number of rows. It tells who was there: divide by the expected `size`.":
                (each + noise * bound * z) / n,
            "you did not divide by `size`.": each + noise * bound * z,
        }  # fmt: skip
        compare(
            f"For {listed(given)}, your gradient is wrong:",
            found,
            (each + noise * bound * z) / size,
            mistakes,
            "try it with noise = 0 and one single row, then with two.",
        )


@exercise(
    "Your divergence is that of the sampled Gaussian, for every whole order.",
    "Write the power of the sum, (1 − q + q·r)^α, by the binomial theorem. Then take the expectation of each term.",
    "E exp(k(2z − 1)/2σ²) = exp((k² − k)/2σ²) for z normal with variance σ². Sum over k, then the logarithm.",
    "log Σ_k comb(α, k) (1 − q)^(α − k) q^k exp((k² − k)/(2σ²)), divided by α − 1.",
)
def check_renyi(student: Any) -> None:
    """student(rate, noise, order) -> the Rényi divergence of one step, for whole orders ≥ 2."""
    for q, sigma, order in STEPS:
        given = {"rate": q, "noise": sigma, "order": order}
        value = number(ask(student, **given), "the divergence")
        truth = binomial(q, sigma, order) / (order - 1)
        mistakes = {
            "you forgot to divide by order − 1.": binomial(q, sigma, order),
            "you divided by the order. It is order − 1.": binomial(q, sigma, order) / order,
            "the logarithm is missing.": np.exp(binomial(q, sigma, order)) / (order - 1),
            "the 2 in 2σ² is missing.": binomial(q, sigma / 2**0.5, order) / (order - 1),
            "you used σ where σ² belongs.": binomial(q, sigma**0.5, order) / (order - 1),
            "the exponent is k² − k, not k².": binomial(q, sigma, order, power=lambda k: k**2) / (order - 1),
            "rate and 1 − rate are exchanged.": binomial(1 - q, sigma, order) / (order - 1),
            "the binomial coefficients are missing.": binomial(q, sigma, order, counted=False) / (order - 1),
            "the sum stops one term short: k goes from 0 to the order itself.":
                binomial(q, sigma, order, terms=order) / (order - 1),
            "the rate plays no part: that is the mechanism without sampling.": order / (2 * sigma**2),
            "you scaled the divergence without sampling by the rate. It falls about as the rate squared.":
                q * order / (2 * sigma**2),
            "that is a bound for small rates. Take the whole sum.": q**2 * order / sigma**2,
        }  # fmt: skip
        compare(
            f"For {listed(given)} you returned {value:.6g}:",
            value,
            truth,
            mistakes,
            "work order = 2 out by hand: log(1 + q²(exp(1/σ²) − 1)).",
        )


@exercise(
    "Your attack takes the best threshold, and says how far it is from guessing.",
    'The attack says "member" where the loss is at most t. What share of the members does it find, and what share '
    "of the others does it accuse?",
    "Every loss that occurs is a candidate for t. At each: the share of members at or below it, minus that of others.",
    "max over t of (members <= t).mean() − (others <= t).mean(); 0 if no t is better than accusing nobody.",
)
def check_advantage(student: Any) -> None:
    """student(members, others) -> max over t of P(loss of a member ≤ t) − P(loss of another ≤ t)."""
    for members, others in ATTACKS:
        given = {"members": members, "others": others}
        value = number(ask(student, **given), "the advantage")
        every = np.concatenate([members, others])
        accused = np.array([(np.mean(members <= t), np.mean(others <= t)) for t in every])
        true, false = accused.T
        half = np.mean(members <= np.median(every)) - np.mean(others <= np.median(every))
        size = len(members) / len(every)
        mistakes = {
            "you took the members for those with the larger loss. A net knows what it learned from.":
                advantage(-members, -others),
            "you returned the accuracy of the best threshold. The advantage is true − false.":
                np.max(size * true + (1 - size) * (1 - false)),
            "you returned (true + 1 − false)/2, the accuracy with equal shares.": (1 + advantage(members, others)) / 2,
            "you took one threshold, the median of all losses. Try every one.": half,
            "you took the mean of the members' losses as the threshold. Try every one.":
                np.mean(members <= members.mean()) - np.mean(others <= members.mean()),
            "you returned counts. Divide each by its own number of examples.":
                max(np.sum(members <= t) - np.sum(others <= t) for t in every),
            "you divided by the number of all examples. Each share has its own.":
                max(np.sum(members <= t) - np.sum(others <= t) for t in every) / len(every),
            "you returned the difference of the mean losses.": others.mean() - members.mean(),
            "you returned the share of members that are found, whatever the false alarms.": np.max(true),
        }  # fmt: skip
        compare(
            f"For {listed(given)} you returned {value:.6g}:",
            value,
            advantage(members, others),
            mistakes,
            "print true, false and their difference for every threshold.",
        )
