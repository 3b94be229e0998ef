"""The pair, after the guidelines of Radford, Metz & Chintala (2016), section 3.

Strides instead of pools; no dense layers but G's first and D's last; batch norm, except at G's output and D's input;
ReLU in G and tanh at its end; LeakyReLU(0.2) in D. Kernels are 4 × 4, so that the stride 2 divides them.
"""

import itertools
import math
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from companion._array import whole
from companion.nets.dcgan.sizes import KERNEL, PADDING, STRIDE, plan
from companion.nets.spectral_norm import spectral_norm

NORMS = ("batch", "spectral", None)
STEP: dict[str, Any] = {"kernel_size": KERNEL, "stride": STRIDE, "padding": PADDING}


class Generator(nn.Module):
    """z (n, z_dim) ↦ pictures (n, c, h, w) in [−1, 1]: a small map, doubled by each transposed convolution.

    The last but one map has `width` channels, each one before twice as many; one that must come out odd gets
    output_padding 1. In training mode a picture depends on the others of its batch, through batch norm; in evaluation
    mode it does not.
    """

    def __init__(self, z_dim: int = 100, shape: tuple[int, ...] = (1, 28, 28), width: int = 64) -> None:
        super().__init__()
        self.z_dim, self.shape = whole(z_dim, "z_dim", 1), tuple(shape)
        sizes, channels = plan(shape, width)
        small = (channels[0], *sizes[0])
        layers: list[nn.Module] = [nn.Linear(z_dim, math.prod(small), bias=False), nn.Unflatten(1, small)]
        for (p, q), (h, w) in zip(itertools.pairwise(channels), sizes[1:], strict=True):
            stamps = nn.ConvTranspose2d(p, q, **STEP, output_padding=(h % 2, w % 2), bias=(h, w) == sizes[-1])
            layers += [nn.BatchNorm2d(p), nn.ReLU(inplace=True), stamps]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        start(self)

    def forward(self, z: Float[Tensor, "n z"]) -> Float[Tensor, "n c h w"]:
        if z.ndim != 2 or z.shape[1] != self.z_dim:
            raise ValueError(f"z has shape {tuple(z.shape)}; codes as (n, {self.z_dim}) are needed.")
        return self.layers(z)


class Discriminator(nn.Module):
    """Pictures (n, c, h, w) ↦ logits (n,), large where real: G the other way round, with strides.

    norm="batch" normalizes all maps but the first; "spectral" divides every layer's weights by their spectral norm
    instead (Miyato et al. 2018), so that each picture is judged by itself; None does neither.
    """

    def __init__(self, shape: tuple[int, ...] = (1, 28, 28), width: int = 64, *, norm: str | None = "batch") -> None:
        super().__init__()
        if norm not in NORMS:
            raise ValueError(f"norm is {norm!r}; allowed are {', '.join(map(repr, NORMS))}.")
        self.shape = tuple(shape)
        sizes, channels = plan(shape, width)
        layers: list[nn.Module] = []
        for p, q in itertools.pairwise(reversed(channels)):
            inner = norm == "batch" and bool(layers)
            layers += [nn.Conv2d(p, q, **STEP, bias=not inner), *([nn.BatchNorm2d(q)] if inner else [])]
            layers += [nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[0] * math.prod(sizes[0]), 1))
        start(self)
        if norm == "spectral":
            for layer in self.layers:
                if isinstance(layer, nn.Conv2d | nn.Linear):
                    spectral_norm(layer)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
        if tuple(x.shape[1:]) != self.shape:
            raise ValueError(f"x has shape {tuple(x.shape)}; pictures of shape {self.shape}, (n, c, h, w), are needed.")
        return self.layers(x).squeeze(1)


def start(net: nn.Module, std: float = 0.02) -> nn.Module:
    """Weights from N(0, std²), biases 0, batch norm's scales from N(1, std²); returns the net."""
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0, std)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1, std)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return net
