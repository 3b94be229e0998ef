"""How steep a network is, measured; and the product of norms that it can never exceed."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from companion.nets.spectral_norm.operator import CONVOLUTIONS, TRANSPOSED, operator_norm

WEIGHTED = (nn.Linear, *CONVOLUTIONS, *TRANSPOSED)
LEVEL = (nn.ReLU, nn.Tanh, nn.Flatten, nn.Unflatten, nn.Identity)  # nowhere steeper than 1
NORMALIZED: Any = (nn.BatchNorm1d, nn.BatchNorm2d)
KNOWN = [kind.__name__ for kind in (*WEIGHTED, *NORMALIZED, nn.LeakyReLU, *LEVEL)]


def steepness(net: Callable[[Tensor], Tensor], x: Float[Tensor, "n ..."]) -> Float[Tensor, " n"]:
    """‖∇ₓ net(x)‖₂ at each x, for a net with one number for each: its slope in the steepest direction.

    A net in training mode with batch norm has no such thing, since each answer then depends on the whole batch.
    """
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        y = net(x)
        if y.shape not in ((len(x),), (len(x), 1)):
            raise ValueError(f"the net returned {tuple(y.shape)} for {len(x)} inputs; one number for each is needed.")
        (gradient,) = torch.autograd.grad(y.sum(), x)
    return torch.linalg.vector_norm(gradient.flatten(1), dim=1)


def lipschitz_bound(layers: nn.Sequential, shape: tuple[int, ...]) -> list[float]:
    """The largest stretch of each layer in turn; |f(x) − f(y)| ≤ (their product)·‖x − y‖ on inputs of `shape`.

    Of layers with weights the operator norm at the size that reaches them, to about 0.1 %; of batch norm in evaluation
    mode max |γ|/√(variance + ε); of ReLU, LeakyReLU and tanh 1. TypeError for a layer of which it is not known.
    """
    found, x = [], next(layers.parameters()).detach().new_zeros(1, *shape)
    with torch.no_grad():
        for layer in layers:
            found.append(_stretch(layer, tuple(x.shape[2:]) or None))
            mode = layer.training
            x = layer.eval()(x)
            layer.train(mode)
    return found


def _stretch(layer: Any, size: tuple[int, ...] | None) -> float:
    if isinstance(layer, WEIGHTED):
        return operator_norm(layer, size)
    if isinstance(layer, NORMALIZED):
        if layer.training:
            raise ValueError("batch norm in training mode depends on the batch, and has no bound: call .eval() first.")
        return float((layer.weight.abs() / (layer.running_var + layer.eps).sqrt()).max())
    if isinstance(layer, nn.LeakyReLU):
        return max(1.0, abs(layer.negative_slope))
    if isinstance(layer, LEVEL):
        return 1.0
    raise TypeError(f"of a {type(layer).__name__} no bound is known here; allowed are {', '.join(KNOWN)}.")
