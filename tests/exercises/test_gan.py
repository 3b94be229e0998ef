"""The checkers of the chapter on adversarial networks: right answers pass, each wrong one is told its own mistake."""

import checkers
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from companion.exercises import gan  # noqa: E402
from companion.nets import gan as nets_gan  # noqa: E402


def sigmoid(a):
    return np.exp(-np.logaddexp(0, -a))


# --- right -----------------------------------------------------------------------------------------------------------


def d_loss(real, fake):
    return np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean()


def d_loss_in_torch(real, fake):
    real, fake = torch.tensor(real, dtype=torch.float32), torch.tensor(fake, dtype=torch.float32)
    bce = F.binary_cross_entropy_with_logits
    return bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))


def g_loss(fake):
    return np.logaddexp(0, -fake).mean()


def best(p, q):
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(p / (p + q), nan=0.5)


def best_by_logits(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p + q > 0, 1 / (1 + np.exp(np.log(q) - np.log(p))), 0.5)


def r1(x, W, b, v):
    a = np.tanh(x @ W.T + b)
    return 0.5 * (((v * (1 - a**2)) @ W) ** 2).sum(axis=1).mean()


def r1_by_differences(x, W, b, v, h=1e-5):
    def D(x):
        return np.tanh(x @ W.T + b) @ v

    slopes = [(D(x + h * e) - D(x - h * e)) / (2 * h) for e in np.eye(x.shape[1])]
    return sum(s**2 for s in slopes).mean() / 2


def r1_in_torch(x, W, b, v):
    W, b, v = (torch.tensor(t, dtype=torch.float32) for t in (W, b, v))
    return nets_gan.r1(lambda x: torch.tanh(x @ W.T + b) @ v, torch.tensor(x, dtype=torch.float32))


RIGHT = {
    "check_discriminator_loss": [
        d_loss,
        d_loss_in_torch,
        lambda real, fake: nets_gan.discriminator_loss(torch.tensor(real), torch.tensor(fake)),
    ],
    "check_generator_loss": [
        g_loss,
        lambda fake: nets_gan.generator_loss(torch.tensor(fake)),
        lambda fake: np.mean([max(0, -a) + np.log1p(np.exp(-abs(a))) for a in fake]),
    ],
    "check_best_discriminator": [
        best,
        best_by_logits,
        lambda p, q: nets_gan.best_discriminator(torch.tensor(p), torch.tensor(q)),
        lambda p, q: [a / (a + b) if a + b else 0.5 for a, b in zip(p, q, strict=True)],
    ],
    "check_r1": [r1, r1_by_differences, r1_in_torch],
}


# --- wrong -----------------------------------------------------------------------------------------------------------


def on(real, fake):
    return np.logaddexp(0, -real), np.logaddexp(0, fake)


def d(rule):
    """rule(−log σ(real), −log(1 − σ(fake)))."""
    return lambda real, fake: rule(*on(real, fake))


def naive_d(real, fake):
    return -np.log(1 / (1 + np.exp(-real))).mean() - np.log(1 - 1 / (1 + np.exp(-fake))).mean()


def clipped(a, least):
    return -np.log(np.clip(sigmoid(a), least, 1 - least)).mean()


def slope(x, W, b, v, bend=lambda a: 1 - a**2):
    return (v * bend(np.tanh(x @ W.T + b))) @ W


def penalty(rule):
    """rule(gradients, a row for each point)."""
    return lambda *case: rule(slope(*case))


def half_square(g):
    return 0.5 * (g**2).sum(1).mean()


def bent(bend):
    return lambda *case: half_square(slope(*case, bend=bend))


def by_weights(x, W, b, v):
    delta = v * (1 - np.tanh(x @ W.T + b) ** 2)
    return 0.5 * (delta[:, :, None] * x[:, None]).__pow__(2).sum((1, 2)).mean()


def transposed_back(x, W, b, v):
    delta = v * (1 - np.tanh(x @ W.T + b) ** 2)
    return half_square(delta @ (W.T if W.shape[0] == W.shape[1] else W))


def changes_x(x, W, b, v):
    x += 1
    return r1(x - 1, W, b, v)


WRONG = {
    "check_discriminator_loss": {
        "the fakes are missing": d(lambda r, f: r.mean()),
        "the real samples are missing": d(lambda r, f: f.mean()),
        "you want the fakes called real. That": lambda real, fake: d_loss(real, -fake),
        "real and fake are exchanged": lambda real, fake: d_loss(-real, -fake),
        "you want the real samples called fake too": lambda real, fake: d_loss(-real, fake),
        "turn the sign": lambda real, fake: -d_loss(real, fake),
        "you summed over the samples": d(lambda r, f: r.sum() + f.sum()),
        "one mean over both batches": d(lambda r, f: np.concatenate([r, f]).mean()),
        "you halved it": d(lambda r, f: (r.mean() + f.mean()) / 2),
        "of base 2": d(lambda r, f: (r.mean() + f.mean()) / np.log(2)),
        "a sigmoid of a sigmoid": lambda real, fake: d_loss(sigmoid(real), sigmoid(fake)),
        "the logarithm of the mean": lambda real, fake: (
            -np.log(sigmoid(real).mean()) - np.log((1 - sigmoid(fake)).mean())
        ),
        "the logarithms are missing": lambda real, fake: (1 - sigmoid(real)).mean() + sigmoid(fake).mean(),
        "that is the hinge loss": lambda real, fake: np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean(),
        "the Wasserstein game's loss": lambda real, fake: fake.mean() - real.mean(),
        "the difference of the mean logits": lambda real, fake: real.mean() - fake.mean(),
        "the fakes' term has the wrong sign": d(lambda r, f: r.mean() - f.mean()),
        "the logarithm of a logit itself": lambda real, fake: -np.log(real).mean() - np.log(1 - fake).mean(),
        "you cut the probabilities off at 1e-07": lambda real, fake: clipped(real, 1e-7) + clipped(-fake, 1e-7),
        "Compute the two means one by one": lambda real, fake: d_loss(real, fake) + 1,
        "exp(…) of a large logit": naive_d,
        "must be one number": lambda real, fake: np.logaddexp(0, -real),
        "returned None": lambda real, fake: None,
    },
    "check_generator_loss": {
        "the saturating loss": lambda fake: -np.logaddexp(0, fake).mean(),
        "G would help D": lambda fake: np.logaddexp(0, fake).mean(),
        "the sign is turned": lambda fake: -g_loss(fake),
        "you summed over the samples": lambda fake: np.logaddexp(0, -fake).sum(),
        "the loss of the hinge and Wasserstein": lambda fake: -fake.mean(),
        "of base 2": lambda fake: g_loss(fake) / np.log(2),
        "a sigmoid of a sigmoid": lambda fake: g_loss(sigmoid(fake)),
        "the logarithm of the mean": lambda fake: -np.log(sigmoid(fake).mean()),
        "the logarithm is missing": lambda fake: (1 - sigmoid(fake)).mean(),
        "you cut the probabilities off at 1e-12": lambda fake: clipped(fake, 1e-12),
        "the logarithm of a logit itself": lambda fake: -np.log(fake).mean(),
        "for one logit by hand": lambda fake: g_loss(fake) + 1,
        "exp(…) of a large logit": lambda fake: -np.log(1 / (1 + np.exp(-fake))).mean(),
        "returned None": lambda fake: None,
    },
    "check_best_discriminator": {
        "the wrong density": lambda p, q: best(q, p),
        "not a probability. With r": lambda p, q: np.divide(p, q, out=np.zeros_like(p), where=q > 0)
        if q.min() > 0 else best(p, q),
        "normalized p and q": lambda p, q: best(p / p.sum(), q / q.sum()),
        "you say 1 or 0": lambda p, q: (p > q).astype(float),
        "you returned the logit": lambda p, q: np.log(p) - np.log(q) if min(p.min(), q.min()) > 0 else best(p, q),
        "half of the right answer": lambda p, q: best(p, q) / 2,
        "you took squares": lambda p, q: best(p**2, q**2),
        "both 0, answer ½": lambda p, q: np.where(p + q > 0, best(p, q), 0.0),
        "Where one of them is 0": lambda p, q: np.where((p > 0) & (q > 0), best(p, q), 0.5),
        "a probability is in [0, 1]": lambda p, q: best(p, q) + 2,
        "compare with ¼": lambda p, q: best(p, q) ** 3,
        "You returned NaN": lambda p, q: p / (p + q),
        "must be a vector of length 5": lambda p, q: best(p, q).sum(),
    },
    "check_r1": {
        "the half is missing": lambda *case: 2 * r1(*case),
        "you summed over the points": penalty(lambda g: 0.5 * (g**2).sum()),
        "the mean over the coordinates too": penalty(lambda g: 0.5 * (g**2).mean()),
        "the axis is the other one": penalty(lambda g: 0.5 * (g**2).sum(0).mean()),
        "where their squares are summed, and forgot": penalty(lambda g: (g**2).mean()),
        "the half and the mean over the points": penalty(lambda g: np.linalg.norm(g) ** 2),
        "the square is missing": penalty(lambda g: 0.5 * np.sqrt((g**2).sum(1)).mean()),
        "the square and the half are missing": penalty(lambda g: np.sqrt((g**2).sum(1)).mean()),
        "you squared the mean norm": penalty(lambda g: 0.5 * np.sqrt((g**2).sum(1)).mean() ** 2),
        "largest singular value": penalty(lambda g: 0.5 * np.linalg.norm(g, 2) ** 2),
        "not what goes into it": lambda x, W, b, v: half_square((v * (1 - (x @ W.T + b) ** 2)) @ W),
        "you averaged the gradients first": penalty(lambda g: 0.5 * (g.mean(0) ** 2).sum()),
        "the other penalty": penalty(lambda g: ((np.sqrt((g**2).sum(1)) - 1) ** 2).mean()),
        "the slope of the tanh is missing": bent(np.ones_like),
        "not 1 − a.": bent(lambda a: 1 - a),
        "the slope of a sigmoid": bent(lambda a: a * (1 - a)),
        "the gradient by the weights W": by_weights,
        "your gradient stops after the tanh": lambda x, W, b, v: half_square(v * (1 - np.tanh(x @ W.T + b) ** 2)),
        "v is missing": lambda x, W, b, v: r1(x, W, b, np.ones_like(v)),
        "the bias is missing": lambda x, W, b, v: r1(x, W, 0 * b, v),
        "W transposed on the way back": transposed_back,
        "by a finite difference first": lambda *case: r1(*case) + 1,
        "changed the x it was given": changes_x,
        "must be one number": lambda *case: slope(*case),
    },
}  # fmt: skip


TestCheckers = checkers.of(
    gan,
    RIGHT,
    WRONG,
    calls={"check_discriminator_loss": 3, "check_generator_loss": 3, "check_best_discriminator": 3, "check_r1": 3},
)


def test_every_place_to_cut_a_probability_off_is_known():
    for power in range(5, 17):
        verdict = gan.check_generator_loss(lambda fake, least=10.0**-power: -np.log(sigmoid(fake) + least).mean())
        assert "you cut the probabilities off at" in verdict.message
