"""What is maximized, in nats per picture. With β ≥ 1 each is at most log p(x), on the mean over the codes drawn."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from companion._array import nonnegative
from companion.nets.vae import codes

Scalar = Float[Tensor, ""]


class ELBO(NamedTuple):
    """total = reconstruction − β·kl, each the mean over the pictures of a sum over pixels or code numbers, in nats."""

    total: Scalar
    reconstruction: Scalar
    kl: Scalar


def elbo(
    net: nn.Module,
    x: Float[Tensor, "n c h w"],
    y: Int[Tensor, " n"] | None = None,
    *,
    k: int = 1,
    beta: float = 1.0,
    free: float = 0.0,
) -> ELBO:
    """E_q[log p(x|z)] − β·KL(q(z|x) ‖ p(z)), the first by k codes a picture, the second in closed form.

    Kingma & Welling (2014); β as Higgins et al. (2017). With `free` > 0 each code number may cost so many
    nats, on the mean over the batch, before the cost is felt ("free bits", Kingma et al. 2016). `kl` knows neither.
    """
    beta, free = nonnegative(beta, "beta"), nonnegative(free, "free")
    draws = net(x, y, k)
    each = codes.kl(draws.q).mean(0)
    reconstruction = draws.log_likelihood.mean()
    return ELBO(reconstruction - beta * each.clamp(min=free).sum(), reconstruction, each.sum())


def iwae(net: nn.Module, x: Float[Tensor, "n c h w"], k: int, y: Int[Tensor, " n"] | None = None) -> Scalar:
    """E[log (1/k) Σ_i w_i], w = p(x, z)/q(z|x): the importance-weighted bound (Burda et al. 2016).

    For k = 1 it is the ELBO with KL by the codes drawn. It does not fall with k, and reaches log p(x) as k grows.
    """
    log_w = codes.log_weights(net(x, y, k))
    return (torch.logsumexp(log_w, 0) - math.log(k)).mean()


def dreg(net: nn.Module, x: Float[Tensor, "n c h w"], k: int, y: Int[Tensor, " n"] | None = None) -> Scalar:
    """The value of `iwae` with another gradient for the encoder, of the same mean and smaller variance for large k.

    With v_i = w_i/Σ_j w_j: decoder Σ v_i ∂log w_i/∂θ as for `iwae`; encoder Σ v_i² ∂log w_i/∂z_i ∂z_i/∂φ, where log w
    depends on φ through z alone (Tucker et al. 2019). The hook multiplies what reaches z by the second v.
    """
    draws = net(x, y, k)
    fixed = draws._replace(q=codes.Posterior(*(part.detach() for part in draws.q)))
    log_w = codes.log_weights(fixed)
    v = torch.softmax(log_w.detach(), 0)
    if draws.z.requires_grad:
        draws.z.register_hook(lambda gradient: gradient * v[..., None])
    gradients = (v * log_w).sum(0).mean()
    value = (torch.logsumexp(log_w.detach(), 0) - math.log(k)).mean()
    return value + gradients - gradients.detach()
