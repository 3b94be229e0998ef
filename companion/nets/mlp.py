"""The multilayer perceptron, forward and backward: weighted sum, bend, weighted sum, bend, …

`forward` and `backward` are written out on tensors (Rumelhart, Hinton & Williams 1986); `MLP` is the same network as a
torch module, whose gradients autograd finds. A test holds the two against each other.
"""

import itertools
import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from companion._array import positive, whole

Layers = list[tuple[Tensor, Tensor]]  # (W, b) of each layer: W (outputs, inputs) and b (outputs,), as in nn.Linear


class Trace(NamedTuple):
    """What the forward pass leaves for the backward pass: the input of each layer, and the logits."""

    inputs: list[Tensor]
    logits: Tensor


def forward(x: Float[Tensor, "n p"], layers: Layers) -> Trace:
    """a₀ = x, aₗ₊₁ = ReLU(aₗWₗᵀ + bₗ); the last layer has no bend, its values are the logits."""
    _check_fits(x, layers)
    inputs = [x]
    for W, b in layers[:-1]:
        inputs.append(torch.relu(inputs[-1] @ W.T + b))
    W, b = layers[-1]
    return Trace(inputs, inputs[-1] @ W.T + b)


def cross_entropy(logits: Float[Tensor, "n k"], y: Int[Tensor, " n"]) -> tuple[Tensor, Float[Tensor, "n k"]]:
    """−mean log softmax(logits)[y], and its gradient by the logits: (softmax − one-hot)/n.

    The logarithm of the softmax is taken as logits − logsumexp, which neither overflows nor takes the logarithm of 0.
    """
    _check_labels(logits, y)
    log_p = logits - torch.logsumexp(logits, dim=1, keepdim=True)
    rows = torch.arange(len(y), device=y.device)
    gradient = torch.exp(log_p)
    gradient[rows, y] -= 1
    return -log_p[rows, y].mean(), gradient / len(y)


def backward(trace: Trace, gradient: Float[Tensor, "n k"], layers: Layers) -> Layers:
    """The gradients (∂W, ∂b) of each layer from the gradient by the logits.

    With δ the gradient by a layer's sums: ∂W = δᵀa, ∂b = Σδ, and one layer down δ ← (δW)·[a > 0].
    """
    _check_trace(trace, gradient, layers)
    delta, found = gradient, []
    for i in reversed(range(len(layers))):
        a = trace.inputs[i]
        found.append((delta.T @ a, delta.sum(0)))
        if i:  # nobody asks for the gradient by the input of the network
            delta = (delta @ layers[i][0]) * (a > 0)
    return found[::-1]


def start(*sizes: int, scale: float = 1.0, generator: torch.Generator | None = None) -> Layers:
    """Weights from N(0, scale²·2/inputs), biases 0: with scale 1 the sums of all layers begin equally large.

    He et al. (2015), equation 10. `generator` is torch's source of random numbers; None means the common one.
    """
    _check_sizes(sizes)
    scale = positive(scale, "scale")
    return [
        (torch.randn(q, p, generator=generator) * (scale * math.sqrt(2 / p)), torch.zeros(q))
        for p, q in itertools.pairwise(sizes)
    ]


class MLP(nn.Module):
    """Linear layers of these sizes with ReLU between them, on flattened input; returns logits.

    MLP(784, 128, 10) has 784·128 + 128 + 128·10 + 10 = 101,770 parameters. They begin as torch's own layers do.
    """

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        _check_sizes(sizes)
        self.layers = nn.ModuleList(nn.Linear(p, q) for p, q in itertools.pairwise(sizes))

    def forward(self, x: Tensor) -> Tensor:
        *hidden, last = self.layers
        x = x.flatten(1)
        for layer in hidden:
            x = F.relu(layer(x))
        return last(x)

    def written_out(self) -> Layers:
        """The layers as `forward` and `backward` take them; they share their memory with the module."""
        return [(layer.weight.detach(), layer.bias.detach()) for layer in self.layers if isinstance(layer, nn.Linear)]


def _check_sizes(sizes: tuple[int, ...]) -> None:
    if len(sizes) < 2:
        raise ValueError(f"sizes are {sizes}; at least two whole numbers ≥ 1 are needed: inputs, hidden …, outputs.")
    for size in sizes:
        whole(size, "each size", 1)


def _check_fits(x: Tensor, layers: Layers) -> None:
    if not layers:
        raise ValueError("layers is empty; at least one pair (W, b) is needed.")
    if x.ndim != 2:
        raise ValueError(f"x has shape {tuple(x.shape)}; (n, inputs) is needed: try x.flatten(1).")
    width = x.shape[1]
    for i, (W, b) in enumerate(layers):
        if W.ndim != 2 or W.shape[1] != width or b.shape != W.shape[:1]:
            raise ValueError(
                f"layer {i} has W {tuple(W.shape)} and b {tuple(b.shape)}; {width} numbers come in, so that "
                f"W (outputs, {width}) and b (outputs,) are needed."
            )
        width = len(W)


def _check_labels(logits: Tensor, y: Tensor) -> None:
    if logits.ndim != 2:
        raise ValueError(f"logits have shape {tuple(logits.shape)}; (n, classes) is needed.")
    n, k = logits.shape
    if y.shape != (n,) or y.dtype.is_floating_point or y.dtype == torch.bool:
        raise ValueError(
            f"y is {y.dtype} of shape {tuple(y.shape)}; one whole class number for each of the {n} rows is needed: "
            "if y is one-hot, give y.argmax(1)."
        )
    if n == 0 or y.min() < 0 or y.max() >= k:
        found = f"from {int(y.min())} to {int(y.max())}" if n else "empty"
        raise ValueError(f"y is {found}; with {k} logits the classes are 0 to {k - 1}, and at least one is needed.")


def _check_trace(trace: Trace, gradient: Tensor, layers: Layers) -> None:
    if len(trace.inputs) != len(layers) or gradient.shape != trace.logits.shape:
        raise ValueError(
            f"trace has {len(trace.inputs)} inputs and logits {tuple(trace.logits.shape)}, there are {len(layers)} "
            f"layers and a gradient {tuple(gradient.shape)}; take all of them from one forward pass."
        )
