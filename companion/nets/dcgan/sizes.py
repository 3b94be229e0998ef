"""Sizes of transposed convolutions, and the chain of layers between a small map and a picture."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from companion._array import whole

KERNEL, STRIDE, PADDING = 4, 2, 1  # doubles exactly, and the stride divides the kernel
SMALL = 4  # pixels; maps are halved until the shorter side is at most this


def enlarged(size: int, kernel: int, *, stride: int = 1, padding: int = 0, extra: int = 0) -> int:
    """(size − 1)·stride + kernel − 2·padding + extra: what a transposed convolution makes of one side.

    `cnn.places` of it is `size` again for 0 ≤ extra < stride: a stride rounds down, so several sizes lead to one, and
    `extra`, torch's output_padding, says which is meant. ValueError if nothing is left.
    """
    size, kernel = whole(size, "size", 1), whole(kernel, "kernel", 1)
    stride, padding = whole(stride, "stride", 1), whole(padding, "padding", 0)
    side = (size - 1) * stride + kernel - 2 * padding + whole(extra, "extra", 0, stride - 1)
    if side < 1:
        raise ValueError(f"padding {padding} cuts off all {side + 2 * padding} entries: choose a smaller one.")
    return side


def overlaps(size: int, kernel: int, *, stride: int = 1, padding: int = 0) -> Int[Tensor, " n"]:
    """How many of the `size` entries reach each entry of the enlarged line: all the same inside if stride | kernel."""
    enlarged(size, kernel, stride=stride, padding=padding)
    ones = torch.ones(1, 1, size), torch.ones(1, 1, kernel)
    return F.conv_transpose1d(*ones, stride=stride, padding=padding)[0, 0].long()


class Plan(NamedTuple):
    """Height and width, and channels, of all maps from the small one to the picture, that included."""

    sizes: tuple[tuple[int, int], ...]
    channels: tuple[int, ...]


def plan(shape: tuple[int, ...], width: int) -> Plan:
    """Halve the sides, odd ones rounded down, until the shorter is at most 4; channels double, from `width` on.

    (1, 28, 28): 3 × 3, 7 × 7, 14 × 14, 28 × 28. (3, 64, 64) with width 128 has the paper's maps: 1024 channels of
    4 × 4, then 512, 256, 128, colour. ValueError if a side is below 2.
    """
    if len(shape) != 3:
        raise ValueError(f"shape is {shape}; (channels, height, width) of one picture is needed.")
    c, width = whole(shape[0], "channels", 1), whole(width, "width", 1)
    h, w = (whole(side, "each side of shape", 2) for side in shape[1:])
    sizes, channels = [(h, w)], [c]
    while min(sizes[0]) > SMALL or len(sizes) == 1:
        h, w = sizes[0]
        sizes.insert(0, (h // 2, w // 2))
        channels.insert(0, width * 2 ** (len(sizes) - 2))
    return Plan(tuple(sizes), tuple(channels))
