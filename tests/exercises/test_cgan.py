"""The checkers of the chapter on conditional GANs: right answers pass, each wrong one is told its own mistake."""

import checkers
import numpy as np
import pytest
import torch

from companion.exercises import cgan
from companion.nets import cgan as nets_cgan

# --- right -----------------------------------------------------------------------------------------------------------


def optimum_plain(p, q, real, fake):
    return p * real / (p * real + q * fake)


def optimum_by_loops(p, q, real, fake):
    D = np.empty_like(p)
    for x, c in np.ndindex(p.shape):
        of_real, of_fake = p[x, c] * real[c], q[x, c] * fake[c]
        D[x, c] = of_real / (of_real + of_fake)
    return D.tolist()


def optimum_by_logits(p, q, real, fake):
    with np.errstate(divide="ignore"):
        a = np.log(p) - np.log(q) + np.log(real) - np.log(fake)
    return 1 / (1 + np.exp(-a))


def optimum_by_companion(*given):
    return nets_cgan.optimum(*map(torch.tensor, given)).D


def projection_plain(phi, v, w, b, c):
    return phi @ w + b + (v[c] * phi).sum(axis=1)


def projection_by_weights(phi, v, w, b, c):
    """A last layer of its own for each label."""
    return [phi[i] @ (w + v[k]) + b for i, k in enumerate(c)]


def projection_one_hot(phi, v, w, b, c):
    return phi @ w + b + (np.eye(len(v))[c] * (phi @ v.T)).sum(1)


def projection_by_companion(phi, v, w, b, c):
    D = nets_cgan.Discriminator(len(v), (1, 1, 1), phi.shape[1], backbone="mlp").double()
    D.features = lambda x: torch.tensor(phi)
    with torch.no_grad():
        D.label.tables[0].weight.copy_(torch.tensor(v))
        D.body.layers[-1].weight.copy_(torch.tensor(w)[None])
        D.body.layers[-1].bias.fill_(b)
        return D(torch.zeros(len(phi), 1, 1, 1).double(), torch.tensor(c))


def labels_by_shares(y, n, rng):
    values, counts = np.unique(y, return_counts=True)
    return rng.choice(values, n, p=counts / len(y))


def labels_by_companion(y, n, rng):
    torch.manual_seed(int(rng.integers(2**31)))
    return nets_cgan.drawn_from(torch.tensor(y))(torch.zeros(n))


def spread_plain(x, c):
    return [((x[c == k] - x[c == k].mean(0)) ** 2).sum(1).mean() for k in range(c.max() + 1)]


def spread_by_moments(x, c):
    """E‖x‖² − ‖E x‖²."""
    return [(x[c == k] ** 2).sum(1).mean() - (x[c == k].mean(0) ** 2).sum() for k in range(c.max() + 1)]


def spread_by_covariance(x, c):
    return [np.trace(np.atleast_2d(np.cov(x[c == k].T, bias=True))) for k in range(c.max() + 1)]


RIGHT = {
    "check_optimum": [optimum_plain, optimum_by_loops, optimum_by_logits, optimum_by_companion],
    "check_projection": [projection_plain, projection_by_weights, projection_one_hot, projection_by_companion],
    "check_fake_labels": [lambda y, n, rng: rng.choice(y, n), lambda y, n, rng: y[rng.integers(0, len(y), n)],
                          labels_by_shares, labels_by_companion],
    "check_spread": [spread_plain, spread_by_moments, spread_by_covariance],
}  # fmt: skip


# --- wrong -----------------------------------------------------------------------------------------------------------


def best(P, Q):
    return P / (P + Q)


def square(p, q, real, fake):
    """Rows for columns, where the shape allows it."""
    return optimum_plain(p, q, *((real[:, None], fake[:, None]) if p.shape[0] == p.shape[1] else (real, fake)))


def summed(p, q, real, fake):
    return best((p * real).sum(1), (q * fake).sum(1))


def projected(rule):
    """rule(φ, the label's row, w) in place of the inner product."""
    return lambda phi, v, w, b, c: phi @ w + b + rule(phi, v[c], w)


def by_row(phi, v, w, b, c):
    return phi @ w + b + (v[np.arange(len(phi)) if len(phi) <= len(v) else c] * phi).sum(1)


def drawn(shares):
    """Labels with other shares than those of the data."""

    def student(y, n, rng):
        values, counts = np.unique(y, return_counts=True)
        weights = shares(counts / len(y))
        return rng.choice(values, n, p=weights / weights.sum())

    return student


def each(measure):
    return lambda x, c: [measure(x[c == k], x, len(x)) for k in range(c.max() + 1)]


def lengths(own):
    return ((own - own.mean(0)) ** 2).sum(1)


_unseeded = np.random.default_rng()

WRONG = {
    "check_optimum": {
        "you left out the shares": lambda p, q, real, fake: p / (p + q),
        "weighted the real ones only": lambda p, q, real, fake: p * real / (p * real + q),
        "weighted the fakes only": lambda p, q, real, fake: p / (p + q * fake),
        "the probability of a fake": lambda p, q, real, fake: best(q * fake, p * real),
        "you exchanged the two shares": lambda p, q, real, fake: best(p * fake, q * real),
        "you summed over the labels": lambda *given: np.repeat(summed(*given)[:, None], given[0].shape[1], 1),
        "that is the ratio of real": lambda p, q, real, fake: p * real / (q * fake),
        "that is D's logit": lambda p, q, real, fake: np.log(p * real / (q * fake)),
        "your columns sum to 1": lambda *given: optimum_plain(*given) / optimum_plain(*given).sum(0),
        "your whole table sums": lambda *given: optimum_plain(*given) / optimum_plain(*given).sum(),
        "you forgot the fakes": lambda p, q, real, fake: p * real / (p + q),
        "you multiplied rows": square,
        "one number for each picture. The label": summed,
        "take one pair (x, c)": lambda *given: optimum_plain(*given) / 2,
        "rows and columns exchanged": lambda *given: optimum_plain(*given).T,
        "changed the p it was given": lambda p, q, real, fake: np.multiply(p, real, out=p) / (p + q * fake),
        "returned None": lambda p, q, real, fake: None,
    },
    "check_projection": {
        "the label plays no part": lambda phi, v, w, b, c: phi @ w + b,
        "only the label speaks": lambda phi, v, w, b, c: (v[c] * phi).sum(1),
        "the bias b is missing": lambda phi, v, w, b, c: phi @ w + (v[c] * phi).sum(1),
        "you subtracted": projected(lambda phi, row, w: -(row * phi).sum(1)),
        "the mean over the features": projected(lambda phi, row, w: (row * phi).mean(1)),
        "no cosine": projected(
            lambda phi, row, w: (row * phi).sum(1) / np.linalg.norm(row, axis=1) / np.linalg.norm(phi, axis=1)
        ),
        "Picture and label never meet": lambda phi, v, w, b, c: (phi + v[c]) @ w + b,
        "before the inner product": projected(lambda phi, row, w: (row * phi * w).sum(1)),
        "you summed over all labels": lambda phi, v, w, b, c: phi @ w + b + (phi @ v.T).sum(1),
        "that fits best": lambda phi, v, w, b, c: phi @ w + b + (phi @ v.T).max(1),
        "you returned probabilities": lambda *given: 1 / (1 + np.exp(-projection_plain(*given))),
        "picture i got row i": by_row,
        "over the pictures (axis 0)": projected(lambda phi, row, w: (row * phi).sum(0)),
        "over the whole batch": projected(lambda phi, row, w: (row * phi).sum()),
        "the label's vector alone": projected(lambda phi, row, w: row.sum(1)),
        "sum over the features missing": lambda phi, v, w, b, c: phi @ w + b + v[c] * phi,
        "one logit for every label": lambda phi, v, w, b, c: (phi @ w + b)[:, None] + phi @ v.T,
        "by hand": lambda *given: 3 * projection_plain(*given) + 1,
        "You returned the number 4;": lambda phi, v, w, b, c: 4.0,
    },
    "check_fake_labels": {
        "the label 3, which never": lambda y, n, rng: rng.integers(0, y.max() + 1, n),
        "you drew all classes equally": lambda y, n, rng: rng.choice(np.unique(y), n),
        "you drew one label": lambda y, n, rng: np.full(n, rng.choice(y)),
        "the rare ones come most": drawn(lambda s: 1 / s),
        "they count twice": drawn(lambda s: s**2),
        "draw from y itself, where": drawn(lambda s: s + 0.5),
        "Two generators gave": lambda y, n, rng: np.resize(y, n),
        "not from np.random": lambda y, n, rng: _unseeded.choice(y, n),
        "come in blocks": lambda y, n, rng: np.sort(rng.choice(y, n)),
        "as many as there are in y": lambda y, n, rng: rng.permutation(y),
        "Those are shares": lambda y, n, rng: np.unique(y, return_counts=True)[1] / len(y),
        "Draw with replacement": lambda y, n, rng: rng.choice(y, n, replace=False),
        "a value of another type": lambda y, n, rng: rng.choose(y, n),
    },
    "check_spread": {
        "the mean of all pictures. Each": each(lambda own, x, n: ((own - x.mean(0)) ** 2).sum(1).mean()),
        "distances from 0": each(lambda own, x, n: (own**2).sum(1).mean()),
        "the mean over the pixels": each(lambda own, x, n: ((own - own.mean(0)) ** 2).mean()),
        "you summed over the pictures": each(lambda own, x, n: lengths(own).sum()),
        "you took the root": each(lambda own, x, n: lengths(own).mean() ** 0.5),
        "you averaged distances": each(lambda own, x, n: (lengths(own) ** 0.5).mean()),
        "n_k − 1": each(lambda own, x, n: lengths(own).sum() / (len(own) - 1)),
        "the number of all pictures.": each(lambda own, x, n: lengths(own).sum() / n),
        "over pairs of two": each(lambda own, x, n: ((own[:, None] - own[None]) ** 2).sum(2).mean()),
        "the largest squared": each(lambda own, x, n: lengths(own).max()),
        "absolute values in place": each(lambda own, x, n: np.abs(own - own.mean(0)).sum(1).mean()),
        "is turned round": lambda x, c: spread_plain(x, c)[::-1],
        "one for each picture. Average": lambda x, c: ((x - x.mean(0)) ** 2).sum(1),
        "one for each pixel": lambda x, c: [((x[c == k] - x[c == k].mean(0)) ** 2).mean(0) for k in range(c.max() + 1)],
        "Keep the classes apart": lambda x, c: np.mean(spread_plain(x, c)),
        "over all pixels: axis=0": each(lambda own, x, n: ((own - own.mean()) ** 2).sum(1).mean()),
        "and divided by their number": each(lambda own, x, n: own.var()),
        "from each picture its own mean": each(lambda own, x, n: lengths(own.T).sum() / len(own)),
        "the root of a sum": each(lambda own, x, n: np.linalg.norm(own - own.mean(0))),
        "ten for granted": lambda x, c: [np.sum(x[c == k] ** 2) for k in range(10)],
        "from it; average those": each(lambda own, x, n: 1.0),
    },
}  # fmt: skip


TestCheckers = checkers.of(cgan, RIGHT, WRONG, calls={"check_optimum": 3, "check_projection": 4, "check_spread": 3})


def test_to_divide_by_the_shares_is_to_exchange_them():
    verdict = cgan.check_optimum(lambda p, q, real, fake: best(p / real, q / fake))
    assert "or divided by them" in verdict.message


TABLES = {
    "sum over the features missing": lambda phi, v, w, b, c: (phi @ w + b)[:, None] + v[c] * phi,
    "every picture with every label": lambda phi, v, w, b, c: (phi @ w + b)[:, None] + phi @ v[c].T,
}


@pytest.mark.parametrize("words", TABLES)
def test_a_table_in_place_of_logits_hears_both_causes_or_its_own(words):
    """Where there are as many pictures as features the shape leaves two causes; elsewhere it says which."""
    assert words in cgan.check_projection(TABLES[words]).message

    def right_at_first(phi, *others):
        return (projection_plain if phi.shape == (5, 5) else TABLES[words])(phi, *others)

    message = cgan.check_projection(right_at_first).message
    assert ("one number for each feature" in message) == ("missing" in words)
    assert ("Take the diagonal" in message) == ("every" in words)


def test_labels_that_are_repeated_come_in_blocks():
    verdict = cgan.check_fake_labels(lambda y, n, rng: np.repeat(rng.choice(y, n // 4), 4))
    assert "neither sort nor repeat" in verdict.message


def test_an_offset_for_each_label_is_no_projection():
    """v[c]·w + φ·w is (φ + v[c])·w: what concatenation just before the last layer gives."""
    verdict = cgan.check_projection(projected(lambda phi, row, w: row @ w))
    assert "Picture and label never meet" in verdict.message
