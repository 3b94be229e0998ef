"""What a layer and its pieces cost, by formula: products for one picture, and weights. The tests count by hooks."""

from typing import NamedTuple

from torch import nn

from companion._array import whole
from companion.nets.cnn import places

WAYS = ("channels", "spatial", "tucker")


def matrices(net: nn.Module) -> dict[str, nn.Linear | nn.Conv2d]:
    """The layers of the network that are one matrix each, by name."""
    return {name: layer for name, layer in net.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)}


class Count(NamedTuple):
    """Multiply-adds for one picture, and weights without biases."""

    products: int
    weights: int


def counts(
    layer: nn.Linear | nn.Conv2d,
    way: str | None = None,
    rank: int | tuple[int, int] = 1,
    size: tuple[int, int] = (1, 1),
) -> Count:
    """Of the whole layer, or split in that `way`, on maps of `size`, (height, width) of what comes in.

    A convolution o × c × kh × kw with H × W places, on h × w pixels, multiplies so often:

        whole       HW·o·c·kh·kw
        channels    rank·HW·(c·kh·kw + o)
        spatial     rank·(Hw·c·kh + HW·o·kw)                    kh × 1 alone gives maps of H × w
        tucker      hw·c·r_in + HW·kh·kw·r_in·r_out + HW·r_out·o             rank = (r_in, r_out)

    A dense layer is a convolution of 1 × 1 at one place: q·p, and "channels" rank·(p + q).
    """
    o, c, kh, kw, (H, W), (h, w) = _sizes(layer, size)
    if way is None:
        return Count(H * W * o * c * kh * kw, o * c * kh * kw)
    if way not in WAYS or (way != "channels" and isinstance(layer, nn.Linear)):
        raise ValueError(f"way is {way!r}; allowed are {', '.join(WAYS)}, for a Linear channels only, or None.")
    if way == "tucker":
        a, b = (whole(r, "each of rank", 1) for r in rank) if isinstance(rank, tuple) else (whole(rank, "rank", 1),) * 2
        return Count(h * w * c * a + H * W * kh * kw * a * b + H * W * b * o, c * a + kh * kw * a * b + b * o)
    r = whole(rank, "rank", 1)
    if way == "channels":
        return Count(r * H * W * (c * kh * kw + o), r * (c * kh * kw + o))
    return Count(r * (H * w * c * kh + H * W * o * kw), r * (c * kh + o * kw))


def break_even(layer: nn.Linear | nn.Conv2d, way: str = "channels", size: tuple[int, int] = (1, 1)) -> int:
    """The largest rank at which the split layer multiplies less often than the whole; 0 if there is none.

    Of a dense layer the largest r < pq/(p + q): for a square one less than half of its side.
    """
    if way == "tucker":
        raise ValueError("way is 'tucker'; its two ranks have no single break-even: compare counts.")
    return (counts(layer, size=size).products - 1) // counts(layer, way, 1, size).products


def _sizes(layer: nn.Linear | nn.Conv2d, size: tuple[int, int]) -> tuple:
    """(o, c, kh, kw, places, pixels) of a layer on maps of that size."""
    if isinstance(layer, nn.Linear):
        return layer.out_features, layer.in_features, 1, 1, (1, 1), (1, 1)
    if not isinstance(layer, nn.Conv2d) or layer.groups != 1 or isinstance(layer.padding, str):
        raise TypeError(f"the layer is {layer}; a Linear, or a Conv2d without groups and padded in pixels, is needed.")
    pixels = tuple(whole(side, "each side of size", 1) for side in size)
    how = zip(pixels, layer.kernel_size, layer.stride, layer.padding, layer.dilation, strict=True)
    made = tuple(places(n, k, stride=s, padding=p, dilation=d) for n, k, s, p, d in how)
    return *layer.weight.shape, made, pixels
