"""The model: a standard normal code, a decoder that says how pictures follow from it, an encoder that guesses it."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from companion._array import whole
from companion.nets.vae import codes
from companion.nets.vae.codes import Draws, Posterior
from companion.nets.vae.likelihoods import LIKELIHOODS
from companion.nets.vae.networks import NETWORKS

Classes = Int[Tensor, " n"]


class VAE(nn.Module):
    """z ~ N(0, I), x ~ p(x|z) by the decoder, q(z|x) = N(μ(x), diag σ²(x)) by the encoder.

    VAE() is the network of Burda, Grosse & Salakhutdinov (2016): 784-200-200-50 with tanh and back, Bernoulli pixels.
    `hidden` are the widths of the encoder's layers, or the maps of its convolutions; with `hidden=()` both nets are
    linear. With `classes` > 0 encoder and decoder are told the class, and every call needs it (Sohn, Lee & Yan 2015).
    """

    likelihood: Any

    def __init__(
        self,
        shape: tuple[int, ...] = (1, 28, 28),
        z_dim: int = 50,
        *,
        net: str = "mlp",
        hidden: tuple[int, ...] | None = None,
        likelihood: str | nn.Module = "bernoulli",
        classes: int = 0,
    ) -> None:
        super().__init__()
        _check(shape, net, hidden, likelihood)
        self.shape, self.z_dim, self.classes = tuple(shape), whole(z_dim, "z_dim", 1), whole(classes, "classes", 0)
        encoder, decoder, usual = NETWORKS[net]
        sizes = (self.shape, self.z_dim, tuple(usual if hidden is None else hidden), self.classes)
        self.encoder: Any = encoder(*sizes)
        self.decoder: Any = decoder(*sizes)
        self.likelihood = LIKELIHOODS[likelihood]() if isinstance(likelihood, str) else likelihood

    def forward(self, x: Float[Tensor, "n c h w"], y: Classes | None = None, k: int = 1) -> Draws:
        """q(z|x), k codes from it for each picture, and log p(x|z) for each of them."""
        q = self.encode(x, y)
        z = codes.draw(q, k)
        return Draws(q, z, self.likelihood.log_prob(x, self.decode(z, y)))

    def encode(self, x: Float[Tensor, "n c h w"], y: Classes | None = None) -> Posterior:
        """The mean and the log-variance of q(z|x) for each picture."""
        mean, log_var = self.encoder(x, self._told(y)).to(x.dtype).chunk(2, 1)
        return Posterior(mean, log_var)

    def decode(self, z: Float[Tensor, "... d"], y: Classes | None = None) -> Float[Tensor, "... channels h w"]:
        """The likelihood's numbers for each pixel; codes may have any dimensions before their last, (…, n, z_dim)."""
        if (told := self._told(y)) is not None:
            z = torch.cat([z, told.to(z.dtype).expand(*z.shape[:-1], -1)], -1)
        return self.decoder(z.reshape(-1, z.shape[-1])).to(z.dtype).unflatten(0, z.shape[:-1])

    @torch.no_grad()
    def pictures(self, z: Float[Tensor, "n d"], y: Classes | None = None) -> Float[Tensor, "n channels h w"]:
        """E[x|z], the mean picture of each code, in [0, 1]."""
        return self.likelihood.mean(self.decode(z, y)).clamp(0, 1)

    @torch.no_grad()
    def sample(self, n: int, y: Classes | None = None) -> Float[Tensor, "n channels h w"]:
        """The mean pictures of n codes from N(0, I), from torch's generator."""
        like = next(self.parameters())
        return self.pictures(torch.randn(n, self.z_dim, dtype=like.dtype, device=like.device), y)

    @torch.no_grad()
    def log_weights(self, x: Float[Tensor, "n c h w"], k: int, y: Classes | None = None) -> Float[Tensor, "k n"]:
        """log p(x, z) − log q(z|x) for k codes z ~ q(z|x) of each picture; for measuring, without gradients."""
        return codes.log_weights(self(x, y, k))

    @torch.no_grad()
    def begin(self, x: Float[Tensor, "n c h w"]) -> None:
        """Let the decoder begin with the mean of these pictures, whatever the code."""
        self.decoder.begin(self.likelihood.start(x.mean(0)))

    def _told(self, y: Classes | None) -> Tensor | None:
        """Classes as one-hot rows, or None; ValueError if they are missing or not asked for."""
        if (y is None) != (self.classes == 0):
            raise ValueError(
                f"y is {'missing' if y is None else 'given'}, and the model has {self.classes} classes: "
                + ("give the class of each picture." if y is None else "leave it out, or build VAE(…, classes=10).")
            )
        return None if y is None else F.one_hot(y, self.classes).to(next(self.parameters()).dtype)


def _check(shape: tuple[int, ...], net: str, hidden: tuple[int, ...] | None, likelihood: str | nn.Module) -> None:
    if len(shape) != 3:
        raise ValueError(f"shape is {shape}; (channels, height, width) of a picture is needed.")
    if net not in NETWORKS:
        raise ValueError(f"net is {net!r}; allowed are {', '.join(NETWORKS)}.")
    if net == "conv" and hidden == ():
        raise ValueError("hidden is (), but net='conv' needs at least one layer of maps: hidden=(32, 64).")
    if isinstance(likelihood, str) and likelihood not in LIKELIHOODS:
        raise ValueError(f"likelihood is {likelihood!r}; allowed are {', '.join(LIKELIHOODS)}, or a module like them.")
