"""One moment of the two cells with gates, written out: what is kept, what is written, what is shown."""

import torch
from jaxtyping import Float
from torch import Tensor


def lstm_step(
    x: Float[Tensor, "n p"],
    h: Float[Tensor, "n h"],
    c: Float[Tensor, "n h"],
    weights: tuple[Float[Tensor, "4*h p"], Float[Tensor, "4*h h"], Float[Tensor, " 4*h"]],
) -> tuple[Float[Tensor, "n h"], Float[Tensor, "n h"]]:
    """(h, c) of the next moment: c ← f·c + i·g, h ← o·tanh(c) (Hochreiter & Schmidhuber 1997; f: Gers et al. 2000).

    `weights` are (W, U, b) with the four gates i, f, g, o one below the other, as in torch, whose two biases are added.
    """
    W, U, b = weights
    _check_stacked(W, U, b, 4)
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def gru_step(
    x: Float[Tensor, "n p"],
    h: Float[Tensor, "n h"],
    weights: tuple[Float[Tensor, "3*h p"], Float[Tensor, "3*h h"], Float[Tensor, " 3*h"], Float[Tensor, " 3*h"]],
) -> Float[Tensor, "n h"]:
    """h ← (1 − z)·n + z·h with n = tanh(Wx + b + r·(Uh + c)) (Cho et al. 2014, in the form of torch and cuDNN).

    `weights` are (W, U, b, c): r, z, n one below the other. In the paper r multiplies h before U, here what U made.
    """
    W, U, b, c = weights
    _check_stacked(W, U, b, 3)
    from_x, from_h = (x @ W.T + b).chunk(3, dim=1), (h @ U.T + c).chunk(3, dim=1)
    r, z = (torch.sigmoid(from_x[k] + from_h[k]) for k in (0, 1))
    n = torch.tanh(from_x[2] + r * from_h[2])
    return (1 - z) * n + z * h


def _check_stacked(W: Tensor, U: Tensor, b: Tensor, gates: int) -> None:
    """ValueError unless the weights of so many gates stand one below the other."""
    rows = gates * U.shape[1]
    if not len(W) == len(U) == len(b) == rows:
        raise ValueError(
            f"W, U and b have {len(W)}, {len(U)} and {len(b)} rows; {gates} gates of {U.shape[1]} units need {rows}, "
            "one gate below the other."
        )
