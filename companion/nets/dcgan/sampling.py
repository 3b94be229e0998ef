"""Before a generator draws: statistics of batch norm that belong to its weights."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from companion._array import whole


def measured(G: Any, *, n: int = 2000, batch: int = 200, seed: int = 0) -> nn.Module:
    """A copy of G in evaluation mode, whose statistics of batch norm are plain means over n pictures of its own.

    An average of weights (`train.EMA`) needs it: the running statistics it carries belong to weights on the way, not
    to their average. "Standing statistics" in Brock, Donahue & Simonyan (2019). Its codes depend on `seed` alone.
    """
    batch = min(whole(batch, "batch", 2), whole(n, "n", 2))
    kept = copy.deepcopy(G).requires_grad_(False)
    torch.optim.swa_utils.update_bn(codes(G, n, batch, seed), kept)
    return kept.eval()


def codes(G: Any, n: int, batch: int, seed: int) -> list[Tensor]:
    """n codes from N(0, I) in batches, the same for every run and device."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n, G.z_dim, generator=generator)
    return list(z.to(next(G.parameters()).device).split(batch))
