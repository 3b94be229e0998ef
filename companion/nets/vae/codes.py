"""Codes z ~ N(μ, diag σ²) with the μ and σ that the encoder puts out for each picture; densities and divergence."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from companion._array import whole

LOG_2PI = math.log(2 * math.pi)


class Posterior(NamedTuple):
    """q(z|x) = N(mean, diag exp(log_var)): the parameters of a distribution over codes, not a code."""

    mean: Float[Tensor, "n d"]
    log_var: Float[Tensor, "n d"]


class Draws(NamedTuple):
    """What the encoder says of n pictures, k codes drawn from that for each, and log p(x|z) for each code."""

    q: Posterior
    z: Float[Tensor, "k n d"]
    log_likelihood: Float[Tensor, "k n"]


def draw(q: Posterior, k: int = 1) -> Float[Tensor, "k n d"]:
    """z = μ + σ·ε with ε ~ N(0, I), k times for each picture: the gradient passes through μ and σ.

    The reparameterization trick (Kingma & Welling 2014, §2.4).
    """
    noise = torch.randn((whole(k, "k", 1), *q.mean.shape), dtype=q.mean.dtype, device=q.mean.device)
    return q.mean + torch.exp(q.log_var / 2) * noise


def log_normal(z: Float[Tensor, "... d"], q: Posterior | None = None) -> Float[Tensor, "..."]:
    """log N(z; μ, diag σ²) = −½ Σ_j [log 2π + log σ_j² + (z_j − μ_j)²/σ_j²]; without q, log N(z; 0, I). In nats."""
    if q is None:
        return -(z.square() + LOG_2PI).sum(-1) / 2
    return -((z - q.mean).square() * torch.exp(-q.log_var) + q.log_var + LOG_2PI).sum(-1) / 2


def kl(q: Posterior) -> Float[Tensor, "n d"]:
    """KL(N(μ_j, σ_j²) ‖ N(0, 1)) = ½ (μ_j² + σ_j² − log σ_j² − 1) for each number of the code, in nats.

    Kingma & Welling (2014), appendix B. Its sum over j is the divergence of the whole code.
    """
    return (q.mean.square() + torch.exp(q.log_var) - q.log_var - 1) / 2


def log_weights(draws: Draws) -> Float[Tensor, "k n"]:
    """log w = log p(x|z) + log p(z) − log q(z|x) for each code drawn: its mean is the ELBO, that of w is p(x)."""
    return draws.log_likelihood + log_normal(draws.z) - log_normal(draws.z, draws.q)
