"""What keeps D's slope in bounds: the squared norm of ∇D by the sample, at real samples or between real and fake."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Judge = Callable[[Tensor], Tensor]  # samples to logits, each on its own: no batch norm, which would mix the gradients


def slope(D: Judge, x: Float[Tensor, "n ..."]) -> Float[Tensor, "n d"]:
    """∇ₓ D(x) of each sample, as one row; differentiable by D's weights."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return gradient.flatten(1)


def r1(D: Judge, real: Float[Tensor, "n ..."]) -> Float[Tensor, ""]:
    """½ E‖∇D(x)‖² at real x (Mescheder, Geiger & Nowozin 2018); γ times it is added to D's loss."""
    return slope(D, real).square().sum(1).mean() / 2


def gradient_penalty(D: Judge, real: Float[Tensor, "n ..."], fake: Float[Tensor, "n ..."]) -> Float[Tensor, ""]:
    """E(‖∇D(x̂)‖ − 1)² at x̂ = εx + (1 − ε)G(z), ε uniform (Gulrajani et al. 2017); times λ, often 10.

    One ε for each pair of a real and a fake sample, drawn from torch's common generator.
    """
    if real.shape != fake.shape:
        raise ValueError(f"real has shape {tuple(real.shape)}, fake {tuple(fake.shape)}; pairs, one each, are needed.")
    epsilon = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device, dtype=real.dtype)
    norm = torch.linalg.vector_norm(slope(D, torch.lerp(fake, real, epsilon)), dim=1)
    return (norm - 1).square().mean()
