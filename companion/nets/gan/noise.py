"""Instance noise: real samples and fakes are blurred alike before they are judged, strongly first, then ever less."""

from typing import Any

import torch
from torch import Tensor, nn


class Blurred(nn.Module):
    """D(x + std·ε) with ε from N(0, I), drawn anew for every x; `std` may be set before each step.

    D then compares two blurred densities, which overlap however narrow the sharp ones are: a blur as wide as the gaps
    between modes shares the samples out among them, and as it shrinks each mode is drawn sharper (Sønderby et al.
    2017). With it a game of one parameter for each player comes to rest, as with R1 (Mescheder, Geiger & Nowozin 2018).
    """

    def __init__(self, D: nn.Module, std: float = 0.0) -> None:
        super().__init__()
        self.D, self.std = D, std

    def forward(self, x: Tensor, *labels: Any) -> Tensor:
        return self.D(x + self.std * torch.randn_like(x) if self.std else x, *labels)
