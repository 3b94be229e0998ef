"""The classifier of the chapter, what each of its layers costs, and what each entry of a map has seen."""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from companion._array import whole


class Classifier(nn.Module):
    """conv 32 – pool – conv 64 – pool – conv 64 – dense 64 – dense 10, kernels 3 × 3 without padding, ReLU between.

    On 28 × 28 grey pictures it has 93,322 parameters. Returns logits.
    """

    def __init__(self, shape: tuple[int, ...] = (1, 28, 28), classes: int = 10, width: int = 32) -> None:
        super().__init__()
        channels, height, width_px = shape
        h, w = (((side - 2) // 2 - 2) // 2 - 2 for side in (height, width_px))
        if min(h, w) < 1:
            raise ValueError(f"shape is {shape}; three 3 × 3 kernels and two pools need at least 18 × 18 pixels.")
        whole(classes, "classes", 1)
        whole(width, "width", 1)
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


class Cost(NamedTuple):
    """Of one layer, for one picture: the shape of what comes out, its weights, and how often it multiplies and adds."""

    layer: str
    shape: tuple[int, ...]
    parameters: int
    products: int


def costs(net: nn.Module, shape: tuple[int, ...]) -> list[Cost]:
    """What each convolution and each dense layer of `net` costs on one picture of this shape, in order of use.

    A convolution multiplies every weight once at every place; a dense layer, once.
    """
    found: list[Cost] = []

    def hook(name):
        def note(layer, _, y):
            places = y[0, 0].numel() if isinstance(layer, nn.Conv2d) else 1
            parameters = sum(p.numel() for p in layer.parameters())
            found.append(Cost(name, tuple(y.shape[1:]), parameters, places * layer.weight.numel()))

        return note

    kept = [
        layer.register_forward_hook(hook(name))
        for name, layer in net.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    try:
        with torch.no_grad():
            net(next(net.parameters()).new_zeros(1, *shape))
    finally:
        for handle in kept:
            handle.remove()
    return found


class Field(NamedTuple):
    """Entry i of a map sees the `size` pixels from start + step·i on; a negative start lies in the padding."""

    size: int
    step: int
    start: int


def receptive_field(layers: Iterable[tuple[int, ...]]) -> Field:
    """size ← size + (kernel − 1)·step, start ← start − padding·step, step ← step·stride, layer after layer.

    `layers` are (kernel, stride) or (kernel, stride, padding) of each convolution or pool, the first one first, along
    one axis (Araujo, Norris & Sim 2019). A kernel with dilation d counts as d·(kernel − 1) + 1.
    """
    size, step, start = 1, 1, 0
    for kernel, stride, *padding in layers:
        size += (whole(kernel, "kernel", 1) - 1) * step
        start -= sum(padding) * step
        step *= whole(stride, "stride", 1)
    return Field(size, step, start)
