"""Recurrence written out: hₜ = tanh(Wxₜ + Uhₜ₋₁ + b), its gradients through time by hand, and cells with gates."""

from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Elman(NamedTuple):
    """The weights of hₜ = tanh(W xₜ + U hₜ₋₁ + b) (Elman 1990)."""

    W: Float[Tensor, "h p"]
    U: Float[Tensor, "h h"]
    b: Float[Tensor, " h"]


def unroll(x: Float[Tensor, "t n p"], cell: Elman, h: Float[Tensor, "n h"] | None = None) -> Float[Tensor, "t+1 n h"]:
    """All states h₀, h₁, …, h_T for the sequence x₁, …, x_T; h₀ is zero unless given."""
    states = [x.new_zeros(x.shape[1], len(cell.b)) if h is None else h]
    for x_t in x:
        states.append(torch.tanh(x_t @ cell.W.T + states[-1] @ cell.U.T + cell.b))
    return torch.stack(states)


class ThroughTime(NamedTuple):
    """Gradients by the weights, by the inputs, by h₀, and the norm of the gradient by each state."""

    cell: Elman
    x: Float[Tensor, "t n p"]
    h0: Float[Tensor, "n h"]
    norms: Float[Tensor, " t+1"]


def through_time(
    x: Float[Tensor, "t n p"], states: Tensor, cell: Elman, gradient: Float[Tensor, "t n h"]
) -> ThroughTime:
    """Back-propagation through time (Werbos 1990) from `gradient`, the loss's own gradient by each of h₁, …, h_T.

    δₜ = (gₜ + δₜ₊₁U)·(1 − hₜ²); ∂W = Σδₜᵀxₜ, ∂U = Σδₜᵀhₜ₋₁, ∂b = Σδₜ. The norms are those of gₜ + δₜ₊₁U.
    """
    dW, dU, db = (torch.zeros_like(w) for w in cell)
    dx, dh, norms = torch.zeros_like(x), torch.zeros_like(states[0]), []
    for t in reversed(range(len(x))):
        dh = dh + gradient[t]
        norms.append(dh.norm())
        delta = dh * (1 - states[t + 1] ** 2)
        dW, dU, db = dW + delta.T @ x[t], dU + delta.T @ states[t], db + delta.sum(0)
        dx[t], dh = delta @ cell.W, delta @ cell.U
    return ThroughTime(Elman(dW, dU, db), dx, dh, torch.stack([*norms, dh.norm()]).flip(0))


def lstm_step(x: Tensor, h: Tensor, c: Tensor, weights: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """(h, c) of the next moment: c ← f·c + i·g, h ← o·tanh(c) (Hochreiter & Schmidhuber 1997; forget gate: Gers 2000).

    `weights` are (W, U, b) with the four gates i, f, g, o one below the other, as in torch.
    """
    W, U, b = weights
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def gru_step(x: Tensor, h: Tensor, weights: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
    """h ← (1 − z)·n + z·h with n = tanh(W xₙ + r·(U h)) (Cho et al. 2014, in the form of torch and cuDNN).

    `weights` are (W, U, b, c): gates r, z, n one below the other; c is added to Uh, inside the reset gate for n.
    """
    W, U, b, c = weights
    from_x, from_h = (x @ W.T + b).chunk(3, dim=1), (h @ U.T + c).chunk(3, dim=1)
    r, z = (torch.sigmoid(from_x[k] + from_h[k]) for k in (0, 1))
    n = torch.tanh(from_x[2] + r * from_h[2])
    return (1 - z) * n + z * h


class Recurrent(nn.Module):
    """A sequence x (n, t, p) to one answer (n, outputs): read one moment after the other, answer from the last state.

    `cell` is "tanh", "relu" (both without gates), "gru" or "lstm". Without gates U begins as a random rotation (`start`
    "orthogonal", Saxe et al. 2014) or as the identity ("identity", Le, Jaitly & Hinton 2015), W as torch's, b as zero.
    The LSTM's forget gates begin open, at 1 (Jozefowicz, Zaremba & Sutskever 2015).
    """

    CELLS: ClassVar = {"tanh": nn.RNN, "relu": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}

    def __init__(self, inputs: int, hidden: int, outputs: int, *, cell: str = "gru", start: str = "orthogonal") -> None:
        super().__init__()
        if cell not in self.CELLS:
            raise ValueError(f"cell is {cell!r}; allowed are {', '.join(self.CELLS)}.")
        if start not in ("orthogonal", "identity"):
            raise ValueError(f"start is {start!r}; allowed are 'orthogonal' and 'identity'.")
        kind = {"nonlinearity": cell} if cell in ("tanh", "relu") else {}
        self.cell = self.CELLS[cell](inputs, hidden, batch_first=True, **kind)
        self.answer = nn.Linear(hidden, outputs)
        self._begin(cell, start)

    @torch.no_grad()
    def _begin(self, cell: str, start: str) -> None:
        for U in self.cell.weight_hh_l0.chunk({"gru": 3, "lstm": 4}.get(cell, 1)):
            U.copy_(torch.eye(len(U))) if start == "identity" else nn.init.orthogonal_(U)
        self.cell.bias_ih_l0.zero_()
        self.cell.bias_hh_l0.zero_()
        if cell == "lstm":
            self.cell.bias_ih_l0.chunk(4)[1].fill_(1)

    def forward(self, x: Float[Tensor, "n t p"]) -> Float[Tensor, "n k"]:
        return self.answer(self.cell(x)[0][:, -1])
