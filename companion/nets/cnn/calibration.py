"""Do the probabilities mean what they say? Of all answers given with 80 %, eight in ten should be right."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from companion._array import whole


class Reliability(NamedTuple):
    """For each bin of confidence: the share of all answers in it, their mean confidence, and how many were right.

    Both means are 0 in an empty bin.
    """

    share: Tensor
    confidence: Tensor
    accuracy: Tensor

    @property
    def error(self) -> float:
        """Σ share · |accuracy − confidence|, the expected calibration error (Guo et al. 2017)."""
        return float((self.share * (self.accuracy - self.confidence).abs()).sum())


def reliability(logits: Float[Tensor, "n k"], y: Int[Tensor, " n"], *, bins: int = 15) -> Reliability:
    """Answers sorted by the largest probability into bins ((b − 1)/bins, b/bins], as in Guo et al. 2017."""
    whole(bins, "bins", 1)
    confidence, answer = torch.softmax(logits.double(), 1).max(1)
    right = (answer == y).double()
    number = (torch.ceil(confidence * bins).long() - 1).clamp(0, bins - 1)
    count = torch.bincount(number, minlength=bins).double()
    means = [torch.bincount(number, part, bins) / count.clamp(min=1) for part in (confidence, right)]
    return Reliability(count / len(y), *means)


def temperature(logits: Float[Tensor, "n k"], y: Int[Tensor, " n"]) -> float:
    """The T > 0 that makes −mean log softmax(logits/T)[y] least (Guo et al. 2017); use held-out data.

    In β = 1/T that loss is convex, and its slope, the mean of E[logit] − logit_y, is brought to 0 by halving.
    ValueError where it has no minimum: if every answer is right, or none better than chance.
    """
    z = logits.double()
    target = z.gather(1, y[:, None]).mean()

    def slope(log_beta: float) -> float:
        p = torch.softmax(z * 2.0**log_beta, 1)
        return float((p * z).sum(1).mean() - target)

    low, high = -20.0, 20.0
    if not slope(low) < 0 < slope(high):
        raise ValueError(
            f"no temperature is best for these {len(y)} answers: all are right, or they are no better than chance. "
            "Take more held-out pictures."
        )
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 2.0**-middle
