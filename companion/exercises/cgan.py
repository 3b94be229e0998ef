"""Checkers of the chapter on conditional GANs."""

from typing import Any

import numpy as np

from companion.exercises._cgan_cases import PROJECTIONS, TABLES
from companion.exercises._cgan_drawn import check_fake_labels, check_spread
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, compare
from companion.exercises.verdict import exercise

__all__ = ["check_fake_labels", "check_optimum", "check_projection", "check_spread"]


@exercise(
    "Your table is the best answer to this generator, whatever the labels' shares.",
    "How often does the pair (x, c) come along as a real one, and how often as a fake?",
    "As a real one: p(x|c) times the share of c in the data. As a fake: q(x|c) times the share of c among the fakes.",
    "P = p * real, Q = q * fake (columns are labels); D is P / (P + Q).",
)
def check_optimum(student: Any) -> None:
    """student(p, q, real, fake) -> D*(x|c), pictures × labels; columns of p and q are p(x|c), real and fake shares."""
    for case in TABLES:
        given = dict(zip(("p", "q", "real", "fake"), case, strict=True))
        shape = case[0].shape
        known = {shape[:1]: "That is one number for each picture. The label is known to D: keep it."}
        D = array(ask(student, **given), "D*, pictures × labels,", shape, known)
        compare(
            f"For {listed(given)}, your table is wrong:",
            D,
            _best(*case),
            _optimum_mistakes(*case),
            "take one pair (x, c), say the first, and compare how often it is real and how often it is a fake.",
        )


def _best(p: np.ndarray, q: np.ndarray, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    return p * real / (p * real + q * fake)


def _optimum_mistakes(p: np.ndarray, q: np.ndarray, real: np.ndarray, fake: np.ndarray) -> dict[str, np.ndarray]:
    D, plain = _best(p, q, real, fake), ((p * real).sum(1), (q * fake).sum(1))
    with np.errstate(divide="ignore"):
        mistakes = {
            "you left out the shares, or used the same for both. That is right only where real and fake are the same.":
                p / (p + q),
            "you weighted the real ones only. Fakes come with their own share: q * fake.": p * real / (p * real + q),
            "you weighted the fakes only. Real ones come with their own share: p * real.": p / (p + q * fake),
            "yours is the probability of a fake. D says how probable it is that x is real.": 1 - D,
            "you exchanged the two shares (p goes with real, q with fake), or divided by them.":
                _best(p, q, fake, real),
            "you summed over the labels, as for a GAN without any. D knows the label.":
                np.broadcast_to((plain[0] / (plain[0] + plain[1]))[:, None], p.shape),
            "that is the ratio of real to fake, r. The probability is r/(1 + r).": p * real / (q * fake),
            "that is D's logit, the logarithm of the ratio. The probability is its sigmoid.":
                np.log(p * real / (q * fake)),
            "your columns sum to 1. D is no distribution over pictures: each entry stands alone.": D / D.sum(0),
            "your whole table sums to 1. D is no distribution: each entry stands alone.": D / D.sum(),
            "you forgot the fakes in the denominator, or p in it.": p * real / (p + q),
        }  # fmt: skip
    if p.shape[0] == p.shape[1]:
        why = "you multiplied rows by the shares. Columns are labels: p * real, not p * real[:, None]."
        mistakes[why] = _best(p, q, real[:, None], fake[:, None])
    return mistakes


@exercise(
    "Your logits are those of a projection discriminator.",
    "What would a discriminator without labels say of these features? What does the label add to it?",
    "The plain logit is w·φ + b. To it comes the inner product of φ with the one row of v that belongs to the label.",
    "phi @ w + b + (v[c] * phi).sum(axis=1).",
)
def check_projection(student: Any) -> None:
    """student(phi, v, w, b, c) -> n logits; phi is n × m, v has a row of m for each label, w m weights, c n labels."""
    for phi, v, w, b, c in PROJECTIONS:
        given = {"phi": phi, "v": v, "w": w, "b": b, "c": c}
        n, m = phi.shape
        logits = array(ask(student, **given), f"{n} logits", (n,), _tables(n, m, len(v)))
        compare(
            f"For {listed(given)}, your logits are wrong:",
            logits,
            phi @ w + b + (v[c] * phi).sum(1),
            _projection_mistakes(phi, v, w, b, c),
            "compute the logit of the first picture by hand.",
        )


def _tables(n: int, m: int, k: int) -> dict[tuple, str]:
    """What a table of one of these shapes in place of n logits is likely to be."""
    unsummed = "That is one number for each feature. Sum v[c] * phi over the features."
    pairs = "That is every picture with every label of the batch. Take the diagonal."
    both = "Is the sum over the features missing? Or is that every picture with every label of the batch? Then take "
    known = {(n, k): "That is one logit for every label. Of each row take the one of its own label, c."}
    return known | {(n, m): unsummed, (n, n): pairs if n != m else f"{both}the diagonal."}


def _projection_mistakes(phi: np.ndarray, v: np.ndarray, w: np.ndarray, b: float, c: np.ndarray) -> dict:
    plain, own, each = phi @ w + b, (v[c] * phi).sum(1), phi @ v.T
    norms = np.linalg.norm(v[c], axis=1) * np.linalg.norm(phi, axis=1)
    mistakes = {
        "the label plays no part in them.": plain,
        "only the label speaks. Add the plain logit, w·φ + b.": own,
        "the bias b is missing.": plain + own - b,
        "you subtracted the label's part.": plain - own,
        "you took the mean over the features. An inner product is a sum.": plain + (v[c] * phi).mean(1),
        "you divided by the lengths. It is an inner product, no cosine.": plain + own / norms,
        "you added the label's vector to the features: an offset for each label. Picture and label never meet.":
            (phi + v[c]) @ w + b,
        "you summed over all labels. Take the row of the one that is asked for.": plain + each.sum(1),
        "you took the label that fits best, not the one that is asked for.": plain + each.max(1),
        "you summed over the whole batch. Each picture has its own sum: axis 1.": plain + own.sum(),
        "you summed the label's vector alone. Multiply it by the features first.": plain + v[c].sum(1),
        "you returned probabilities. The losses take logits.": 1 / (1 + np.exp(-(plain + own))),
        "you multiplied the features by w before the inner product.": plain + (v[c] * phi * w).sum(1),
    }  # fmt: skip
    if len(phi) == phi.shape[1]:
        mistakes["you summed over the pictures (axis 0). Sum over the features, axis 1."] = plain + (v[c] * phi).sum(0)
    if len(phi) <= len(v):
        mistakes["picture i got row i of v. Take the row of its label: v[c]."] = plain + (v[: len(phi)] * phi).sum(1)
    return mistakes
