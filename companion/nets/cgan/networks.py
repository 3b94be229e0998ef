"""A generator that is told what to draw, and a discriminator that is told what it should be looking at."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from companion._array import whole
from companion.nets import dcgan, gan
from companion.nets.cgan.conditions import Embedding, Labels, conditioned

BACKBONES: dict[str, Any] = {"mlp": gan, "dcgan": dcgan}
Shape = tuple[int, int, int]


def ways(backbone: str, norm: str | None = None, embed: int | None = None) -> tuple[str, int]:
    """(norm, embed) of a generator; None: its norms are told the label if there are any, its code if they are not."""
    _check_choice("backbone", backbone, tuple(BACKBONES))
    norm = ("conditional" if backbone == "dcgan" else "batch") if norm is None else norm
    return norm, (0 if norm == "conditional" else 16) if embed is None else embed


class Generator(nn.Module):
    """G(z, c): a plain generator that is told a label, by a vector behind its code, [z, E(c)], or in its batch norms.

    `backbone` is "mlp" (nets.gan) or "dcgan" (nets.dcgan), `embed` the length of E(c). With `norm` "conditional" the
    label also sets the scale and shift of every batch norm, and `embed` may be 0: then that is its only way in. Beside
    a convolutional G's code, and without R1, the vector tends to leave one picture for each label; so what is not
    chosen follows `ways`.
    """

    def __init__(
        self,
        classes: int | tuple[int, ...] = 10,
        z_dim: int = 100,
        shape: Shape = (1, 28, 28),
        width: int = 64,
        *,
        backbone: str = "dcgan",
        embed: int | None = None,
        norm: str | None = None,
    ) -> None:
        super().__init__()
        norm, embed = ways(backbone, norm, embed)
        _check_choice("norm", norm, ("batch", "conditional"))
        if whole(embed, "embed", 0) == 0 and norm == "batch":
            raise ValueError("embed is 0 and norm 'batch': the label has no way into the generator.")
        self.z_dim, self.shape = z_dim, shape
        self.label = Embedding(classes, embed) if embed else None
        self.body = BACKBONES[backbone].Generator(z_dim + embed, shape, width)
        self.norms = conditioned(self.body, classes) if norm == "conditional" else []

    def forward(self, z: Float[Tensor, "n z"], c: Labels) -> Float[Tensor, "n channels h w"]:
        for norm in self.norms:
            norm.c = c
        return self.body(torch.cat([z, self.label(c)], 1) if self.label else z)


class Discriminator(nn.Module):
    """D(x, c) ↦ logits (n,): is x a real picture *of c*? `how` says the way of the label.

    "concat": a learned picture for each label is laid behind x as one more channel (Denton et al. 2015; Mirza &
    Osindero 2014 join picture and label after a layer each).
    "projection" (Miyato & Koyama 2018, equation 3): ψ(φ(x)) + E(c)·φ(x), where φ are the features before the last layer
    and ψ is that layer. E begins at 0, blind to the label.
    """

    def __init__(
        self,
        classes: int | tuple[int, ...] = 10,
        shape: Shape = (1, 28, 28),
        width: int = 64,
        *,
        backbone: str = "dcgan",
        how: str = "projection",
        **options: Any,
    ) -> None:
        super().__init__()
        _check_choice("backbone", backbone, tuple(BACKBONES))
        _check_choice("how", how, ("concat", "projection"))
        make, (channels, height, side) = BACKBONES[backbone].Discriminator, shape
        self.how, self.shape = how, shape
        if how == "concat":
            self.label = Embedding(classes, height * side)
            self.body = make((channels + 1, height, side), width, **options)
        else:
            self.body = make(shape, width, **options)
            self.label = Embedding(classes, self.body.layers[-1].weight[0].numel(), scale=0)

    def forward(self, x: Float[Tensor, "n channels h w"], c: Labels) -> Float[Tensor, " n"]:
        if self.how == "concat":
            return self.body(torch.cat([x, self.label(c).reshape(len(x), 1, *self.shape[1:])], 1))
        phi = self.features(x)
        return self.body.layers[-1](phi).squeeze(1) + (self.label(c) * phi).sum(1)

    def features(self, x: Float[Tensor, "n channels h w"]) -> Float[Tensor, "n features"]:
        """φ(x), what the last layer of the plain discriminator is given."""
        *inner, _ = self.body.layers
        x = x.flatten(1) if isinstance(self.body, gan.Discriminator) else x
        for layer in inner:
            x = layer(x)
        return x


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; allowed are {', '.join(allowed)}.")
