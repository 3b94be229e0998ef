"""Checkers of the chapter on generative adversarial networks: two losses, the best discriminator, the penalty R1."""

from typing import Any

import numpy as np

from companion.exercises._gan_cases import DENSITIES, LOGITS, sigmoid, softplus
from companion.exercises._gan_slope import check_r1
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, close, compare, number
from companion.exercises.verdict import Wrong, exercise

__all__ = ["check_best_discriminator", "check_discriminator_loss", "check_generator_loss", "check_r1"]

OVERFLOW = "exp(…) of a large logit, or log(0). Write −log σ(a) as log(1 + e⁻ᵃ): np.logaddexp(0, -a)"
NO_SIGMOID = "the logarithm of a logit itself, which may be negative: σ comes first, −log σ(a) for a real one"
CUTS = [10.0**-k for k in range(5, 17)]


@exercise(
    "Your loss sees real samples and fakes, and survives logits of any size.",
    "D says two things: of real samples that they are real, of fakes that they are not. Each is a cross-entropy.",
    "−log σ(a) for the real ones, −log(1 − σ(a)) for the fakes, each averaged over its own batch, then added.",
    "−log σ(a) = log(1 + e⁻ᵃ) and −log(1 − σ(a)) = log(1 + eᵃ); np.logaddexp(0, a) computes log(1 + eᵃ) safely.",
)
def check_discriminator_loss(student: Any) -> None:
    """student(real, fake) -> −mean log σ(real) − mean log(1 − σ(fake)), from D's logits."""
    for real, fake in LOGITS:
        given = {"real": real, "fake": fake}
        found = number(ask(student, **given), "the loss", if_not_finite=_not_finite(real, fake))
        truth = softplus(-real).mean() + softplus(fake).mean()
        compare(
            f"For {_shown(given)} you returned {found:.6g}:",
            found,
            truth,
            _discriminator_mistakes(real, fake) | _other_games(real, fake),
            f"{truth:.6g} is right. Compute the two means one by one.",
        )


def _discriminator_mistakes(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    on_real, on_fake = softplus(-real), softplus(fake)
    both = np.concatenate([on_real, on_fake])
    return {
        "the fakes are missing. A D that never sees one learns to say “real” to everything.": on_real.mean(),
        "the real samples are missing.": on_fake.mean(),
        "you want the fakes called real. That is G's wish; D wants the opposite.":
            on_real.mean() + softplus(-fake).mean(),
        "you want the real samples called fake, and the fakes real: real and fake are exchanged.":
            softplus(real).mean() + softplus(-fake).mean(),
        "you want the real samples called fake too.": softplus(real).mean() + on_fake.mean(),
        "that is the value of the game, which D makes large. A loss is made small: turn the sign.":
            -on_real.mean() - on_fake.mean(),
        "you summed over the samples. Take the mean of each batch.": on_real.sum() + on_fake.sum(),
        "you took one mean over both batches together. Each batch has its own; then add them.": both.mean(),
        "you halved it. The two means are added.": (on_real.mean() + on_fake.mean()) / 2,
        "your logarithms are of base 2. In this book log is the natural one.":
            (on_real.mean() + on_fake.mean()) / np.log(2),
        "you took a sigmoid of a sigmoid: the inputs are logits, one σ turns them into probabilities.":
            softplus(-sigmoid(real)).mean() + softplus(sigmoid(fake)).mean(),
        "you took the logarithm of the mean. Take the mean of the logarithms.":
            -np.log(sigmoid(real).mean() * (1 - sigmoid(fake).mean()) + 1e-300),
        "the logarithms are missing.": (1 - sigmoid(real)).mean() + sigmoid(fake).mean(),
        **{f"you cut the probabilities off at {e:g} to avoid log 0, and a very wrong D loses too little. Use logits.":
            _cut(real, e) + _cut(-fake, e) for e in CUTS},
    }  # fmt: skip


def _other_games(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    apart = real.mean() - fake.mean()
    return {
        "that is the hinge loss, of another game. This one takes −log σ.":
            np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean(),
        "that is the Wasserstein game's loss: here a logit goes through −log σ first.": -apart,
        "you took the difference of the mean logits. A logit goes through −log σ first.": apart,
        "the fakes' term has the wrong sign: both means are costs, and are added.":
            softplus(-real).mean() - softplus(fake).mean(),
    }  # fmt: skip


def _not_finite(*logits: np.ndarray) -> str:
    """Logits of a few units overflow nothing."""
    return OVERFLOW if max(np.abs(a).max() for a in logits) > 100 else NO_SIGMOID


def _cut(a: np.ndarray, least: float) -> float:
    return float(-np.log(np.clip(sigmoid(a), least, 1 - least)).mean())


@exercise(
    "Your generator wants its fakes called real, and wants it most when D is surest of the opposite.",
    "What would G like D to say? Write that as a cross-entropy, as if the fakes were real.",
    "−log σ(a), averaged over the fakes. Not log(1 − σ(a)): that one has no slope where D is sure.",
    "np.logaddexp(0, -fake).mean().",
)
def check_generator_loss(student: Any) -> None:
    """student(fake) -> −mean log σ(fake), the non-saturating loss of G, from D's logits of the fakes."""
    for _, fake in LOGITS:
        found = number(ask(student, fake=fake), "the loss", if_not_finite=_not_finite(fake))
        loss = softplus(-fake)
        compare(
            f"For {_shown({'fake': fake})} you returned {found:.6g}:",
            found,
            loss.mean(),
            {
                "that is log(1 − D), the saturating loss. Where D is sure of a fake it has no slope.":
                    -softplus(fake).mean(),
                "that is D's own loss on fakes: G would help D.": softplus(fake).mean(),
                "the sign is turned: you would make D(G(z)) small.": -loss.mean(),
                "you summed over the samples. Take the mean.": loss.sum(),
                "that is −mean a, the loss of the hinge and Wasserstein games.": -fake.mean(),
                "your logarithm is of base 2.": loss.mean() / np.log(2),
                "you took a sigmoid of a sigmoid: the inputs are logits.": softplus(-sigmoid(fake)).mean(),
                "you took the logarithm of the mean. Take the mean of the logarithms.":
                    -np.log(sigmoid(fake).mean() + 1e-300),
                "the logarithm is missing.": (1 - sigmoid(fake)).mean(),
                **{f"you cut the probabilities off at {e:g} to avoid log 0: where D is surest, G hears nothing.":
                    _cut(fake, e) for e in CUTS},
            },
            f"{loss.mean():.6g} is right. Compute −log σ(a) for one logit by hand.",
        )  # fmt: skip


@exercise(
    "Your discriminator is the best one, also where one of the densities is 0.",
    "Look at one point alone: which answer of D costs least there, if real samples are p and fakes are q in number?",
    "An answer d is worth p log d + q log (1 − d). Its slope by d is zero where p/d = q/(1 − d).",
    "d = p/(p + q); where both are 0 nobody asks, and ½ is as good as any answer.",
)
def check_best_discriminator(student: Any) -> None:
    """student(p, q) -> p/(p + q) at each point, ½ where both are 0."""
    for p, q in DENSITIES:
        given = {"p": p, "q": q}
        D = array(ask(student, **given), "the probabilities", p.shape)
        both = p + q
        truth = np.where(both > 0, p / np.where(both > 0, both, 1), 0.5)
        if not close(D, truth):
            raise Wrong(f"For {listed(given)}, {_best_mistake(D, p, q, truth)}")


def _best_mistake(D: np.ndarray, p: np.ndarray, q: np.ndarray, truth: np.ndarray) -> str:
    some, safe = p + q > 0, np.where(p + q > 0, p + q, 1)
    ratio = np.divide(p, q, out=np.full_like(p, np.nan), where=q > 0)
    mistakes = {
        "you divided by p + q the wrong density: near 1 means real, so p stands above.": q / safe,
        "you returned p/q, a ratio of densities, not a probability. With r = p/q it is r/(1 + r).": ratio,
        "you normalized p and q to the sum 1 first. They are densities at points; leave them.":
            (p / p.sum()) / np.where(some, p / p.sum() + q / q.sum(), 1),
        "you say 1 or 0. That is the best *guess*; the best D says how sure one can be.": (p > q).astype(float),
        "you returned the logit. A sigmoid of it is the probability.": np.log(np.where(p > 0, p, np.nan))
            - np.log(np.where(q > 0, q, np.nan)),
        "yours is half of the right answer: where q is 0 it must be 1.": truth / 2,
        "you took squares. The densities enter as they are.": p**2 / np.where(some, p**2 + q**2, 1),
    }  # fmt: skip
    for why, wrong in mistakes.items():
        if close(D[some], wrong[some]):
            return why
    if close(D[some], truth[some]):
        return "you are right where there is a density; where p and q are both 0, answer ½."
    both = (p > 0) & (q > 0)
    if close(D[both], truth[both]):
        return "you are right where both densities are > 0. Where one of them is 0, p/(p + q) is 1 or 0, and stays so."
    if D.min() < 0 or D.max() > 1:
        return f"your entries reach from {D.min():.4g} to {D.max():.4g}; a probability is in [0, 1]."
    return "your answer is a probability, but not the best: put p = 1, q = 3 in, and compare with ¼."


def _shown(given: dict[str, np.ndarray]) -> str:
    """Few logits in full, many by their shape."""
    return ", ".join(f"{name} = {x.tolist()}" if len(x) <= 4 else listed({name: x}) for name, x in given.items())
