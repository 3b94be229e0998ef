"""Can people tell? A blind quiz of real and generated pictures, and what the answers are worth."""

import math
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import device
from jaxtyping import Num

from companion._array import checked, whole
from companion.evaluate.rows import Labels


class Quiz(NamedTuple):
    """Pictures in the order in which they are shown, and which of them are generated: nobody may see the latter."""

    x: Any
    is_fake: Any


def questions(real: Num[Any, "n *shape"], fake: Num[Any, "m *shape"], n: int, *, rng: Any = None) -> Quiz:
    """n pictures, each by the toss of a coin a real or a generated one, none of them twice.

    A coin for each, not half of each: what was answered before then says nothing about the next, and whoever guesses,
    by whatever habit, is right with probability ½ each time. `rng` is a seed or a numpy.random.Generator.
    """
    (xp, _), (other, _) = checked(real, "real", (2, 3, 4)), checked(fake, "fake", (2, 3, 4))
    if xp is not other or real.shape[1:] != fake.shape[1:] or real.dtype != fake.dtype:
        raise ValueError(
            f"real has shape {tuple(real.shape)} and dtype {real.dtype}, fake {tuple(fake.shape)} and {fake.dtype}; "
            "the two must look alike: convert one of them."
        )
    n, rng = whole(n, "n", 1, min(real.shape[0], fake.shape[0])), np.random.default_rng(rng)
    coin = rng.integers(2, size=n) == 1
    chosen = np.where(coin, real.shape[0] + rng.permutation(fake.shape[0])[:n], rng.permutation(real.shape[0])[:n])
    x = xp.concat([real, fake])
    return Quiz(xp.take(x, xp.asarray(chosen, device=device(x)), axis=0), xp.asarray(coin, device=device(x)))


class Score(NamedTuple):
    """Of n answers `right` were right: their share, an interval for the true share, and the probability p.

    `p_value` is the probability that somebody who only guesses is right at least as often as that, or as rarely.
    `sensitivity` is d′ = Φ⁻¹(H) − Φ⁻¹(F) and `bias` is c = −(Φ⁻¹(H) + Φ⁻¹(F))/2, H being the share of generated
    pictures that were called so and F that of real ones. d′ = 0: cannot tell. c < 0: inclined to say "generated".
    """

    right: int
    share: float
    low: float
    high: float
    p_value: float
    sensitivity: float
    bias: float


def score(is_fake: Labels, said_fake: Labels, *, confidence: float = 0.95) -> Score:
    """What a person's answers are worth: Clopper & Pearson's (1934) exact interval, the binomial test, d′ and bias.

    Both are n truth values (or 0 and 1). To H and F half an answer is added on each side, (hits + ½)/(n + 1), so that
    d′ stays finite (Hautus 1995).
    """
    from scipy.stats import binomtest  # here: it takes longer to load than all the rest

    truth, said = _truths(is_fake, "is_fake"), _truths(said_fake, "said_fake")
    if len(truth) != len(said):
        raise ValueError(f"is_fake has {len(truth)} entries, said_fake {len(said)}: one answer for each is needed.")
    if not 0 < float(confidence) < 1:
        raise ValueError(f"confidence is {confidence}; allowed is 0 < confidence < 1: give 0.95 for 95 %.")
    right = int(np.sum(truth == said))
    test = binomtest(right, len(truth), 0.5)
    interval = test.proportion_ci(confidence, method="exact")
    H, F = (NormalDist().inv_cdf((np.sum(said[truth == w]) + 0.5) / (np.sum(truth == w) + 1)) for w in (True, False))
    share = right / len(truth)
    return Score(right, share, float(interval.low), float(interval.high), float(test.pvalue), H - F, -(H + F) / 2)


def needed(share: float, *, confidence: float = 0.95, power: float = 0.8) -> int:
    """How many questions it takes to show, with probability `power`, that somebody right in that share does not guess.

    By the normal approximation of the two-sided test of ½: n = ((z √¼ + z′ √(s(1 − s)))/(s − ½))², rounded up.
    """
    for value, name, low in ((share, "share", 0.5), (confidence, "confidence", 0), (power, "power", 0)):
        if not low < float(value) < 1:
            raise ValueError(f"{name} is {value}; allowed is {low} < {name} < 1.")
    z, other = NormalDist().inv_cdf(0.5 + confidence / 2), NormalDist().inv_cdf(power)
    return math.ceil(((z / 2 + other * math.sqrt(share * (1 - share))) / (share - 0.5)) ** 2)


def _truths(values: Any, name: str) -> np.ndarray:
    _, values = checked(values, name, 1)
    plain = np.array([float(v) for v in values])
    if not np.isin(plain, (0, 1)).all():
        raise ValueError(
            f"{name} holds other values than True and False (or 1 and 0): give one truth value for each picture."
        )
    return plain == 1
