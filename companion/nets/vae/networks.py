"""Encoders and decoders: dense with tanh, or convolutions with batch normalization and LeakyReLU."""

import itertools
import math
from typing import Any

import torch
from torch import Tensor, nn

from companion._array import whole

SLOPE = 0.2  # of LeakyReLU below zero


def dense(*sizes: int) -> nn.Sequential:
    """Linear layers with tanh between them, none at the end; weights as Glorot & Bengio (2010), biases 0."""
    layers: list[nn.Module] = []
    for p, q in itertools.pairwise(sizes):
        layer = nn.Linear(whole(p, "size", 1), whole(q, "size", 1))
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


class DenseEncoder(nn.Module):
    """Picture, and the class as a one-hot vector if there are classes → 2·z_dim numbers."""

    def __init__(self, shape: tuple[int, ...], z_dim: int, hidden: tuple[int, ...], classes: int = 0) -> None:
        super().__init__()
        self.layers = dense(math.prod(shape) + classes, *hidden, 2 * z_dim)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        x = x.flatten(1)
        return self.layers(x if c is None else torch.cat([x, c], 1))


class DenseDecoder(nn.Module):
    """Code, and the class → one number for each pixel. The encoder's layers in reverse order."""

    def __init__(self, shape: tuple[int, ...], z_dim: int, hidden: tuple[int, ...], classes: int = 0) -> None:
        super().__init__()
        self.shape = shape
        self.layers = dense(z_dim + classes, *hidden[::-1], math.prod(shape))

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z).unflatten(1, self.shape)

    @torch.no_grad()
    def begin(self, start: Tensor) -> None:
        """Put out this picture of numbers for every code, but for what the weights add."""
        last: Any = self.layers[-1]
        last.bias.copy_(start.flatten())


class ConvEncoder(nn.Module):
    """Convolutions 4 × 4 with stride 2, each halving the picture, then one dense layer."""

    def __init__(self, shape: tuple[int, ...], z_dim: int, hidden: tuple[int, ...], classes: int = 0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for p, q in itertools.pairwise((shape[0], *hidden)):
            layers += [nn.Conv2d(p, q, 4, 2, 1, bias=False), nn.BatchNorm2d(q), nn.LeakyReLU(SLOPE)]
        self.convolutions = nn.Sequential(*layers)
        h, w = sides(shape, len(hidden))[-1]
        self.last = nn.Linear(hidden[-1] * h * w + classes, 2 * z_dim)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        x = self.convolutions(x).flatten(1)
        return self.last(x if c is None else torch.cat([x, c], 1))


class ConvDecoder(nn.Module):
    """One dense layer, then transposed convolutions back to the size of the picture; the last without norm or bend."""

    def __init__(self, shape: tuple[int, ...], z_dim: int, hidden: tuple[int, ...], classes: int = 0) -> None:
        super().__init__()
        maps, sizes = (*hidden[::-1], shape[0]), sides(shape, len(hidden))[::-1]
        self.start = (maps[0], *sizes[0])
        first = math.prod(self.start)
        self.first = nn.Sequential(nn.Linear(z_dim + classes, first), nn.BatchNorm1d(first), nn.LeakyReLU(SLOPE))
        layers: list[nn.Module] = []
        for (p, q), (h, w) in zip(itertools.pairwise(maps), sizes[1:], strict=True):
            layers += [nn.ConvTranspose2d(p, q, 4, 2, 1, (h % 2, w % 2)), nn.BatchNorm2d(q), nn.LeakyReLU(SLOPE)]
        self.convolutions = nn.Sequential(*layers[:-2])

    def forward(self, z: Tensor) -> Tensor:
        return self.convolutions(self.first(z).unflatten(1, self.start))

    @torch.no_grad()
    def begin(self, start: Tensor) -> None:
        """Put out the mean of these numbers in each channel, but for what the weights add."""
        last: Any = self.convolutions[-1]
        last.bias.copy_(start.mean((1, 2)))


def sides(shape: tuple[int, ...], times: int) -> list[tuple[int, int]]:
    """Height and width of the picture and after each of so many halvings; ValueError if nothing is left."""
    _, h, w = shape
    found = [(h, w)]
    for _ in range(times):
        h, w = h // 2, w // 2
        found.append((h, w))
    if min(found[-1]) < 1:
        raise ValueError(f"shape is {shape}, which cannot be halved {times} times; give fewer hidden layers.")
    return found


NETWORKS = {"mlp": (DenseEncoder, DenseDecoder, (200, 200)), "conv": (ConvEncoder, ConvDecoder, (32, 64))}
