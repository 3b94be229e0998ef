"""The importance-weighted bound: exact where the posterior is, rising with k, the same in parts as whole."""

import math

import numpy as np
import pytest

from companion.evaluate.likelihood import Likelihood, importance_bound


class Line:
    """z ~ N(0, 1), x|z ~ N(z, s²): log p(x) = log N(x; 0, 1 + s²). The guess q(z|x) has the right mean, times `off`."""

    def __init__(self, library, *, s=0.5, off=1.0, wide=1.0, seed=0):
        self.library, self.s, self.off, self.seen = library, s, off, []
        self.mean, self.spread = off / (1 + s**2), wide * s / math.sqrt(1 + s**2)
        self.rng = np.random.default_rng(seed)

    def log_weights(self, x, k, labels=None):
        self.seen.append((len(x), k, None if labels is None else np.asarray(labels)))
        x = np.asarray(x) if labels is None else np.asarray(x) - np.asarray(labels)
        z = self.mean * x + self.spread * self.rng.standard_normal((k, len(x)))
        parts = (normal(x, z, self.s), normal(z, 0, 1), -normal(z, self.mean * x, self.spread))
        return self.library(sum(parts))

    def exact(self, x):
        return normal(x, 0, math.sqrt(1 + self.s**2))


def normal(x, mean, spread):
    return -0.5 * ((x - mean) / spread) ** 2 - math.log(spread) - 0.5 * math.log(2 * math.pi)


X = np.linspace(-2, 3, 50)


@pytest.mark.parametrize("k", [1, 3, 1000])
def test_with_the_exact_posterior_every_bound_is_the_evidence(library, k):
    model = Line(library)
    found = importance_bound(model, library(X), k)
    assert isinstance(found, Likelihood)
    assert np.abs(found.each - model.exact(X)).max() < 1e-12
    assert found.mean == pytest.approx(model.exact(X).mean())
    assert found.error == pytest.approx(model.exact(X).std(ddof=1) / math.sqrt(50))
    assert found.effective == pytest.approx(np.full(50, k))


def test_with_a_guess_the_bound_rises_to_the_evidence(library):
    model = Line(library, off=0.7, wide=1.6)
    bounds = [np.mean([importance_bound(model, library(X), k).mean for _ in range(30)]) for k in (1, 4, 16, 64)]
    exact = model.exact(X).mean()
    assert np.all(np.diff(bounds) > 5e-4)
    assert bounds[-1] < exact + 5e-3
    assert importance_bound(model, library(X), 20_000).mean == pytest.approx(exact, abs=3e-3)


def test_one_code_is_the_elbo(library):
    """E[log w], in closed form: log p(x|z) averaged over q, minus the divergence of two normal densities."""
    model = Line(library, off=0.7, wide=1.6)
    m, v = model.mean * X, model.spread**2
    reconstruction = normal(X, m, model.s) - v / (2 * model.s**2)
    kl = (m**2 + v - math.log(v) - 1) / 2
    rows = np.repeat(X, 4000)
    assert importance_bound(model, library(rows), 1).mean == pytest.approx((reconstruction - kl).mean(), abs=0.01)


@pytest.mark.parametrize("chunk", [1, 7, 64, 100_000])
def test_parts_make_no_difference(library, chunk):
    class Fixed:
        """The codes of each picture have the same weights however they are asked for."""

        def __init__(self):
            self.next = {}

        def log_weights(self, x, k):
            columns = []
            for value in np.asarray(x).tolist():
                start = self.next.get(value, 0)
                self.next[value] = start + k
                columns.append(-90 + 5 * np.sin(value * 10 + np.arange(start, start + k)))
            return library(np.stack(columns, axis=1))

    k, weights = 20, -90 + 5 * np.sin(X[:, None] * 10 + np.arange(20))
    found = importance_bound(Fixed(), library(X), k, chunk=chunk)
    expected = np.log(np.mean(np.exp(weights + 90), axis=1)) - 90
    w = np.exp(weights + 90)
    assert found.each == pytest.approx(expected)
    assert found.effective == pytest.approx(w.sum(1) ** 2 / (w**2).sum(1))


def test_no_more_codes_at_once_than_asked(library):
    for k, chunk in ((5, 20), (50, 20), (20, 20)):
        model = Line(library)
        importance_bound(model, library(X), k, chunk=chunk)
        assert max(n * codes for n, codes, _ in model.seen) <= chunk
        assert sum(n * codes for n, codes, _ in model.seen) == k * len(X)


def test_weights_far_from_one_neither_underflow_nor_overflow(library):
    class Far:
        def log_weights(self, x, k):
            return library(np.full((k, len(x)), -3000.0, dtype=np.float32) + np.asarray(x))

    assert importance_bound(Far(), library(np.array([0.0, 5000.0])), 10).each == pytest.approx([-3000, 2000])


def test_labels_travel_with_their_rows(library):
    model = Line(library)
    labels = np.arange(50.0)
    found = importance_bound(model, library(X + labels), 3, labels=library(labels), chunk=12)
    assert np.abs(found.each - model.exact(X)).max() < 1e-9
    assert np.concatenate([seen for _, _, seen in model.seen]).tolist() == labels.tolist()


def test_one_picture_has_no_error_bar(library):
    assert math.isnan(importance_bound(Line(library), library(X[:1]), 3).error)


@pytest.mark.bad_input
def test_what_is_wrong_is_named(library):
    x, model = library(X), Line(library)
    with pytest.raises(ValueError, match="k is 0"):
        importance_bound(model, x, 0)
    with pytest.raises(ValueError, match="chunk is 0"):
        importance_bound(model, x, 1, chunk=0)
    with pytest.raises(ValueError, match="labels has 3 rows, x has 50; give one label"):
        importance_bound(model, x, 1, labels=x[:3])
    with pytest.raises(ValueError, match="x is a list; an array or a tensor with at least one row"):
        importance_bound(model, [1.0], 1)
    with pytest.raises(ValueError, match=r"x is an array of shape \(0,\)"):
        importance_bound(model, x[:0], 1)

    class Turned:
        def log_weights(self, x, k):
            return library(np.zeros((len(x), k)))

    with pytest.raises(ValueError, match=r"returned an array of shape \(50, 2\) for k = 2 and 50 picture\(s\)"):
        importance_bound(Turned(), x, 2)
