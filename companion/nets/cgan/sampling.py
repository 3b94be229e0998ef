"""From a trained generator to pictures: statistics of batch norm of its own, and a sheet with a row for each class."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from companion._array import whole
from companion.nets import dcgan


class _Asked(nn.Module):
    """z ↦ G(z, c) with the same labels for every batch, so that what knows no labels can use G."""

    def __init__(self, G: Any, c: Tensor) -> None:
        super().__init__()
        self.G, self.c, self.z_dim = G, c, G.z_dim

    def forward(self, z: Tensor) -> Tensor:
        places = torch.arange(len(z), device=self.c.device) * len(self.c) // len(z)  # a last, shorter batch as well
        return self.G(z, self.c[places])


def measured(G: Any, labels: Int[Tensor, "m *factors"], *, n: int = 2000, batch: int = 200, seed: int = 0) -> nn.Module:
    """A copy of G in evaluation mode with batch statistics of its own, by `dcgan.measured`.

    Each batch is asked for `batch` of the sorted `labels`, evenly spaced: as frequent as there.
    """
    batch = min(whole(batch, "batch", 2), whole(n, "n", 2))
    places = torch.arange(batch, device=labels.device) * len(labels) // batch
    ordered = labels[labels.reshape(len(labels), -1)[:, 0].argsort(stable=True)]
    c = ordered[places].to(next(G.parameters()).device)
    asked: Any = dcgan.measured(_Asked(G, c), n=n, batch=batch, seed=seed)
    return asked.G


@torch.no_grad()
def sheet(G: Any, classes: int, columns: int = 10, *, seed: int = 0) -> Float[Tensor, "n channels h w"]:
    """classes · columns pictures, row by row: one class in each row, one code z in each column."""
    z = torch.randn(whole(columns, "columns", 1), G.z_dim, generator=torch.Generator().manual_seed(seed))
    where = next(G.parameters()).device
    c = torch.arange(whole(classes, "classes", 1), device=where).repeat_interleave(columns)
    return G(z.to(where).repeat(classes, 1), c)
