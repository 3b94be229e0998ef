"""The game, move by move. Each player's move changes that player alone."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from companion._array import nonnegative, whole
from companion.nets.gan import penalties
from companion.nets.gan.losses import check_kind, discriminator_loss, generator_loss

Losses = dict[str, Tensor]


def discriminator_step(
    G: Callable,
    D: nn.Module,
    update: Callable,
    x: Tensor,
    z: Tensor,
    run: Any,
    *,
    kind: str = "nonsaturating",
    r1: float = 0.0,
    gp: float = 0.0,
    labels: tuple[Tensor, Tensor] | None = None,
) -> Losses:
    """D moves: of the fakes G(z) only the numbers count, real and fake are judged in batches of their own.

    `update(loss)` is a `train.Update` of D, `run` the runtime; `r1` and `gp` are γ and λ of the penalties. `labels` are
    those of x, and those to make fakes of: then the networks are called G(z, c) and D(x, c). Returns D's loss, and the
    weighted penalty if there is one.
    """
    of_real, of_fake = ((), ()) if labels is None else ((labels[0],), (labels[1],))
    with run.autocast():
        with torch.no_grad():
            fake = G(z, *of_fake).detach()  # no graph, even where the fakes are made already
        loss = discriminator_loss(D(x, *of_real).float(), D(fake, *of_fake).float(), kind=kind)
    if not (r1 or gp):
        update(loss)
        return {"D": loss}

    def judge(x: Tensor) -> Tensor:
        return D(x, *of_real)

    penalty = r1 * penalties.r1(judge, x) if r1 else x.new_zeros(())  # without autocast: gradients of gradients
    if gp:
        penalty = penalty + gp * penalties.gradient_penalty(judge, x, fake.to(x.dtype))
    update(loss + penalty)
    return {"D": loss, "penalty": penalty}


def generator_step(
    G: Callable,
    D: nn.Module,
    update: Callable,
    z: Tensor,
    run: Any,
    *,
    kind: str = "nonsaturating",
    labels: Tensor | None = None,
) -> Losses:
    """G moves: its loss is D's opinion of G(z), and nothing else; the gradient comes through D, `update` steps G."""
    c = () if labels is None else (labels,)
    with run.autocast():
        loss = generator_loss(D(G(z, *c), *c).float(), kind=kind)
    update(loss)
    return {"G": loss}


def make_step(
    G: Any,
    D: nn.Module,
    update_g: Callable,
    update_d: Callable,
    run: Any,
    *,
    kind: str = "nonsaturating",
    d_steps: int = 1,
    r1: float = 0.0,
    gp: float = 0.0,
    labels: Callable[[Tensor], Tensor] | None = None,
    reuse: bool = False,
) -> Callable[..., Losses]:
    """step(x, y) for `train.fit`: D moves `d_steps` times, then G once; returns the last losses, "D" and "G".

    x is cut into `d_steps` batches, so that D meets no sample twice in a step; each move draws its z from N(0, I).
    `r1` and `gp` are the weights γ and λ of the penalties. With `labels`, a function that makes of y the labels to fake
    (such as `lambda y: y`), both networks are given labels. With `reuse`, G moves by the fakes that D has met last, as
    is usual for large networks: G draws once less in a step.
    """
    check_kind(kind)
    whole(d_steps, "d_steps", 1)
    r1, gp = nonnegative(r1, "r1"), nonnegative(gp, "gp")

    def drawn(x: Tensor, y: Any) -> tuple[Callable, Tensor, Any]:
        """Who makes the fakes, and of what: G of new codes and labels, or what G has made of them already."""
        z = torch.randn(len(x), G.z_dim, device=x.device)
        c = None if labels is None else labels(y)
        if not reuse:
            return G, z, c
        with run.autocast():
            fake = G(z) if c is None else G(z, c)
        return lambda z, *c: fake, z, c

    def step(x: Tensor, y: Any = None) -> Losses:
        if len(x) % d_steps:
            raise ValueError(f"a batch of {len(x)} cannot be cut into {d_steps}, one for each of D's moves.")
        if labels is not None and y is None:
            raise ValueError("no labels came with x, and both networks are to be given labels: call step(x, y).")
        for part, own in zip(x.chunk(d_steps), [None] * d_steps if y is None else y.chunk(d_steps), strict=True):
            drawer, z, c = drawn(part, own)
            pair = None if labels is None else (own, c)
            losses = discriminator_step(drawer, D, update_d, part, z, run, kind=kind, r1=r1, gp=gp, labels=pair)
        if not reuse:
            drawer, z, c = drawn(part, own)
        return losses | generator_step(drawer, D, update_g, z, run, kind=kind, labels=c)

    return step
