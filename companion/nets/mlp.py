"""The multilayer perceptron, forward and backward: weighted sum, bend, weighted sum, bend, …

`forward` and `backward` are written out on tensors (Rumelhart, Hinton & Williams 1986); `MLP` is the same network as a
torch module, whose gradients autograd finds. A test holds the two against each other.
"""

import itertools
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

Layers = list[tuple[Tensor, Tensor]]  # (W, b) of each layer: W (outputs, inputs) and b (outputs,), as in nn.Linear


class Trace(NamedTuple):
    """What the forward pass leaves for the backward pass: the input of each layer, and the logits."""

    inputs: list[Tensor]
    logits: Tensor


def forward(x: Float[Tensor, "n p"], layers: Layers) -> Trace:
    """a₀ = x, aₗ₊₁ = ReLU(aₗWₗᵀ + bₗ); the last layer has no bend, its values are the logits."""
    inputs = [x]
    for W, b in layers[:-1]:
        inputs.append(torch.relu(inputs[-1] @ W.T + b))
    W, b = layers[-1]
    return Trace(inputs, inputs[-1] @ W.T + b)


def cross_entropy(logits: Float[Tensor, "n k"], y: Int[Tensor, " n"]) -> tuple[Tensor, Float[Tensor, "n k"]]:
    """−mean log softmax(logits)[y], and its gradient by the logits: (softmax − one-hot)/n.

    The logarithm of the softmax is taken as logits − logsumexp, which neither overflows nor takes the logarithm of 0.
    """
    log_p = logits - torch.logsumexp(logits, dim=1, keepdim=True)
    rows = torch.arange(len(y), device=y.device)
    gradient = torch.exp(log_p)
    gradient[rows, y] -= 1
    return -log_p[rows, y].mean(), gradient / len(y)


def backward(trace: Trace, gradient: Float[Tensor, "n k"], layers: Layers) -> Layers:
    """The gradients (∂W, ∂b) of each layer from the gradient by the logits.

    With δ the gradient by a layer's sums: ∂W = δᵀa, ∂b = Σδ, and one layer down δ ← (δW)·[a > 0].
    """
    delta, found = gradient, []
    for a, (W, _) in zip(reversed(trace.inputs), reversed(layers), strict=True):
        found.append((delta.T @ a, delta.sum(0)))
        delta = (delta @ W) * (a > 0)  # at the input of the network this last product is not used
    return found[::-1]


class MLP(nn.Module):
    """Linear layers of these sizes with ReLU between them, on flattened input; returns logits.

    MLP(784, 128, 10) has 784·128 + 128 + 128·10 + 10 = 101,770 parameters.
    """

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        if len(sizes) < 2 or any(isinstance(s, bool) or not isinstance(s, int) or s < 1 for s in sizes):
            raise ValueError(
                f"sizes are {sizes}; at least two whole numbers ≥ 1 are needed: inputs, hidden …, outputs."
            )
        self.layers = nn.ModuleList(nn.Linear(p, q) for p, q in itertools.pairwise(sizes))

    def forward(self, x: Tensor) -> Tensor:
        *hidden, last = self.layers
        x = x.flatten(1)
        for layer in hidden:
            x = F.relu(layer(x))
        return last(x)

    def written_out(self) -> Layers:
        """The layers as `forward` and `backward` take them."""
        return [(layer.weight.detach(), layer.bias.detach()) for layer in self.layers if isinstance(layer, nn.Linear)]
