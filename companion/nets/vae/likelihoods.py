"""log p(x|z): what the numbers that a decoder puts out, one for each pixel, say of that pixel.

Each `log_prob` sums over the pixels and keeps all dimensions before them. `observe` makes of grey pictures in [0, 1]
what the likelihood is a likelihood of, `mean` and `sample` turn the decoder's numbers into pictures, and `start` a mean
picture into numbers to begin with.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from companion._array import positive
from companion.nets.vae.codes import LOG_2PI

PIXELS = (-3, -2, -1)


class Bernoulli(nn.Module):
    """x ∈ {0, 1}: p(x = 1) = σ(l) for the decoder's logit l."""

    def observe(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Each pixel 1 with its grey value as probability, drawn anew at each call: dynamic binarization."""
        return torch.rand_like(x).lt_(x)

    def log_prob(self, x: Float[Tensor, "n c h w"], logits: Float[Tensor, "... c h w"]) -> Float[Tensor, "..."]:
        """Σ x·l − log(1 + eˡ), which is Σ x log σ(l) + (1 − x) log(1 − σ(l)) without a logarithm of 0."""
        return _SumOfLogits.apply(x, logits)

    def mean(self, logits: Tensor) -> Tensor:
        return torch.sigmoid(logits)

    def sample(self, logits: Tensor) -> Tensor:
        return self.observe(torch.sigmoid(logits))

    def start(self, mean: Tensor) -> Tensor:
        """log(m/(1 − m)), with m kept a hundredth away from 0 and 1."""
        return torch.logit(mean, 0.01)


class _SumOfLogits(torch.autograd.Function):
    """Σ x·l − log(1 + eˡ) with its gradient x − σ(l): fewer passes over the pixels than autograd would make."""

    @staticmethod
    def forward(ctx, x: Tensor, logits: Tensor) -> Tensor:
        ctx.save_for_backward(x, logits)
        return (x * logits).sub_(F.softplus(logits)).sum(PIXELS)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[None, Tensor]:
        x, logits = ctx.saved_tensors
        return None, torch.sigmoid(logits).neg_().add_(x).mul_(gradient[..., None, None, None])


class ContinuousBernoulli(nn.Module):
    """x ∈ [0, 1] with the density C(λ) λˣ(1 − λ)¹⁻ˣ, λ = σ(l) (Loaiza-Ganem & Cunningham 2019).

    In the logit l that is l·eˡˣ/(eˡ − 1): an exponential, cut off at 0 and 1 and scaled to the area 1.
    """

    NEAR = 0.05  # below it, |l| is too small for the quotients, and a series stands in for them

    def observe(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return x

    def log_prob(self, x: Float[Tensor, "n c h w"], logits: Float[Tensor, "... c h w"]) -> Float[Tensor, "..."]:
        """Σ x·l − log(1 + eˡ) + log C, log C = log(l / tanh(l/2)) = log 2 + l²/12 − 7l⁴/1440 + … near λ = ½."""
        return (x * logits - F.softplus(logits) + self.log_constant(logits)).sum(PIXELS)

    def log_constant(self, logits: Tensor) -> Tensor:
        """log C(λ) = log(2 artanh(1 − 2λ)/(1 − 2λ)), since 2 artanh(1 − 2λ) = −l and 1 − 2λ = −tanh(l/2)."""
        small, safe, square = self._near(logits)
        exact = torch.log(safe / torch.tanh(safe / 2))
        return torch.where(small, math.log(2) + square / 12 - 7 * square**2 / 1440, exact)

    def mean(self, logits: Tensor) -> Tensor:
        """1/(1 − e⁻ˡ) − 1/l, which is ½ + l/12 − l³/720 + … near l = 0: not λ."""
        small, safe, square = self._near(logits)
        exact = -1 / torch.expm1(-safe) - 1 / safe
        return torch.where(small, 0.5 + logits / 12 - logits * square / 720, exact)

    def sample(self, logits: Tensor) -> Tensor:
        """By the inverse of the distribution function, for −|l|: log(1 + u(e^−|l| − 1))/(−|l|); mirrored if l > 0."""
        u, (small, safe, _) = torch.rand_like(logits), self._near(logits)
        falling = -safe.abs()
        drawn = torch.where(small, u, torch.log1p(u * torch.expm1(falling)) / falling)
        return torch.where(logits > 0, 1 - drawn, drawn)

    def start(self, mean: Tensor) -> Tensor:
        """The l whose mean that is, by halving; m is kept a hundredth away from 0 and 1."""
        mean, low, high = mean.clamp(0.01, 0.99), torch.full_like(mean, -100), torch.full_like(mean, 100)
        for _ in range(40):
            middle = (low + high) / 2
            below = self.mean(middle) < mean
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        return low

    def _near(self, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Where l is near 0; l with those replaced, so that no gradient meets 0/0; l² with the others replaced."""
        small = logits.abs() < self.NEAR
        return small, torch.where(small, torch.ones_like(logits), logits), torch.where(small, logits, 0).square()


class Gaussian(nn.Module):
    """x real: N(m, σ²) for the decoder's m, with one σ for all pixels, learned along unless `fixed`."""

    def __init__(self, sigma: float = 0.1, *, fixed: bool = False) -> None:
        super().__init__()
        log_sigma = torch.tensor(math.log(positive(sigma, "sigma")))
        self.log_sigma = nn.Parameter(log_sigma, requires_grad=not fixed)

    def observe(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return x

    def log_prob(self, x: Float[Tensor, "n c h w"], means: Float[Tensor, "... c h w"]) -> Float[Tensor, "..."]:
        """−½ Σ [(x − m)²/σ² + 2 log σ + log 2π]."""
        squares = (x - means).square().sum(PIXELS)
        pixels = x[0].numel()
        return -(squares * torch.exp(-2 * self.log_sigma) + pixels * (2 * self.log_sigma + LOG_2PI)) / 2

    def mean(self, means: Tensor) -> Tensor:
        return means

    def sample(self, means: Tensor) -> Tensor:
        return means + torch.exp(self.log_sigma) * torch.randn_like(means)

    def start(self, mean: Tensor) -> Tensor:
        return mean


LIKELIHOODS: dict[str, type[nn.Module]] = {
    "bernoulli": Bernoulli,
    "continuous": ContinuousBernoulli,
    "gaussian": Gaussian,
}
