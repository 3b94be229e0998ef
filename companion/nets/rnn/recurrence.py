"""hₜ = tanh(Wxₜ + Uhₜ₋₁ + b) unrolled, and its gradients through time by hand.

Sequences are (t, n, p), moment first, as the equations count them.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Elman(NamedTuple):
    """The weights of hₜ = tanh(W xₜ + U hₜ₋₁ + b) (Elman 1990)."""

    W: Float[Tensor, "h p"]
    U: Float[Tensor, "h h"]
    b: Float[Tensor, " h"]


def unroll(x: Float[Tensor, "t n p"], cell: Elman, h: Float[Tensor, "n h"] | None = None) -> Float[Tensor, "t+1 n h"]:
    """All states h₀, h₁, …, h_T for the sequence x₁, …, x_T; h₀ is zero unless given."""
    _check_fits(x, cell)
    h = x.new_zeros(x.shape[1], len(cell.b)) if h is None else h
    if h.shape != (x.shape[1], len(cell.b)):
        raise ValueError(f"h has shape {tuple(h.shape)}; {(x.shape[1], len(cell.b))}, sequences × hidden, is needed.")
    states = [h]
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
    x: Float[Tensor, "t n p"],
    states: Float[Tensor, "t+1 n h"],
    cell: Elman,
    gradient: Float[Tensor, "t n h"],
) -> ThroughTime:
    """Back-propagation through time (Werbos 1990) from `gradient`, the loss's own gradient by each of h₁, …, h_T.

    With dhₜ = gₜ + δₜ₊₁U and δₜ = dhₜ·(1 − hₜ²): ∂W = Σδₜᵀxₜ, ∂U = Σδₜᵀhₜ₋₁, ∂b = Σδₜ. The norms are those of dhₜ.
    """
    _check_fits(x, cell)
    _check_kept(x, states, cell, gradient)
    dW, dU, db = (torch.zeros_like(w) for w in cell)
    dx, dh, norms = torch.zeros_like(x), torch.zeros_like(states[0]), []
    for t in reversed(range(len(x))):
        dh = dh + gradient[t]
        norms.append(dh.norm())
        delta = dh * (1 - states[t + 1] ** 2)
        dW, dU, db = dW + delta.T @ x[t], dU + delta.T @ states[t], db + delta.sum(0)
        dx[t], dh = delta @ cell.W, delta @ cell.U
    return ThroughTime(Elman(dW, dU, db), dx, dh, torch.stack([*norms, dh.norm()]).flip(0))


def jacobians(states: Float[Tensor, "s n h"], cell: Elman) -> Float[Tensor, "s-1 n h h"]:
    """∂hₜ/∂hₜ₋₁ = diag(1 − hₜ²) U, for each moment and sequence; their product from the left is ∂h_T/∂h₀."""
    if states.ndim != 3 or states.shape[2] != len(cell.b):
        raise ValueError(
            f"states have shape {tuple(states.shape)}; (moments + 1, sequences, {len(cell.b)}), as unroll returns "
            "them, is needed."
        )
    return (1 - states[1:] ** 2)[..., None] * cell.U


def _check_fits(x: Tensor, cell: Elman) -> None:
    """ValueError unless x is (t, n, p) with at least one moment and as many inputs as W has columns."""
    if x.ndim != 3 or len(x) < 1 or x.shape[2] != cell.W.shape[1]:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; (moments, sequences, {cell.W.shape[1]}) is needed, moments first, at least "
            "one: x.transpose(0, 1) turns sequences first into that."
        )


def _check_kept(x: Tensor, states: Tensor, cell: Elman, gradient: Tensor) -> None:
    """ValueError unless there is a state before and after, and a gradient for, each moment of each sequence."""
    T, n, h = x.shape[0], x.shape[1], len(cell.b)
    if states.shape != (T + 1, n, h) or gradient.shape != (T, n, h):
        raise ValueError(
            f"states have shape {tuple(states.shape)}, gradient {tuple(gradient.shape)}; {(T + 1, n, h)} and "
            f"{(T, n, h)} are needed: all that unroll returned, and the loss's gradient by all but the first."
        )
