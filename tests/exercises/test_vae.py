"""The checkers of the chapter on variational autoencoders: right answers pass, wrong ones are told their mistake."""

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


RIGHT = {
    "check_kl": [kl_plain, kl_by_companion, kl_by_torch, kl_in_a_loop],
    "check_draw": [draw_plain, draw_with_a_root],
    "check_elbo": [elbo_plain, elbo_by_torch, elbo_by_picture],
    "check_bound": [bound_plain, bound_by_torch, bound_by_logaddexp],
}


@pytest.mark.parametrize(("check", "student"), [(c, s) for c, students in RIGHT.items() for s in students])
def test_right_answers_pass(check, student):
    verdict = getattr(vae, check)(student)
    assert verdict, verdict.message
    assert verdict.message.startswith("Your")


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
        "half": (lambda m, v: 2 * cost(m, v).sum(1), "half is missing"),
        "sign": (lambda m, v: -cost(m, v).sum(1), "never negative"),
        "minus one": (lambda m, v: (cost(m, v) + 0.5).sum(1), "−1 is missing"),
        "minus one once": (lambda m, v: ((m**2 + np.exp(v) - v).sum(1) - 1) / 2, "taken once, not for each number"),
        "minus one at the end": (lambda m, v: (m**2 + np.exp(v) - v).sum(1) / 2 - 1, "taken once, after the half"),
        "mean over codes": (lambda m, v: cost(m, v).mean(1), "mean over the numbers of the code"),
        "everything": (lambda m, v: cost(m, v).sum(), "one number for all pictures"),
        "over pictures": (lambda m, v: cost(m, v).sum(0), "Sum over the numbers of each code: axis 1"),
        "each": (cost, "Sum over the numbers of each code"),
        "log_var as variance": (lambda m, v: (m**2 + v - np.log(np.abs(v)) - 1).sum(1) / 2, "log_var for the variance"),
        "log_var as log sigma": (lambda m, v: (m**2 + np.exp(2 * v) - 2 * v - 1).sum(1) / 2, "logarithm of σ"),
        "sigma": (lambda m, v: (m**2 + np.exp(v / 2) - v - 1).sum(1) / 2, "which is σ, where σ² belongs"),
        "square": (lambda m, v: (m + np.exp(v) - v - 1).sum(1) / 2, "mean is not squared"),
        "no mean": (lambda m, v: (np.exp(v) - v - 1).sum(1) / 2, "μ² is missing"),
        "no log": (lambda m, v: (m**2 + np.exp(v) - 1).sum(1) / 2, "log σ² is missing"),
        "log sign": (lambda m, v: (m**2 + np.exp(v) + v - 1).sum(1) / 2, "a narrow posterior must cost more"),
        "turned": (lambda m, v: ((m**2 + 1) * np.exp(-v) + v - 1).sum(1) / 2, "KL(p ‖ q)"),
        "something": (lambda m, v: np.abs(m).sum(1), "For mean = 0 and log_var = 0 it must be 0"),
        "nothing": (lambda m, v: None, "`return` is missing"),
    },
    "check_draw": {
        "variance": (lambda m, v, e: m + np.exp(v) * e, "multiplied by the variance"),
        "log": (lambda m, v, e: m + v * e, "by log_var itself"),
        "half log": (lambda m, v, e: m + v / 2 * e, "exponential is missing"),
        "no mean": (lambda m, v, e: np.exp(v / 2) * e, "mean is missing"),
        "mean": (lambda m, v, e: m + 0, "nothing is drawn"),
        "no spread": (lambda m, v, e: m + e, "without its spread"),
        "product": (lambda m, v, e: m * np.exp(v / 2) * e, "that is no shift"),
        "square": (lambda m, v, e: m + np.exp(2 * v) * e, "root halves the exponent"),
        "divided": (lambda m, v, e: m + e / np.exp(v / 2), "divided by σ"),
        "no noise": (lambda m, v, e: m + np.exp(v / 2), "σ without noise"),
        "own noise": (lambda m, v, e: m + np.exp(v / 2) * np.random.default_rng(1).standard_normal(m.shape),
                      "With noise = 0 they must be the mean"),
        "in place": (in_place, "changed the mean"),
    },
    "check_elbo": {
        "mean over pixels": (lambda x, logits, m, v: gain(x, logits).mean() - cost(m, v).sum(1).mean(),
                             "mean over the pixels. That makes the divergence weigh 8 times as much"),
        "mean over codes": (lambda x, logits, m, v: gain(x, logits).sum(1).mean() - cost(m, v).mean(),
                            "mean over the numbers of the code"),
        "means": (lambda x, logits, m, v: gain(x, logits).mean() - cost(m, v).mean(), "means where sums belong"),
        "sum": (lambda x, logits, m, v: gain(x, logits).sum() - cost(m, v).sum(), "summed over the pictures"),
        "plus": (lambda x, logits, m, v: gain(x, logits).sum(1).mean() + cost(m, v).sum(1).mean(), "It is a cost"),
        "loss": (lambda *given: -elbo_plain(*given), "that is the loss"),
        "no divergence": (lambda x, logits, m, v: gain(x, logits).sum(1).mean(), "left out the divergence"),
        "no reconstruction": (lambda x, logits, m, v: -cost(m, v).sum(1).mean(), "left out the reconstruction"),
        "twice": (lambda x, logits, m, v: elbo_plain(x, sigmoid(logits), m, v), "sigmoid of what is a probability"),
        "ink alone": (elbo_of_ink_alone, "pixels without ink"),
        "squares": (lambda x, logits, m, v: -((x - sigmoid(logits)) ** 2).sum(1).mean() - cost(m, v).sum(1).mean(),
                    "squared differences"),
        "overflow": (elbo_of_probabilities, "a σ(l) that rounds to 0"),
        "exponential": (elbo_of_the_hint_word_by_word, "exp(800) is too large for a float"),
        "clipped": (elbo_clipped, "you clipped a probability or a logit"),
        "a bit more": (elbo_with_a_bit_more, "costs 800 nats"),
        "clipped logits": (lambda x, logits, m, v: elbo_plain(x, np.clip(logits, -30, 30), m, v), "costs 800 nats"),
        "one gain for all": (lambda x, logits, m, v: gain(x, logits).sum(1).mean() - cost(m, v).sum(1),
                             "the mean of your numbers is right, but not each"),
        "exponential, by picture": (elbo_word_by_word_by_picture, "exp(800) is too large for a float"),
        "one cost for all": (lambda x, logits, m, v: gain(x, logits).sum(1) - cost(m, v).sum(1).mean(),
                             "the divergence of the same picture"),
        "by picture, half": (lambda x, logits, m, v: gain(x, logits).sum(1) - 2 * cost(m, v).sum(1),
                             "Check the two parts one by one"),
        "something": (lambda x, logits, m, v: 3.0, "Check the two parts one by one"),
        "matrix": (lambda x, logits, m, v: gain(x, logits), "must be one number"),
    },
    "check_bound": {
        "mean of logs": (lambda a: a.mean(0), "That is the ELBO"),
        "no log k": (lambda a: np.logaddexp.reduce(a), "log k is missing"),
        "plus log k": (lambda a: np.logaddexp.reduce(a) + np.log(len(a)), "It is subtracted"),
        "minus k": (lambda a: np.logaddexp.reduce(a) - len(a), "subtracted k"),
        "divided": (lambda a: np.logaddexp.reduce(a) / len(a), "mean is inside the logarithm"),
        "largest": (lambda a: a.max(0), "largest log-weight alone"),
        "sign": (lambda a: -bound_plain(a), "sign is turned"),
        "underflow": (lambda a: np.log(np.mean(np.exp(a), axis=0)), "take the largest of each picture out of the sum"),
        "one maximum": (bound_by_one_maximum, "take the largest of each picture out of the sum"),
        "not added": (lambda a: np.log(np.mean(np.exp(a - a.max(0)), axis=0)), "did not add it again"),
        "pictures": (lambda a: bound_plain(a.T), "codes are along axis 0"),
        "all": (lambda a: bound_plain(a.reshape(-1, 1))[0], "one number for all pictures"),
        "each": (lambda a: a - np.log(len(a)), "mean of the weights over the codes"),
        "something": (lambda a: a[0] * 0.5, "With one code it must be the log-weight itself"),
    },
}  # fmt: skip


@pytest.mark.parametrize(("check", "name"), [(c, name) for c, students in WRONG.items() for name in students])
def test_wrong_answers_are_told_their_own_mistake(check, name):
    student, words = WRONG[check][name]
    verdict = getattr(vae, check)(student)
    assert not verdict
    assert words in verdict.message


@pytest.mark.parametrize("check", list(RIGHT))
def test_hints_lead_step_by_step(check):
    verdict = getattr(vae, check)(lambda *given: None)
    assert len(verdict.hints) == 3
    assert "folded below" in verdict.hint(4)
