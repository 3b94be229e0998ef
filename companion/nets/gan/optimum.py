"""Where the game ends: the best answer to a given generator, and what the game is then worth."""

import torch
from jaxtyping import Float
from torch import Tensor


def best_discriminator(p: Float[Tensor, "..."], q: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """D*(x) = p(x)/(p(x) + q(x)), from the densities of data and of G (Goodfellow et al. 2014, Proposition 1).

    ½ where both are 0: nobody will ask there.
    """
    _check(p, q)
    both = p + q
    return torch.where(both > 0, p / both.where(both > 0, 1), 0.5)


def value(p: Float[Tensor, " k"], q: Float[Tensor, " k"], weight: float | Float[Tensor, " k"]) -> Float[Tensor, ""]:
    """∫ p log D* + q log(1 − D*) dx = 2 JS(p‖q) − log 4 on a grid, each point of which stands for `weight` (Theorem 1).

    Between −log 4, where p = q, and 0, where p and q never meet.
    """
    real, fake = best_discriminator(p, q), best_discriminator(q, p)  # D* and 1 − D*
    return (weight * (torch.xlogy(p, real) + torch.xlogy(q, fake))).sum()


def _check(p: Tensor, q: Tensor) -> None:
    if p.shape != q.shape:
        raise ValueError(f"p has shape {tuple(p.shape)}, q {tuple(q.shape)}; both densities at the same points.")
    for name, density in (("p", p), ("q", q)):
        if not bool((density >= 0).all()):
            raise ValueError(f"{name} holds {float(density.min()):.4g}; a density is ≥ 0: exp of a log density is.")
