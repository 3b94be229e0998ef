"""Which labels the fakes are made of. They must come as often as in the data, or D can tell fakes by their label."""

from collections.abc import Callable

import torch
from jaxtyping import Int
from torch import Tensor


def same(y: Int[Tensor, "n *factors"]) -> Int[Tensor, "n *factors"]:
    """The labels of the real batch again: exactly as frequent, so that the label alone tells D nothing."""
    return y


def drawn_from(pool: Int[Tensor, "m *factors"]) -> Callable[[Tensor], Tensor]:
    """A function of a batch's labels that returns as many labels drawn from `pool`, from torch's common generator.

    With all labels of the data as the pool these are draws from the data's marginal, whatever the batch. With
    `torch.arange(10)` they are uniform: right only where the data's classes are equally frequent.
    """
    if pool.ndim not in (1, 2) or len(pool) == 0:
        raise ValueError(f"pool has shape {tuple(pool.shape)}; labels (m,) or (m, factors), at least one, are needed.")

    def draw(y: Tensor) -> Tensor:
        chosen = torch.randint(len(pool), (len(y),), device=y.device)
        return pool.to(y.device)[chosen]

    return draw
