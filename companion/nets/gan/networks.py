"""Generator and discriminator as multilayer perceptrons, for pictures and for points in the plane."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from companion._array import positive, whole


def _layers(inputs: int, width: int, outputs: int, bend: nn.Module) -> nn.Sequential:
    """Two hidden layers of `width`, and a last one without a bend."""
    return nn.Sequential(
        nn.Linear(inputs, width), bend, nn.Linear(width, width), bend, nn.Linear(width, outputs)
    )  # a bend has no weights, so that one serves twice


class Generator(nn.Module):
    """z (n, z_dim) ↦ pictures (n, c, h, w) in [−1, 1]: z_dim – width – width – c·h·w, ReLU between, tanh at the end.

    On 28 × 28 grey pictures 130,576 parameters; 1,956,624 with width 1024.
    """

    def __init__(self, z_dim: int = 100, shape: tuple[int, ...] = (1, 28, 28), width: int = 128) -> None:
        super().__init__()
        self.z_dim, self.shape = whole(z_dim, "z_dim", 1), _checked(shape)
        self.layers = _layers(z_dim, whole(width, "width", 1), math.prod(shape), nn.ReLU())

    def forward(self, z: Float[Tensor, "n z"]) -> Float[Tensor, "n c h w"]:
        _check_code(z, self.z_dim)
        return self.layers(z).tanh().unflatten(1, self.shape)


class Discriminator(nn.Module):
    """Pictures (n, c, h, w) ↦ logits (n,), large where real: c·h·w – width – width – 1, LeakyReLU(0.2) between.

    On 28 × 28 grey pictures 117,121 parameters; 1,854,465 with width 1024.
    """

    def __init__(self, shape: tuple[int, ...] = (1, 28, 28), width: int = 128) -> None:
        super().__init__()
        self.shape = _checked(shape)
        self.layers = _layers(math.prod(shape), whole(width, "width", 1), 1, nn.LeakyReLU(0.2))

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
        if tuple(x.shape[1:]) != self.shape:
            raise ValueError(f"x has shape {tuple(x.shape)}; pictures of shape {self.shape}, (n, c, h, w), are needed.")
        return self.layers(x.flatten(1)).squeeze(1)


class PointGenerator(nn.Module):
    """z (n, z_dim) ↦ scale·(z's first `dims` numbers + MLP(z)), points (n, dims); z_dim – width – width – dims, ReLU.

    It begins near a Gaussian cloud, as wide as the data if `scale` is the data's standard deviation, and learns where
    to move each point of it.
    """

    def __init__(self, z_dim: int = 2, dims: int = 2, width: int = 128, *, scale: float = 1.0) -> None:
        super().__init__()
        self.dims = whole(dims, "dims", 1)
        self.z_dim, self.scale = whole(z_dim, "z_dim", self.dims), positive(scale, "scale")
        self.layers = _layers(z_dim, whole(width, "width", 1), dims, nn.ReLU())

    def forward(self, z: Float[Tensor, "n z"]) -> Float[Tensor, "n d"]:
        _check_code(z, self.z_dim)
        return self.scale * (z[:, : self.dims] + self.layers(z))


class PointDiscriminator(nn.Module):
    """Points (n, dims) ↦ logits (n,): dims – width – width – 1, LeakyReLU(0.2) between, on u = x/scale.

    With `waves` the first layer is also given sin(B·u) and cos(B·u) of so many random waves, in the plane half of them
    longer than 1.7·scale: a perceptron that sees two numbers only is slow to learn what is narrow (Tancik et al. 2020).
    """

    waves: Tensor

    def __init__(self, dims: int = 2, width: int = 128, *, scale: float = 1.0, waves: int = 0) -> None:
        super().__init__()
        self.dims, self.scale = whole(dims, "dims", 1), positive(scale, "scale")
        self.register_buffer("waves", math.pi * torch.randn(dims, whole(waves, "waves", 0)))
        self.layers = _layers(dims + 2 * waves, whole(width, "width", 1), 1, nn.LeakyReLU(0.2))

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        if x.ndim != 2 or x.shape[1] != self.dims:
            raise ValueError(f"x has shape {tuple(x.shape)}; points as (n, {self.dims}) are needed.")
        u = x / self.scale
        phase = u @ self.waves
        return self.layers(torch.cat([u, phase.sin(), phase.cos()], 1)).squeeze(1)


def _checked(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) != 3:
        raise ValueError(f"shape is {shape}; (channels, height, width) of one picture is needed.")
    return tuple(whole(side, "each side of shape", 1) for side in shape)


def _check_code(z: Tensor, z_dim: int) -> None:
    if z.ndim != 2 or z.shape[1] != z_dim:
        raise ValueError(f"z has shape {tuple(z.shape)}; codes as (n, {z_dim}) are needed: torch.randn(n, {z_dim}).")


def walk(a: Float[Tensor, "n z"], b: Float[Tensor, "n z"], places: int) -> Float[Tensor, "places n z"]:
    """a cos t + b sin t at `places` angles t from 0 to π/2: the codes on the way from each a to its b.

    If a and b are from N(0, I), so is every place between; halfway on the straight line codes would be too short by √2.
    """
    t = torch.linspace(0, math.pi / 2, whole(places, "places", 2), device=a.device)[:, None, None]
    return a * t.cos() + b * t.sin()
