"""The checkers of the chapter on open problems: right answers pass, each wrong one is told its own mistake."""

import math

import checkers
import numpy as np
import pytest

from companion.exercises import _open_cases, open_problems

torch = pytest.importorskip("torch")

# --- right -----------------------------------------------------------------------------------------------------------


def step_by_clips(x, slope, start, step, epsilon):
    return np.clip(np.clip(x + step * np.sign(slope), start - epsilon, start + epsilon), 0, 1)


def step_by_limits(x, slope, start, step, epsilon):
    low, high = np.maximum(start - epsilon, 0), np.minimum(start + epsilon, 1)
    return np.minimum(np.maximum(x + step * np.sign(slope), low), high)


def step_in_torch(x, slope, start, step, epsilon):
    x, slope, start = map(torch.tensor, (x, slope, start))
    change = (x + step * slope.sign() - start).clamp(-epsilon, epsilon)
    return (start + change).clamp(0, 1)


def sum_by_rows(gradients, max_norm, noise, z, size):
    total = sum(g * min(1, max_norm / np.linalg.norm(g)) for g in gradients)
    return (total + noise * max_norm * z) / size


def sum_at_once(gradients, max_norm, noise, z, size):
    lengths = np.sqrt((gradients**2).sum(1))
    return np.minimum(1, max_norm / lengths) @ gradients / size + noise * max_norm / size * z


def sum_by_companion(gradients, max_norm, noise, z, size):
    privacy = pytest.importorskip("companion.train.privacy")
    total = privacy.clipped_sum({"w": torch.tensor(gradients)}, max_norm)["w"]
    return (total + noise * max_norm * torch.tensor(z)) / size


def renyi_by_terms(rate, noise, order):
    total = sum(
        math.comb(order, k) * (1 - rate) ** (order - k) * rate**k * math.exp((k * k - k) / (2 * noise**2))
        for k in range(order + 1)
    )
    return math.log(total) / (order - 1)


def renyi_by_companion(rate, noise, order):
    return pytest.importorskip("companion.train.privacy").rdp(rate, noise, order)


def advantage_by_thresholds(members, others):
    return max(0, *(np.mean(members <= t) - np.mean(others <= t) for t in [*members, *others]))


def advantage_below_thresholds(members, others):
    """Without the equal ones: the same sets are accused, one threshold further on."""
    return max(0, *(np.mean(members < t) - np.mean(others < t) for t in [*members, *others]))


def advantage_by_scipy(members, others):
    return pytest.importorskip("scipy.stats").ks_2samp(members, others, alternative="greater", method="asymp").statistic


def advantage_by_companion(members, others):
    return pytest.importorskip("companion.train.privacy").roc(-members, -others).advantage


RIGHT = {
    "check_sign_step": [step_by_clips, step_by_limits, step_in_torch],
    "check_private_sum": [sum_by_rows, sum_at_once, sum_by_companion],
    "check_renyi": [renyi_by_terms, renyi_by_companion],
    "check_advantage": [
        advantage_by_thresholds,
        advantage_below_thresholds,
        advantage_by_scipy,
        advantage_by_companion,
    ],
}


# --- wrong -----------------------------------------------------------------------------------------------------------


def stepped(move, limits=step_by_clips):
    """Moved otherwise, then brought within the limits."""
    return lambda x, s, start, step, eps: limits(move(x, s, start, step, eps), s, start, 0.0, eps)


def noisy(total, noise=lambda s, c, z, n, size: s * c * z, after=lambda total, size, n: total / size):
    """A private sum with one part of it wrong."""

    def student(g, c, s, z, size):
        return after(total(g, c) + noise(s, c, z, len(g), size), size, len(g))

    return student


def each(g, c):
    return _open_cases.clipped(g, c).sum(0)


def whole(g, c):
    return _open_cases.clipped(g.sum(0, keepdims=True), c)[0]


def divergence(q=lambda q: q, sigma=lambda s: s, by=lambda order: order - 1, **change):
    return lambda rate, noise, order: _open_cases.binomial(q(rate), sigma(noise), order, **change) / by(order)


def changes_its_input(gradients, max_norm, noise, z, size):
    gradients *= 2
    return sum_at_once(gradients / 2, max_norm, noise, z, size)


def best(rule):
    """rule(true counts, false counts, members, others) over all thresholds."""

    def student(members, others):
        every = [*members, *others]
        counts = [(np.sum(members <= t), np.sum(others <= t)) for t in every]
        return max(rule(t, f, len(members), len(others)) for t, f in counts)

    return student


WRONG = {
    "check_sign_step": {
        "you stepped downhill": stepped(lambda x, s, start, step, eps: x - step * np.sign(s)),
        "along the slope itself": stepped(lambda x, s, start, step, eps: x + step * s),
        "divided by its length": stepped(lambda x, s, start, step, eps: x + step * s / np.linalg.norm(s)),
        "you moved by epsilon": stepped(lambda x, s, start, step, eps: x + eps * np.sign(s)),
        "you left [0, 1]": lambda x, s, start, step, eps: np.clip(x + step * np.sign(s), start - eps, start + eps),
        "you left the box": lambda x, s, start, step, eps: np.clip(x + step * np.sign(s), 0, 1),
        "lies around x": lambda x, s, start, step, eps: step_by_clips(x, s, x, step, eps),
        "you began at `start`": stepped(lambda x, s, start, step, eps: start + step * np.sign(s)),
        "you cut to the box first": lambda x, s, start, step, eps: (
            step_by_clips(x, s, start, 0, eps) + step * np.sign(s)
        ),
        "which moved by how much": stepped(lambda x, s, start, step, eps: x + 0.37 * step * np.sign(s)),
        "must be a vector of length 60": lambda x, s, start, step, eps: x[1:],
        "returned None": lambda x, s, start, step, eps: None,
    },
    "check_private_sum": {
        "the noise is missing": noisy(each, noise=lambda s, c, z, n, size: 0),
        "you did not clip": noisy(lambda g, c: g.sum(0)),
        "you clipped the sum": noisy(whole),
        "you clipped the mean": lambda g, c, s, z, size: (
            _open_cases.clipped(g.mean(0, keepdims=True), c)[0] + s * c * z / size
        ),
        "entry by entry": noisy(lambda g, c: np.clip(g, -c, c).sum(0)),
        "every row max_norm long": noisy(lambda g, c: (c * g / _open_cases.lengths(g)).sum(0)),
        "you dropped the long rows": noisy(lambda g, c: g[np.linalg.norm(g, axis=1) <= c].sum(0)),
        "counted in units of max_norm": noisy(each, noise=lambda s, c, z, n, size: s * z),
        "noise to every example": noisy(each, noise=lambda s, c, z, n, size: n**0.5 * s * c * z),
        "the same noise once for each": noisy(each, noise=lambda s, c, z, n, size: n * s * c * z),
        "after the division": lambda g, c, s, z, size: each(g, c) / size + s * c * z,
        "divided by the number of rows": noisy(each, after=lambda total, size, n: total / n),
        "you did not divide": noisy(each, after=lambda total, size, n: total),
        "with noise = 0 and one single row": noisy(each, after=lambda total, size, n: 0.9 * total / size),
        "One row for each example came back": lambda g, c, s, z, size: _open_cases.clipped(g, c) + s * c * z,
        "changed the gradients": changes_its_input,
    },
    "check_renyi": {
        "you forgot to divide": divergence(by=lambda order: 1),
        "you divided by the order. It": divergence(by=lambda order: order),
        "the logarithm is missing": lambda q, s, a: np.exp(_open_cases.binomial(q, s, a)) / (a - 1),
        "the 2 in 2σ²": divergence(sigma=lambda s: s / np.sqrt(2)),
        "you used σ where": divergence(sigma=np.sqrt),
        "k² − k, not k²": divergence(power=lambda k: k**2),
        "are exchanged": divergence(q=lambda q: 1 - q),
        "the binomial coefficients": divergence(counted=False),
        "one term short": lambda q, s, a: _open_cases.binomial(q, s, a, terms=a) / (a - 1),
        "the rate plays no part": lambda q, s, a: a / (2 * s**2),
        "you scaled the divergence": lambda q, s, a: q * a / (2 * s**2),
        "a bound for small rates": lambda q, s, a: q * q * a / s**2,
        "work order = 2 out": lambda q, s, a: 0.123,
        "must be one number": lambda q, s, a: np.ones(3),
    },
    "check_advantage": {
        "those with the larger loss": lambda members, others: advantage_by_thresholds(-members, -others),
        "the accuracy of the best": best(lambda t, f, m, n: (t + n - f) / (m + n)),
        "the accuracy with equal shares": best(lambda t, f, m, n: (t / m + 1 - f / n) / 2),
        "the median of all": lambda members, others: (
            np.mean(members <= np.median([*members, *others])) - np.mean(others <= np.median([*members, *others]))
        ),
        "the mean of the members' losses": lambda members, others: (
            np.mean(members <= np.mean(members)) - np.mean(others <= np.mean(members))
        ),
        "you returned counts": best(lambda t, f, m, n: t - f),
        "the number of all examples": best(lambda t, f, m, n: (t - f) / (m + n)),
        "the difference of the mean losses": lambda members, others: np.mean(others) - np.mean(members),
        "whatever the false alarms": best(lambda t, f, m, n: t / m),
        "print true, false": lambda members, others: 0.01,
        "must be one number": lambda members, others: members,
    },
}


TestCheckers = checkers.of(
    open_problems,
    RIGHT,
    WRONG,
    calls={"check_sign_step": 3, "check_private_sum": 3, "check_renyi": 4, "check_advantage": 3},
)


def test_the_best_threshold_is_never_worse_than_accusing_nobody():
    """In the last case the members have the larger losses: 0, not a negative number."""
    members, others = _open_cases.ATTACKS[-1]
    assert advantage_by_thresholds(members, others) == 0
