"""What a pixel is: densities against torch.distributions, areas of one, and draws that follow them."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from companion.nets import vae

SHAPE = (1, 2, 3)
LOGITS = (-30.0, -8.0, -1.0, -0.051, -0.049, -1e-4, 0.0, 1e-3, 0.049, 0.051, 2.0, 12.0, 30.0)


def of(values, n=1):
    return torch.tensor(values, dtype=torch.float64).reshape(n, 1, 1, -1)


# --- Bernoulli -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leading", [(), (4,), (2, 3)])
def test_bernoulli_is_torchs_with_its_gradient(leading):
    torch.manual_seed(0)
    x, logits = (torch.rand(5, *SHAPE) < 0.5).double(), 4 * torch.randn(*leading, 5, *SHAPE).double()
    logits.requires_grad_()
    ours = vae.Bernoulli().log_prob(x, logits)
    theirs = torch.distributions.Bernoulli(logits=logits).log_prob(x.expand_as(logits)).sum((-3, -2, -1))
    torch.testing.assert_close(ours, theirs)
    weight = torch.randn_like(ours)
    assert torch.autograd.gradcheck(lambda free: vae.Bernoulli().log_prob(x, free), logits)
    torch.testing.assert_close(*(torch.autograd.grad((p * weight).sum(), logits)[0] for p in (ours, theirs)))


def test_bernoulli_holds_at_huge_logits():
    logits = of([-1e4, 1e4, 1e4]).requires_grad_()
    value = vae.Bernoulli().log_prob(of([0, 1, 0]), logits)
    assert float(value.detach()) == -1e4
    assert torch.autograd.grad(value.sum(), logits)[0].flatten().tolist() == [0, 0, -1]


def test_binary_pixels_are_drawn_anew_with_the_grey_value_as_probability():
    torch.manual_seed(0)
    grey = torch.tensor([0.0, 0.2, 0.7, 1.0]).expand(20_000, 1, 1, 4)
    first, second = vae.Bernoulli().observe(grey), vae.Bernoulli().observe(grey)
    assert set(first.unique().tolist()) == {0, 1}
    assert first.mean((0, 1, 2)).tolist() == pytest.approx([0, 0.2, 0.7, 1], abs=0.015)
    assert not torch.equal(first, second)
    logits = torch.logit(grey.clamp(0.01, 0.99))
    assert vae.Bernoulli().sample(logits).mean((0, 1, 2)).tolist() == pytest.approx([0.01, 0.2, 0.7, 0.99], abs=0.015)
    assert vae.Bernoulli().mean(logits)[0].flatten().tolist() == pytest.approx([0.01, 0.2, 0.7, 0.99])


# --- continuous Bernoulli --------------------------------------------------------------------------------------------


@given(st.floats(0, 1), st.floats(-15, 15))
def test_the_continuous_bernoulli_is_torchs(x, logit):
    ours, x = vae.ContinuousBernoulli(), torch.tensor(x).double()
    theirs = torch.distributions.ContinuousBernoulli(logits=torch.tensor(logit).double())
    assert float(ours.log_prob(x.reshape(1, 1, 1, 1), of([logit]))) == pytest.approx(
        float(theirs.log_prob(x)), abs=2e-4
    )
    assert float(ours.mean(of([logit]))) == pytest.approx(float(theirs.mean), abs=2e-4)  # torch's series starts later


def test_its_area_is_one_and_its_mean_the_mean():
    """By Gauss and Legendre, to ten digits: beyond what torch promises, on both sides of the series' edge."""
    t, weight = np.polynomial.legendre.leggauss(200)
    x, weight = torch.tensor((t + 1) / 2), torch.tensor(weight / 2)
    for logit in LOGITS:
        logits = of([logit])
        density = torch.exp(vae.ContinuousBernoulli().log_prob(x.reshape(-1, 1, 1, 1), logits))
        assert float((weight * density).sum()) == pytest.approx(1, abs=2e-10), logit
        assert float((weight * density * x).sum()) == pytest.approx(
            float(vae.ContinuousBernoulli().mean(logits)), abs=2e-8
        ), logit


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_neither_value_nor_gradient_is_ever_nan(dtype):
    logits = torch.tensor([*LOGITS, 80.0, -80.0], dtype=dtype, requires_grad=True)
    model = vae.ContinuousBernoulli()
    for x in (0.0, 0.3, 1.0):
        value = model.log_prob(torch.full((1, 1, 1, len(logits)), x, dtype=dtype), logits.reshape(1, 1, 1, -1))
        slope = torch.autograd.grad(value.sum(), logits)[0]
        expected = x - model.mean(logits.detach())  # an exponential family: the slope is x − mean
        assert slope.tolist() == pytest.approx(expected.tolist(), abs=3e-4 if dtype == torch.float32 else 1e-6)


def test_its_draws_follow_it():
    torch.manual_seed(0)
    for logit in (-6.0, 0.0, 0.03, 4.0):
        logits = torch.full((20_000, 1, 1, 1), logit).double()
        drawn = vae.ContinuousBernoulli().sample(logits)
        assert 0 <= float(drawn.min()) <= float(drawn.max()) <= 1
        theirs = torch.distributions.ContinuousBernoulli(logits=torch.tensor(logit).double())
        below = [float((drawn < t).double().mean()) for t in (0.1, 0.5, 0.9)]
        assert below == pytest.approx([float(theirs.cdf(torch.tensor(t))) for t in (0.1, 0.5, 0.9)], abs=0.015)


def test_a_bernoulli_of_grey_pixels_is_no_density_and_the_constant_mends_it():
    t, weight = np.polynomial.legendre.leggauss(50)
    x, weight = torch.tensor((t + 1) / 2).reshape(-1, 1, 1, 1), torch.tensor(weight / 2)
    area = {
        kind: float((weight * torch.exp(vae.LIKELIHOODS[kind]().log_prob(x, of([1.5])))).sum())
        for kind in ("bernoulli", "continuous")
    }
    assert area["continuous"] == pytest.approx(1)
    assert area["bernoulli"] < 0.45


# --- Gaussian --------------------------------------------------------------------------------------------------------


def test_gaussian_is_torchs_and_learns_its_spread():
    torch.manual_seed(0)
    x, means = torch.randn(4, *SHAPE).double(), torch.randn(3, 4, *SHAPE).double()
    model = vae.Gaussian(0.3).double()
    theirs = torch.distributions.Normal(means, 0.3).log_prob(x).sum((-3, -2, -1))
    torch.testing.assert_close(model.log_prob(x, means), theirs, atol=1e-5, rtol=1e-6)
    slope = torch.autograd.grad(model.log_prob(x, means).sum(), model.log_sigma)[0]
    squares = (x - means).square().sum() / 0.3**2
    assert float(slope) == pytest.approx(float(squares - means.numel()), rel=1e-5)
    assert not vae.Gaussian(1.0, fixed=True).log_sigma.requires_grad
    drawn = vae.Gaussian(0.3).sample(torch.zeros(5000, *SHAPE))
    assert float(drawn.detach().std()) == pytest.approx(0.3, rel=0.02)
    assert torch.equal(model.mean(means), means)


@pytest.mark.bad_input
def test_a_spread_must_be_positive():
    with pytest.raises(ValueError, match=r"sigma is 0\.0"):
        vae.Gaussian(0)


@pytest.mark.parametrize("kind", ["continuous", "gaussian"])
def test_grey_likelihoods_observe_pictures_as_they_are(kind):
    x = torch.rand(2, *SHAPE)
    assert torch.equal(vae.LIKELIHOODS[kind]().observe(x), x)


def test_the_series_joins_the_quotient_smoothly():
    edge = vae.ContinuousBernoulli.NEAR
    for function in (vae.ContinuousBernoulli().log_constant, vae.ContinuousBernoulli().mean):
        below, above = (float(function(torch.tensor(edge + d).double())) for d in (-1e-9, 1e-9))
        assert math.isclose(below, above, abs_tol=1e-9)
