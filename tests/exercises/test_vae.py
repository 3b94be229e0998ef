"""The checkers of the chapter on variational autoencoders: right answers pass, wrong ones are told their mistake."""

import checkers
import numpy as np
import pytest
import torch

from companion.exercises import vae
from companion.nets import vae as nets

# --- right ------------------------------------------------------------------------------------------------------------


def kl_plain(mean, log_var):
    return 0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=1)


def kl_by_companion(mean, log_var):
    return nets.kl(nets.Posterior(torch.tensor(mean), torch.tensor(log_var))).sum(1)


def kl_by_torch(mean, log_var):
    q = torch.distributions.Normal(torch.tensor(mean), torch.tensor(log_var).exp().sqrt())
    return torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(1)


def kl_in_a_loop(mean, log_var):
    return [
        sum((m * m + np.exp(v) - v - 1) / 2 for m, v in zip(*row, strict=True))
        for row in zip(mean, log_var, strict=True)
    ]


def draw_plain(mean, log_var, noise):
    return mean + np.exp(log_var / 2) * noise


def draw_with_a_root(mean, log_var, noise):
    return torch.tensor(mean) + torch.tensor(np.sqrt(np.exp(log_var)) * noise)


def elbo_plain(x, logits, mean, log_var):
    gain = np.sum(x * logits - np.logaddexp(0, logits), axis=1)
    return np.mean(gain - kl_plain(mean, log_var))


def elbo_by_torch(x, logits, mean, log_var):
    bce = torch.nn.functional.binary_cross_entropy_with_logits(*map(torch.tensor, (logits, x)), reduction="sum")
    return -bce / len(x) - kl_by_torch(mean, log_var).mean()


def elbo_by_picture(x, logits, mean, log_var):
    return np.sum(x * logits - np.logaddexp(0, logits), axis=1) - kl_plain(mean, log_var)


def bound_plain(log_w):
    m = log_w.max(axis=0)
    return m + np.log(np.mean(np.exp(log_w - m), axis=0))


def bound_by_torch(log_w):
    return torch.logsumexp(torch.tensor(log_w), 0) - np.log(len(log_w))


def bound_by_logaddexp(log_w):
    return np.logaddexp.reduce(log_w) - np.log(log_w.shape[0])


def elbo_in_a_column(x, logits, mean, log_var):
    return elbo_by_picture(x, logits, mean, log_var)[:, None]


RIGHT = {
    "check_kl": [kl_plain, kl_by_companion, kl_by_torch, kl_in_a_loop],
    "check_draw": [draw_plain, draw_with_a_root],
    "check_elbo": [elbo_plain, elbo_by_torch, elbo_by_picture, elbo_in_a_column],
    "check_bound": [bound_plain, bound_by_torch, bound_by_logaddexp],
}


# --- wrong ------------------------------------------------------------------------------------------------------------


def gain(x, logits):
    return x * logits - np.logaddexp(0, logits)


def cost(mean, log_var):
    return (mean**2 + np.exp(log_var) - log_var - 1) / 2


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def elbo_of_probabilities(x, logits, mean, log_var):
    p = sigmoid(logits)
    return np.mean(np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=1) - kl_plain(mean, log_var))


def elbo_of_ink_alone(x, logits, mean, log_var):
    return np.mean(np.sum(x * np.log(sigmoid(logits)), axis=1) - kl_plain(mean, log_var))


def elbo_clipped(x, logits, mean, log_var):
    p = np.clip(sigmoid(logits), 1e-6, 1 - 1e-6)
    return np.mean(np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=1) - kl_plain(mean, log_var))


def elbo_with_a_bit_more(x, logits, mean, log_var):
    p = sigmoid(logits)
    return np.mean(np.sum(x * np.log(p + 1e-10) + (1 - x) * np.log(1 - p + 1e-10), axis=1) - kl_plain(mean, log_var))


def elbo_word_by_word_by_picture(x, logits, mean, log_var):
    return np.sum(x * logits - np.log(1 + np.exp(logits)), axis=1) - kl_plain(mean, log_var)


def elbo_of_the_hint_word_by_word(*given):
    return np.mean(elbo_word_by_word_by_picture(*given))


def bound_by_one_maximum(log_w):
    m = log_w.max()
    return m + np.log(np.mean(np.exp(log_w - m), axis=0))


def in_place(mean, log_var, noise):
    mean += np.exp(log_var / 2) * noise
    return mean


WRONG = {
    "check_kl": {
        "half is missing": lambda m, v: 2 * cost(m, v).sum(1),
        "never negative": lambda m, v: -cost(m, v).sum(1),
        "−1 is missing": lambda m, v: (cost(m, v) + 0.5).sum(1),
        "taken once, not for each number": lambda m, v: ((m**2 + np.exp(v) - v).sum(1) - 1) / 2,
        "taken once, after the half": lambda m, v: (m**2 + np.exp(v) - v).sum(1) / 2 - 1,
        "mean over the numbers of the code": lambda m, v: cost(m, v).mean(1),
        "one number for all pictures": lambda m, v: cost(m, v).sum(),
        "Sum over the numbers of each code: axis 1": lambda m, v: cost(m, v).sum(0),
        "a 3 × 2 matrix; the divergences": cost,
        "log_var for the variance": lambda m, v: (m**2 + v - np.log(np.abs(v)) - 1).sum(1) / 2,
        "logarithm of σ": lambda m, v: (m**2 + np.exp(2 * v) - 2 * v - 1).sum(1) / 2,
        "which is σ, where σ² belongs": lambda m, v: (m**2 + np.exp(v / 2) - v - 1).sum(1) / 2,
        "you halved log_var": lambda m, v: (m**2 + np.exp(v) - v / 2 - 1).sum(1) / 2,
        "you squared exp(log_var)": lambda m, v: (m**2 + np.exp(v) ** 2 - v - 1).sum(1) / 2,
        "mean is not squared": lambda m, v: (m + np.exp(v) - v - 1).sum(1) / 2,
        "μ² is missing": lambda m, v: (np.exp(v) - v - 1).sum(1) / 2,
        "log σ² is missing": lambda m, v: (m**2 + np.exp(v) - 1).sum(1) / 2,
        "a narrow posterior must cost more": lambda m, v: (m**2 + np.exp(v) + v - 1).sum(1) / 2,
        "KL(p ‖ q)": lambda m, v: ((m**2 + 1) * np.exp(-v) + v - 1).sum(1) / 2,
        "For mean = 0 and log_var = 0 it must be 0": lambda m, v: np.abs(m).sum(1),
        "`return` is missing": lambda m, v: None,
    },
    "check_draw": {
        "multiplied by the variance": lambda m, v, e: m + np.exp(v) * e,
        "by log_var itself": lambda m, v, e: m + v * e,
        "exponential is missing": lambda m, v, e: m + v / 2 * e,
        "mean is missing": lambda m, v, e: np.exp(v / 2) * e,
        "nothing is drawn": lambda m, v, e: m + 0,
        "without its spread": lambda m, v, e: m + e,
        "that is no shift": lambda m, v, e: m * np.exp(v / 2) * e,
        "root halves the exponent": lambda m, v, e: m + np.exp(2 * v) * e,
        "divided by σ": lambda m, v, e: m + e / np.exp(v / 2),
        "σ without noise": lambda m, v, e: m + np.exp(v / 2),
        "With noise = 0 they must be the mean": lambda m, v, e: (
            m + np.exp(v / 2) * np.random.default_rng(1).standard_normal(m.shape)
        ),
        "changed the mean": in_place,
    },
    "check_elbo": {
        "mean over the pixels. That makes the divergence weigh 8 times as much": lambda x, logits, m, v: (
            gain(x, logits).mean() - cost(m, v).sum(1).mean()
        ),
        "mean over the numbers of the code": lambda x, logits, m, v: gain(x, logits).sum(1).mean() - cost(m, v).mean(),
        "means where sums belong": lambda x, logits, m, v: gain(x, logits).mean() - cost(m, v).mean(),
        "summed over the pictures": lambda x, logits, m, v: gain(x, logits).sum() - cost(m, v).sum(),
        "It is a cost": lambda x, logits, m, v: gain(x, logits).sum(1).mean() + cost(m, v).sum(1).mean(),
        "that is the loss": lambda *given: -elbo_plain(*given),
        "left out the divergence": lambda x, logits, m, v: gain(x, logits).sum(1).mean(),
        "left out the reconstruction": lambda x, logits, m, v: -cost(m, v).sum(1).mean(),
        "half of the divergence is missing": lambda x, logits, m, v: (
            gain(x, logits).sum(1).mean() - 2 * cost(m, v).sum(1).mean()
        ),
        "divergence of all pictures": lambda x, logits, m, v: (gain(x, logits).sum(1) - cost(m, v).sum()).mean(),
        "sigmoid of what is a probability": lambda x, logits, m, v: elbo_plain(x, sigmoid(logits), m, v),
        "pixels without ink": elbo_of_ink_alone,
        "squared differences": lambda x, logits, m, v: (
            -((x - sigmoid(logits)) ** 2).sum(1).mean() - cost(m, v).sum(1).mean()
        ),
        "a σ(l) that rounds to 0": elbo_of_probabilities,
        "you clipped a probability or a logit": elbo_clipped,
        "the mean of your numbers is right, but not each": lambda x, logits, m, v: (
            gain(x, logits).sum(1).mean() - cost(m, v).sum(1)
        ),
        "Check the two parts one by one": lambda x, logits, m, v: gain(x, logits).sum(1) - 4 * cost(m, v).sum(1),
        "must be one number": lambda x, logits, m, v: gain(x, logits),
    },
    "check_bound": {
        "That is the ELBO": lambda a: a.mean(0),
        "log k is missing": lambda a: np.logaddexp.reduce(a),
        "It is subtracted": lambda a: np.logaddexp.reduce(a) + np.log(len(a)),
        "subtracted k": lambda a: np.logaddexp.reduce(a) - len(a),
        "mean is inside the logarithm": lambda a: np.logaddexp.reduce(a) / len(a),
        "largest log-weight alone": lambda a: a.max(0),
        "sign is turned": lambda a: -bound_plain(a),
        "take the largest of each picture out of the sum": lambda a: np.log(np.mean(np.exp(a), axis=0)),
        "did not add it again": lambda a: np.log(np.mean(np.exp(a - a.max(0)), axis=0)),
        "You went along the pictures": lambda a: bound_plain(a.T),
        "one number for all pictures": lambda a: bound_plain(a.reshape(-1, 1))[0],
        "mean of the weights over the codes": lambda a: a - np.log(len(a)),
        "With one code it must be the log-weight itself": lambda a: a[0] * 0.5,
    },
}

ALSO = [  # other ways to the same mistake
    ("check_elbo", "exp(800) is too large for a float", elbo_of_the_hint_word_by_word),
    ("check_elbo", "costs 800 nats", elbo_with_a_bit_more),
    (
        "check_elbo",
        "the divergence of the same picture",
        lambda x, logits, m, v: gain(x, logits).sum(1) - cost(m, v).sum(1).mean(),
    ),
    ("check_elbo", "costs 800 nats", lambda x, logits, m, v: elbo_plain(x, np.clip(logits, -30, 30), m, v)),
    ("check_elbo", "exp(800) is too large for a float", elbo_word_by_word_by_picture),
    ("check_elbo", "Check the two parts one by one", lambda x, logits, m, v: 3.0),
    ("check_bound", "take the largest of each picture out of the sum", bound_by_one_maximum),
]


TestCheckers = checkers.of(vae, RIGHT, WRONG, calls={"check_kl": 4, "check_draw": 4, "check_elbo": 4, "check_bound": 6})


@pytest.mark.parametrize("check", list(RIGHT))
def test_hints_lead_step_by_step(check):
    verdict = getattr(vae, check)(lambda *given: None)
    assert len(verdict.hints) == 3
    assert "folded below" in verdict.hint(4)


@pytest.mark.parametrize(("check", "words", "student"), ALSO)
def test_another_way_to_the_same_mistake(check, words, student):
    verdict = getattr(vae, check)(student)
    assert not verdict
    assert words in verdict.message
