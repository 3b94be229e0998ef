"""A layer as a linear operator: a matrix that is never written down, only applied, forward and backward."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from companion._array import positive, whole
from companion.matrix import norms

Apply = Callable[[Tensor, Tensor], Tensor]  # (x, weight) ↦ y, linear in both

CONVOLUTIONS: dict[type, Any] = {nn.Conv1d: F.conv1d, nn.Conv2d: F.conv2d}
TRANSPOSED: dict[type, Any] = {nn.ConvTranspose1d: F.conv_transpose1d, nn.ConvTranspose2d: F.conv_transpose2d}


def linear(layer: Any) -> Apply:
    """What the layer does to x with given weights, without its bias. TypeError if it is no layer with weights."""
    if isinstance(layer, nn.Linear):
        return F.linear
    kind = next((kind for kind in (*CONVOLUTIONS, *TRANSPOSED) if isinstance(layer, kind)), None)
    if kind is None:
        raise TypeError(
            f"the layer is a {type(layer).__name__}; a Linear, Conv1d, Conv2d or a transposed one is needed."
        )
    how: dict[str, Any] = {name: getattr(layer, name) for name in ("stride", "dilation", "groups")}
    if kind in TRANSPOSED:
        how |= {"padding": layer.padding, "output_padding": layer.output_padding}
        return functools.partial(TRANSPOSED[kind], **how)
    if layer.padding_mode == "zeros":
        return functools.partial(CONVOLUTIONS[kind], padding=layer.padding, **how)
    edges = tuple(layer._reversed_padding_repeated_twice)
    return functools.partial(_padded, functools.partial(CONVOLUTIONS[kind], **how), edges, layer.padding_mode)


def _padded(convolve: Apply, edges: tuple[int, ...], mode: str, x: Tensor, weight: Tensor) -> Tensor:
    return convolve(F.pad(x, edges, mode=mode), weight)


class Operator:
    """A with A @ v and A.conj().T @ u on flat vectors, all that `norms.power_step` asks of a matrix."""

    def __init__(self, apply: Callable[[Tensor], Tensor], inputs: tuple[int, ...], dtype: torch.dtype) -> None:
        self.apply, self.inputs, self.dtype = apply, inputs, dtype

    @property
    def shape(self) -> tuple[int, int]:
        n = math.prod(self.inputs)
        return len(self @ torch.zeros(n, dtype=self.dtype)), n

    def __matmul__(self, v: Float[Tensor, " n"]) -> Float[Tensor, " m"]:
        return self.apply(v.reshape(1, *self.inputs)).flatten()

    def conj(self) -> "Operator":
        return self  # real

    @property
    def T(self) -> "Adjoint":
        return Adjoint(self)


class Adjoint:
    """Aᵀ @ u by back-propagation: the gradient of ⟨u, A v⟩ by v is Aᵀu, whatever v is."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator

    def __matmul__(self, u: Float[Tensor, " m"]) -> Float[Tensor, " n"]:
        with torch.enable_grad():
            x = u.new_zeros(1, *self.operator.inputs).requires_grad_()
            y = self.operator.apply(x)
            (back,) = torch.autograd.grad(y, x, u.reshape(y.shape))
        return back.flatten()


@dataclass(frozen=True)
class Flattened:
    """weight ↦ the matrix with one row for each output: what a convolution does to one window."""

    outputs: int  # the axis of the weights that counts them

    def __call__(self, weight: Tensor) -> Float[Tensor, "m n"]:
        return weight.movedim(self.outputs, 0).flatten(1)

    def inputs(self, weight: Tensor) -> int:
        return weight.numel() // weight.shape[self.outputs]


@dataclass(frozen=True)
class Layer:
    """weight ↦ the whole layer as an operator on one input of `shape`, (channels, *sides)."""

    apply: Apply
    shape: tuple[int, ...]

    def __call__(self, weight: Tensor) -> Operator:
        return Operator(lambda x: self.apply(x, weight), self.shape, weight.dtype)

    def inputs(self, weight: Tensor) -> int:
        return math.prod(self.shape)


def operator_of(layer: Any, size: int | tuple[int, ...] | None) -> Flattened | Layer:
    """The flattened weights where `size` is None or the layer dense, else the layer on inputs of these sides."""
    apply, dims = linear(layer), len(getattr(layer, "kernel_size", ()))
    if size is None or dims == 0:
        return Flattened(1 if isinstance(layer, tuple(TRANSPOSED)) else 0)
    sides = tuple(size) if isinstance(size, tuple | list) else (size,) * dims
    if len(sides) != dims:
        raise ValueError(f"size is {size}; one side, or {dims} of them, are needed for a {type(layer).__name__}.")
    return Layer(apply, (layer.in_channels, *(whole(side, "each side of size", 1) for side in sides)))


def operator_norm(
    layer: Any, size: int | tuple[int, ...] | None = None, *, tol: float = 1e-3, max_iter: int = 500, seed: int = 0
) -> float:
    """σ₁ of the layer as it stands, with its stride and padding, on inputs of `size`; None for a dense layer.

    Power iteration as in `norms.power_iteration`, by passes through the layer and back (as Gouk et al. 2021). It
    approaches σ₁ from below and stops at ‖Av − σu‖ ≤ tol·σ, or after `max_iter` steps.
    """
    tol, max_iter = positive(tol, "tol"), whole(max_iter, "max_iter", 1)
    if size is None and not isinstance(layer, nn.Linear):
        linear(layer)
        raise ValueError("size is None; the norm of a convolution depends on the side of what comes in: give it.")
    weight, operator = weight_of(layer), operator_of(layer, size)
    with torch.no_grad():
        A = operator(weight)
        start = torch.randn(operator.inputs(weight), generator=torch.Generator().manual_seed(seed))
        v = start.to(weight)
        for _ in range(max_iter):
            sigma, u, v = norms.power_step(A, v)
            if torch.linalg.vector_norm(A @ v - sigma * u) <= tol * sigma:
                break
    return float(sigma)


def weight_of(layer: Any) -> Tensor:
    """The layer's weights as in evaluation: looking at them must not move the u and v of a spectral norm."""
    mode = layer.training
    weight = layer.eval().weight.detach()
    layer.train(mode)
    return weight
