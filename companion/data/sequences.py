"""Pictures read as sequences, and the adding problem: what a recurrent network must remember."""

from collections.abc import Iterator

import torch


def as_sequence(x: torch.Tensor, by: str = "rows", permutation: torch.Tensor | None = None) -> torch.Tensor:
    """Pictures (n, c, h, w) as sequences (n, t, p): h moments of w·c numbers ("rows"), or h·w moments of c ("pixels").

    `permutation` reorders the moments of all sequences alike: permuted MNIST (Le, Jaitly & Hinton 2015).
    """
    if by not in ("rows", "pixels"):
        raise ValueError(f"by is {by!r}; allowed are 'rows' and 'pixels'.")
    if x.ndim != 4:
        raise ValueError(f"x has shape {tuple(x.shape)}; pictures as (n, channels, height, width) are needed.")
    n, c, h, w = x.shape
    x = x.permute(0, 2, 3, 1).reshape((n, h, w * c) if by == "rows" else (n, h * w, c))
    if permutation is None:
        return x
    if permutation.shape != x.shape[1:2] or not torch.equal(permutation.sort().values.cpu(), torch.arange(x.shape[1])):
        raise ValueError(
            f"permutation has shape {tuple(permutation.shape)}; each of the numbers 0 to {x.shape[1] - 1}, once, is "
            f"needed: torch.randperm({x.shape[1]})."
        )
    return x[:, permutation.to(x.device)]


class Adding:
    """The adding problem: sequences of numbers in [0, 1], two of them marked, and the sum of those two.

    x (size, length, 2) holds the numbers and the marks, one mark in each half; y (size, 1) is the sum. To say 1 always
    has the mean squared error 1/6, the variance of the sum of two uniform numbers. After Hochreiter & Schmidhuber
    (1997, experiment 4), who draw from [−1, 1], let the length vary and mark the ends. Every step draws anew.
    """

    def __init__(self, length: int, size: int, *, device: str | torch.device = "cpu") -> None:
        for name, value, low in (("length", length, 2), ("size", size, 1)):
            if isinstance(value, bool) or not isinstance(value, int) or value < low:
                raise ValueError(f"{name} is {value!r}; a whole number ≥ {low} is needed.")
        self.length, self.size, self.device = length, size, device

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """One batch (x, y), from torch's common generator."""
        n, half, rows = self.size, self.length // 2, torch.arange(self.size, device=self.device)
        numbers = torch.rand(n, self.length, device=self.device)
        marks = torch.zeros_like(numbers)
        marks[rows, torch.randint(half, (n,), device=self.device)] = 1
        marks[rows, torch.randint(half, self.length, (n,), device=self.device)] = 1
        return torch.stack([numbers, marks], 2), (numbers * marks).sum(1, keepdim=True)

    def stream(self, start: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Batches without end. `fit` fixes the generator before each, so that step `start` begins a stream at once."""
        while True:
            yield self.draw()

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return self.stream()
