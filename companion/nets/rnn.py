"""Recurrence written out: hₜ = tanh(Wxₜ + Uhₜ₋₁ + b), its gradients through time by hand, and cells with gates."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
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
