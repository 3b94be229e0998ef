"""Poisson sampling: at each step every example is taken or not, by a coin of its own. Batches differ in size."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from companion.train.runtime import Runtime

COINS = 0x636F696E  # sets these random numbers apart from those of Runtime.reseed


class PoissonBatches:
    """Batches of the rows of `tensors`, each row with probability size/n at each step, whatever the other rows do.

    That is what the accountant assumes; batches of equal size from a shuffled set are something else, and their ε is
    another. `size` is the mean; a batch may be empty. The coins are a function of (seed, step), so that `fit` resumes;
    with several processes each throws all of them and keeps its own rows, so that together they take what one would.
    """

    def __init__(self, *tensors: Tensor, size: float, run: Runtime | None = None, seed: int | None = None) -> None:
        if not tensors or len({len(t) for t in tensors}) != 1 or not len(tensors[0]):
            rows = [len(t) for t in tensors]
            raise ValueError(
                f"the tensors have {rows} rows; one tensor at least, and as many rows in each, are needed."
            )
        if not 0 < size <= len(tensors[0]):
            raise ValueError(f"size is {size!r}; a mean number of examples > 0 and ≤ {len(tensors[0])} is needed.")
        self.tensors, self.n, self.size = tensors, len(tensors[0]), float(size)
        self.rank, self.world = (run.rank, run.world) if run else (0, 1)
        self.seed = seed if seed is not None else run.seed if run else 0

    @property
    def rate(self) -> float:
        """q, the probability of each example at each step."""
        return self.size / self.n

    def chosen(self, step: int) -> Tensor:
        """The numbers of the rows that this process takes at that step."""
        entropy = np.random.SeedSequence((COINS, self.seed, step)).generate_state(1, np.uint64)[0]
        coins = torch.rand(self.n, generator=torch.Generator().manual_seed(int(entropy >> np.uint64(1))))
        rows = (coins.double() < self.rate).nonzero()[:, 0]
        return rows[rows % self.world == self.rank]

    def stream(self, start: int = 0) -> Iterator[tuple[Tensor, ...]]:
        """Batches without end, from step `start` on."""
        for step in range(start, 2**62):
            rows = self.chosen(step)
            yield tuple(t.index_select(0, rows.to(t.device)) for t in self.tensors)
