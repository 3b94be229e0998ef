"""W + BA: learn a change of low rank, and leave the large W as it is (Hu et al. 2022)."""

import math
from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn.utils import parametrize

from companion._array import positive, whole
from companion.nets.lowrank.counting import matrices


class Update(nn.Module):
    """weight ↦ weight + scale·BA in the weight's shape; B is outputs × rank, A rank × the rest (Hu et al. 2022, §4.1).

    B begins at zero, so that the first answer is the old network's, and A at random with variance 1/inputs.
    """

    def __init__(self, weight: Tensor, rank: int, *, scale: float = 1.0) -> None:
        super().__init__()
        rows, columns = weight.flatten(1).shape
        rank = whole(rank, "rank", 1, min(rows, columns))
        self.A = nn.Parameter(weight.new_empty(rank, columns).normal_(std=1 / math.sqrt(columns)))
        self.B = nn.Parameter(weight.new_zeros(rows, rank))
        self.scale = positive(scale, "scale")

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.scale * (self.B @ self.A).reshape(weight.shape)


def adapt(net: nn.Module, rank: int, *, names: Iterable[str] | None = None, scale: float = 1.0) -> nn.Module:
    """Freeze the network and give its Linear and Conv2d layers (or those of these names) an `Update`; in place.

    A layer whose shorter side is below `rank` gets that side. What then learns are A and B alone, biases stay; hand
    `[p for p in net.parameters() if p.requires_grad]` to the optimizer. ValueError for a name without such a layer.
    """
    rank = whole(rank, "rank", 1)
    known = matrices(net)
    chosen = list(known) if names is None else list(names)
    for name in chosen:
        if name not in known:
            raise ValueError(f"no layer {name!r} can be adapted; there are {', '.join(known)}.")
        if parametrize.is_parametrized(known[name]):
            raise ValueError(f"layer {name!r} is parametrized already: merge the network first.")
    net.requires_grad_(False)
    for name in chosen:
        weight = known[name].weight
        update = Update(weight, min(rank, *weight.flatten(1).shape), scale=scale)
        parametrize.register_parametrization(known[name], "weight", update)
    return net


def merge(net: nn.Module) -> nn.Module:
    """Write each W + scale·BA into W and forget A and B: the network computes the same, at the old cost; in place.

    Afterwards all its weights can learn again.
    """
    for layer in list(net.modules()):
        if parametrize.is_parametrized(layer, "weight") and isinstance(
            layer.get_submodule("parametrizations.weight.0"), Update
        ):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    return net.requires_grad_(True)
