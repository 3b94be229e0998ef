"""The best answer to a fixed generator when there are finitely many pictures and labels: no network, only tables."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from companion.nets import gan


class Optimum(NamedTuple):
    """`D[x, c]`, the probability of "real" that no discriminator betters, and the value V(D*, G) it reaches."""

    D: Tensor
    value: Tensor


def optimum(
    p: Float[Tensor, "x c"],
    q: Float[Tensor, "x c"],
    real: Float[Tensor, " c"],
    fake: Float[Tensor, " c"] | None = None,
) -> Optimum:
    """D*(x|c) = p(x|c)π(c) / (p(x|c)π(c) + q(x|c)ρ(c)), and V(D*, G) = 2·JS(pπ‖qρ) − log 4.

    Columns of `p` are p(x|c), the real pictures of each label, columns of `q` those of the generator; π is `real`, the
    labels' share of the data, ρ is `fake`, their share of what the generator is asked for (None: the same). With ρ = π
    the shares cancel: Goodfellow et al. (2014), proposition 1, for each label alone. ½ where neither ever is.
    """
    fake = real if fake is None else fake
    if p.shape != q.shape or real.shape != p.shape[1:] or fake.shape != real.shape:
        shapes = ", ".join(str(tuple(t.shape)) for t in (p, q, real, fake))
        raise ValueError(f"p, q, real and fake have shapes {shapes}; (x, c), (x, c), (c,) and (c,) are needed.")
    for name, table in (("each column of p", p), ("each column of q", q), ("real", real), ("fake", fake)):
        _check_probabilities(table, name)
    P, Q = p * real, q * fake
    return Optimum(gan.best_discriminator(P, Q), gan.value(P.flatten(), Q.flatten(), 1.0))


def _check_probabilities(table: Tensor, name: str) -> None:
    total = table.sum(0)
    if bool((table < 0).any()) or not torch.allclose(total, torch.ones_like(total), atol=1e-4):
        raise ValueError(f"{name} must be probabilities, ≥ 0 with the sum 1; found sums {total.tolist()}.")
