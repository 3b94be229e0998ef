"""Correlation and pooling written out, and the classifier of the chapter.

What every library calls convolution is cross-correlation: y[i] = Σₘ x[i + m] w[m], the weights not flipped.
"""

import itertools
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


def windows(x: Tensor, kernel: tuple[int, ...], stride: int = 1, dilation: int = 1) -> Tensor:
    """A view of x (…, *size) as (…, *places, *kernel): every place's neighbourhood, without a copy.

    Along each axis there are ⌊(size − dilation·(kernel − 1) − 1)/stride⌋ + 1 places.
    """
    reach = [dilation * (k - 1) + 1 for k in kernel]
    first = x.ndim - len(kernel)
    for axis, length in enumerate(reach):
        if length > x.shape[first + axis]:
            raise ValueError(
                f"the kernel reaches over {length} entries of axis {first + axis}, which has {x.shape[first + axis]}: "
                "pad the input, or take a smaller kernel or dilation."
            )
        x = x.unfold(first + axis, length, stride)
    every: Any = (..., *(slice(None, None, dilation) for _ in kernel))
    return x[every]


def correlate(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Tensor:
    """y[b, o, i…] = bias[o] + Σ_{c, m…} x[b, c, stride·i + dilation·m − padding] weight[o, c, m…], zeros outside.

    x (batch, channels, *size), weight (outputs, channels, *kernel), in one dimension or two.
    """
    dims = weight.ndim - 2
    if dims not in (1, 2) or x.ndim != weight.ndim or x.shape[1] != weight.shape[1]:
        raise ValueError(
            f"x has shape {tuple(x.shape)}, weight {tuple(weight.shape)}; (batch, channels, length) and (outputs, "
            "channels, kernel) are needed, or the same with two lengths each."
        )
    x = F.pad(x, (padding,) * (2 * dims))
    patches = windows(x, tuple(weight.shape[2:]), stride, dilation)
    y = torch.einsum("bchm,ocm->boh" if dims == 1 else "bchwmn,ocmn->bohw", patches, weight)
    return y if bias is None else y + bias.reshape(-1, *[1] * dims)


def pool(x: Tensor, size: int, *, stride: int | None = None, kind: str = "max") -> Tensor:
    """The largest or mean entry of each size × size window of x (batch, channels, h, w), one every `stride` (size)."""
    if kind not in ("max", "mean"):
        raise ValueError(f"kind is {kind!r}; allowed are 'max' and 'mean'.")
    patches = windows(x, (size, size), stride or size)
    return patches.amax((-2, -1)) if kind == "max" else patches.mean((-2, -1))


class Classifier(nn.Module):
    """conv 32 – pool – conv 64 – pool – conv 64 – dense 64 – dense 10, kernels 3 × 3 without padding, ReLU between.

    On 28 × 28 grey pictures it has 93,322 parameters. Returns logits.
    """

    def __init__(self, shape: tuple[int, int, int] = (1, 28, 28), classes: int = 10, width: int = 32) -> None:
        super().__init__()
        channels, height, width_px = shape
        h, w = (((side - 2) // 2 - 2) // 2 - 2 for side in (height, width_px))
        if min(h, w) < 1:
            raise ValueError(f"shape is {shape}; three 3 × 3 kernels and two pools need at least 18 × 18 pixels.")
        self.convs = nn.ModuleList(
            nn.Conv2d(p, q, 3) for p, q in itertools.pairwise((channels, width, 2 * width, 2 * width))
        )
        self.dense = nn.Linear(2 * width * h * w, 64)
        self.last = nn.Linear(64, classes)

    def features(self, x: Float[Tensor, "n c h w"]) -> list[Tensor]:
        """The maps after each of the three convolutions, before pooling."""
        maps = []
        for i, conv in enumerate(self.convs):
            x = F.relu(conv(F.max_pool2d(x, 2) if i else x))
            maps.append(x)
        return maps

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        return self.last(F.relu(self.dense(self.features(x)[-1].flatten(1))))
