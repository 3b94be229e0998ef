"""A network whose layers are replaced by thinner ones; and how thin each may get, if all together may cost so much."""

import copy
import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from companion._array import positive
from companion.matrix import svd
from companion.nets.cnn import costs
from companion.nets.lowrank.convolution import channels, spatial, spatial_matrix
from companion.nets.lowrank.counting import break_even, counts, matrices
from companion.nets.lowrank.dense import dense


class Thin(NamedTuple):
    """A network with thinner layers, and the rank of each."""

    net: nn.Module
    ranks: dict[str, int]


def thin(net: nn.Module, x: Tensor, ways: Mapping[str, str], *, fewer: float) -> Thin:
    """A copy that multiplies at most 1/`fewer` times as often; `ways` names the layers to split, and how each.

    "channels" fits a layer to its outputs on the inputs x, "spatial" to its weights; which layer gets how much `allot`
    decides. What is counted are the products of all Linear and Conv2d layers on one input of the shape of x. ValueError
    for a layer or a way that is not there, for a layer that no rank makes cheaper, and where `fewer` is out of reach.
    """
    if positive(fewer, "fewer") <= 1:
        raise ValueError(f"fewer is {fewer}; a number > 1 is needed: how many times fewer products.")
    layers = {name: _layer(net, name) for name in ways}
    seen = {name: outputs(net, name, x) for name in ways}
    sizes = {name: _size(net, name, x[:1]) for name in ways}
    limits = {name: break_even(layer, ways[name], sizes[name]) for name, layer in layers.items()}
    for name, limit in limits.items():
        if limit < 1:
            raise ValueError(f"layer {name!r} is so small that no rank makes it cheaper: leave it whole.")
    prices = {name: counts(layer, ways[name], 1, sizes[name]).products for name, layer in layers.items()}
    energies = {name: _energy(layer, ways[name], seen[name]) for name, layer in layers.items()}
    total = sum(row.products for row in costs(net, tuple(x.shape[1:])))
    spared = sum(counts(layer, size=sizes[name]).products for name, layer in layers.items())
    if (budget := total / fewer - (total - spared)) < sum(prices.values()):
        least = total / (total - spared + sum(prices.values()))
        raise ValueError(f"fewer is {fewer}; with these layers {least:.2f} is the most: split more of them.")
    ranks = allot(energies, prices, budget, limits=limits)
    return Thin(split(net, {n: _piece(layer, ways[n], ranks[n], seen[n]) for n, layer in layers.items()}), ranks)


def _layer(net: nn.Module, name: str) -> nn.Linear | nn.Conv2d:
    known = matrices(net)
    if name not in known:
        raise ValueError(f"the network has no layer {name!r} to split; it has {', '.join(known)}.")
    return known[name]


def _size(net: nn.Module, name: str, x: Tensor) -> tuple[int, int]:
    """(height, width) of what comes into the layer; (1, 1) for a dense one."""
    kept: list[tuple[int, ...]] = []
    handle = net.get_submodule(name).register_forward_pre_hook(lambda _, given: kept.append(tuple(given[0].shape)))
    try:
        outputs(net, name, x)
    finally:
        handle.remove()
    return kept[0][2:] if len(kept[0]) == 4 else (1, 1)


def _energy(layer: nn.Linear | nn.Conv2d, way: str, seen: Tensor) -> Float[Tensor, " n"]:
    """What each unit of rank keeps: variances of the outputs, or squared singular values of the weights."""
    if way == "channels":
        y = seen.movedim(1, -1).flatten(0, -2)
        rank = min(y.shape[1], layer.weight[0].numel(), max(len(y) - 1, 1))  # of few inputs, no more can be said
        return svd.pca(y, rank).variances.clamp(min=0)
    return svd.exact(spatial_matrix(layer.weight.detach())).s ** 2


def _piece(layer: nn.Linear | nn.Conv2d, way: str, rank: int, seen: Tensor) -> nn.Module:
    if isinstance(layer, nn.Linear):
        return dense(layer, rank, outputs=seen)
    return channels(layer, rank, outputs=seen) if way == "channels" else spatial(layer, rank)


def split(net: nn.Module, pieces: Mapping[str, nn.Module]) -> nn.Module:
    """A copy of the network with the layers of these names, as in `net.named_modules()`, replaced.

    The pieces themselves are put in, not copied; the other layers are. Raises ValueError for an unknown name.
    """
    known = [name for name, _ in net.named_modules() if name]
    for name in pieces:
        if name not in known:
            raise ValueError(f"the network has no layer {name!r}; it has {', '.join(known)}.")
    made = copy.deepcopy(net)
    for name, piece in pieces.items():
        made.set_submodule(name, piece)
    return made


@torch.no_grad()
def outputs(net: nn.Module, name: str, x: Tensor) -> Tensor:
    """What the layer of that name gives while the network looks at x, in evaluation mode."""
    kept: list[Tensor] = []
    handle = net.get_submodule(name).register_forward_hook(lambda layer, inputs, y: kept.append(y.detach()))
    mode = net.training
    try:
        net.eval()(x)
    finally:
        handle.remove()
        net.train(mode)
    if not kept:
        raise ValueError(f"the network did not use its layer {name!r} on this x.")
    return torch.cat(kept)


def allot(
    energies: Mapping[str, Float[Tensor, " n"]], prices: Mapping[str, int], budget: float, *, limits: Mapping[str, int]
) -> dict[str, int]:
    """The rank of each layer, so that Σ rank·price ≤ budget and the product of kept shares of energy is large.

    `energies` are the squares of a layer's singular values or the variances of its outputs, descending; a price is what
    one unit of rank costs. Greedy (Zhang, Zou, He & Sun 2016): begin with `limits`, and drop again and again the
    last unit of the layer whose log of kept energy falls least for each product saved. No rank falls below 1, so that
    ValueError is raised where even that is too much.
    """
    budget = positive(budget, "budget")
    if budget < sum(prices.values()):
        raise ValueError(f"budget is {budget:g}, but rank 1 everywhere costs {sum(prices.values()):g}: allow more.")
    ranks = {name: min(limits[name], len(e)) for name, e in energies.items()}
    kept = {name: torch.cumsum(e.double(), 0).tolist() for name, e in energies.items()}

    def fall(name: str) -> float:
        r = ranks[name]
        return math.log(kept[name][r - 1] / kept[name][r - 2]) / prices[name]

    while sum(ranks[name] * prices[name] for name in ranks) > budget:
        ranks[min((name for name, r in ranks.items() if r > 1), key=fall)] -= 1
    return ranks
