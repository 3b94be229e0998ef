"""Correlation, pooling and their gradients written out, in one dimension or two.

What every library calls convolution is cross-correlation: y[i] = Σₘ x[i + m] w[m], the weights not flipped.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from companion._array import whole


def places(size: int, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """⌊(size + 2·padding − dilation·(kernel − 1) − 1)/stride⌋ + 1: how often a kernel finds room along one axis.

    ValueError if it finds none.
    """
    size, kernel = whole(size, "size", 1), whole(kernel, "kernel", 1)
    stride, dilation, padding = whole(stride, "stride", 1), whole(dilation, "dilation", 1), whole(padding, "padding", 0)
    reach = dilation * (kernel - 1) + 1
    if reach > size + 2 * padding:
        raise ValueError(
            f"the kernel reaches over {reach} entries of an axis that has {size + 2 * padding} with its padding: "
            "pad the input, or take a smaller kernel or dilation."
        )
    return (size + 2 * padding - reach) // stride + 1


def windows(x: Tensor, kernel: tuple[int, ...], stride: int = 1, dilation: int = 1) -> Tensor:
    """A view of x (…, *size) as (…, *places, *kernel): every place's neighbourhood, without a copy."""
    first = x.ndim - len(kernel)
    for axis, k in enumerate(kernel):
        places(x.shape[first + axis], k, stride=stride, dilation=dilation)  # refuses what finds no room
        x = x.unfold(first + axis, dilation * (k - 1) + 1, stride)
    every: Any = (..., *(slice(None, None, dilation) for _ in kernel))
    return x[every]


def correlate(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Tensor:
    """y[b, o, i…] = bias[o] + Σ_{c, m…} x[b, c, stride·i + dilation·m − padding] weight[o, c, m…], zeros outside.

    x (batch, channels, *size), weight (outputs, channels, *kernel), in one dimension or two.
    """
    dims = _check(x, weight)
    x = F.pad(x, (whole(padding, "padding", 0),) * (2 * dims))
    patches = windows(x, tuple(weight.shape[2:]), stride, dilation)
    y = torch.einsum("bchm,ocm->boh" if dims == 1 else "bchwmn,ocmn->bohw", patches, weight)
    return y if bias is None else y + bias.reshape(-1, *[1] * dims)


def pool(x: Tensor, size: int, *, stride: int | None = None, padding: int = 0, kind: str = "max") -> Tensor:
    """The largest or the mean entry of each window of x (batch, channels, *size), one every `stride` (size) entries.

    The padding, at most size/2, is −∞ for the largest entry; the mean counts it as zeros, as torch does.
    """
    if kind not in ("max", "mean"):
        raise ValueError(f"kind is {kind!r}; allowed are 'max' and 'mean'.")
    dims, size = x.ndim - 2, whole(size, "size", 1)
    if dims not in (1, 2):
        raise ValueError(f"x has shape {tuple(x.shape)}; (batch, channels, length) or (…, height, width) is needed.")
    edges = (whole(padding, "padding", 0, size // 2),) * (2 * dims)
    x = F.pad(x, edges, value=float("-inf") if kind == "max" else 0.0)
    patches = windows(x, (size,) * dims, size if stride is None else stride)
    within = tuple(range(-dims, 0))
    return patches.amax(within) if kind == "max" else patches.mean(within)


def transposed(
    y: Tensor, weight: Tensor, size: tuple[int, ...], *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Tensor:
    """x[b, c, j…] = Σ y[b, o, i…] weight[o, c, m…] over all i, m with stride·i + dilation·m − padding = j.

    The transpose of `correlate` as a matrix, ⟨correlate(x), y⟩ = ⟨x, transposed(y)⟩, for an x of (*size): y with
    stride − 1 zeros between its entries is correlated with the flipped weights (Dumoulin & Visin 2016).
    """
    dims = weight.ndim - 2
    outputs, kernel = weight.shape[0], weight.shape[2:]
    fits = [places(s, k, stride=stride, padding=padding, dilation=dilation) for s, k in zip(size, kernel, strict=True)]
    if dims not in (1, 2) or y.shape[1] != outputs or list(y.shape[2:]) != fits:
        raise ValueError(
            f"y has shape {tuple(y.shape)}, but a layer of {outputs} outputs makes {fits} places of {list(size)}: "
            "give the gradient by the layer's output, and the size of its input."
        )
    spread = y.new_zeros(*y.shape[:2], *(stride * (n - 1) + 1 for n in fits))
    every: Any = (..., *(slice(None, None, stride) for _ in range(dims)))
    spread[every] = y
    edges: list[int] = []
    for s, k, n in zip(size, kernel, spread.shape[2:], strict=True):
        before = dilation * (k - 1) - padding
        edges = [before, s - n - before + dilation * (k - 1), *edges]  # F.pad begins with the last axis
    flipped = weight.flip(tuple(range(2, 2 + dims))).transpose(0, 1)
    return correlate(F.pad(spread, edges), flipped, dilation=dilation)


class Gradients(NamedTuple):
    """By the input, the weights and the bias."""

    x: Tensor
    weight: Tensor
    bias: Tensor


def backward(
    x: Tensor, weight: Tensor, gradient: Tensor, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Gradients:
    """From the gradient g by y = correlate(x, weight, bias): ∂x = transposed(g), ∂weight = Σ x·g, ∂bias = Σ g.

    ∂weight[o, c, m…] = Σ_{b, i…} g[b, o, i…] x[b, c, stride·i + dilation·m − padding]: x correlated with g, in which
    stride and dilation have changed places.
    """
    dims = _check(x, weight)
    by_x = transposed(gradient, weight, tuple(x.shape[2:]), stride=stride, padding=padding, dilation=dilation)
    patches = windows(F.pad(x, (padding,) * (2 * dims)), tuple(weight.shape[2:]), stride, dilation)
    by_weight = torch.einsum("bchm,boh->ocm" if dims == 1 else "bchwmn,bohw->ocmn", patches, gradient)
    return Gradients(by_x, by_weight, gradient.sum((0, *range(2, 2 + dims))))


def _check(x: Tensor, weight: Tensor) -> int:
    """The number of dimensions, 1 or 2."""
    dims = weight.ndim - 2
    if dims not in (1, 2) or x.ndim != weight.ndim or x.shape[1] != weight.shape[1]:
        raise ValueError(
            f"x has shape {tuple(x.shape)}, weight {tuple(weight.shape)}; (batch, channels, length) and (outputs, "
            "channels, kernel) are needed, or the same with two lengths each."
        )
    return dims
