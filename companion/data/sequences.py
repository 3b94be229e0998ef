"""Pictures read as sequences, and the adding problem: what a recurrent network must remember."""

import torch


def as_sequence(x: torch.Tensor, by: str = "rows", permutation: torch.Tensor | None = None) -> torch.Tensor:
    """Pictures (n, c, h, w) as sequences (n, t, p): h moments of w·c numbers ("rows"), or h·w moments of c ("pixels").

    `permutation` reorders the moments of all sequences alike: permuted MNIST (Le, Jaitly & Hinton 2015).
    """
    if by not in ("rows", "pixels"):
        raise ValueError(f"by is {by!r}; allowed are 'rows' and 'pixels'.")
    n, c, h, w = x.shape
    x = x.permute(0, 2, 3, 1).reshape(n, h, w * c) if by == "rows" else x.permute(0, 2, 3, 1).reshape(n, h * w, c)
    return x if permutation is None else x[:, permutation.to(x.device)]


class Adding:
    """The adding problem (Hochreiter & Schmidhuber 1997): sequences of numbers in [0, 1] with two of them marked.

    x (size, length, 2) holds the numbers and the marks, one mark in each half; y (size, 1) is the sum of the two marked
    numbers. To say 1 always has the mean squared error 1/6 = .1667. Every step draws new sequences, fixed by `fit`.
    """

    def __init__(self, length: int, size: int, *, device: str | torch.device = "cpu") -> None:
        if length < 2 or size < 1:
            raise ValueError(f"length is {length}, size {size}; a length ≥ 2 and a size ≥ 1 are needed.")
        self.length, self.size, self.device = length, size, device

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """One batch (x, y)."""
        n, half, rows = self.size, self.length // 2, torch.arange(self.size, device=self.device)
        numbers = torch.rand(n, self.length, device=self.device)
        marks = torch.zeros_like(numbers)
        marks[rows, torch.randint(half, (n,), device=self.device)] = 1
        marks[rows, torch.randint(half, self.length, (n,), device=self.device)] = 1
        return torch.stack([numbers, marks], 2), (numbers * marks).sum(1, keepdim=True)

    def stream(self, start: int = 0):
        """Batches without end; each is a function of the state of torch's generator alone."""
        while True:
            yield self.draw()
