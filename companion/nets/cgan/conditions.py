"""How a label enters a network: as a vector that is learned, and as the scale and shift of a normalization."""

import itertools

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from companion._array import whole

Labels = Int[Tensor, "n *factors"] | Float[Tensor, "n classes"]


class Embedding(nn.Module):
    """E(c): one learned vector of `size` numbers for each of `classes` labels; a one-hot label times a matrix.

    `classes` is a number, with labels c (n,), or several for labels of several factors, such as (10, 22) for digit and
    typeface with c (n, 2); the vectors of the factors are added. With one factor c may also be shares of the classes,
    floating numbers (n, classes): what lies between labels. `scale` 0 begins with zeros, else with N(0, scale²).
    """

    def __init__(self, classes: int | tuple[int, ...], size: int, *, scale: float = 1.0) -> None:
        super().__init__()
        self.classes = tuple(whole(k, "classes", 1) for k in (classes if isinstance(classes, tuple) else (classes,)))
        whole(size, "size", 1)
        self.tables = nn.ModuleList(nn.Embedding(k, size) for k in self.classes)
        for parameter in self.tables.parameters():
            parameter.data.mul_(scale)

    def forward(self, c: Labels) -> Float[Tensor, "n size"]:
        if c.is_floating_point() and c.shape[1:] == self.classes:
            return c @ self.tables[0].get_parameter("weight")
        columns = self._checked(c).unbind(1)
        first, *rest = (table(column) for table, column in zip(self.tables, columns, strict=True))
        return sum(rest, first)

    def _checked(self, c: Tensor) -> Tensor:
        """c as (n, factors). Whether the numbers are in range costs a wait on a GPU, so only a CPU is asked."""
        k = len(self.classes)
        shape = "(n,)" if k == 1 else f"(n, {k})"
        if c.dtype.is_floating_point or c.dtype == torch.bool or c.ndim not in (1, 2) or c.numel() != len(c) * k:
            shares = f", or shares of the classes (n, {self.classes[0]})," if k == 1 else ","
            raise ValueError(
                f"c is {c.dtype} of shape {tuple(c.shape)}; class numbers, int64 {shape}{shares} are needed."
            )
        c = c.reshape(len(c), k)
        if c.device.type == "cpu" and len(c) and bool(((c < 0) | (c >= torch.tensor(self.classes))).any()):
            found = [f"{int(v.min())} to {int(v.max())}" for v in c.unbind(1)]
            raise ValueError(f"c is from {', '.join(found)}; the classes are 0 to {', '.join(_last(self.classes))}.")
        return c


def _last(classes: tuple[int, ...]) -> list[str]:
    return [str(k - 1) for k in classes]


class ConditionalNorm(nn.Module):
    """(1 + a(c))·x̂ + b(c), x̂ the batch-normalized x: each class has a scale and a shift of its own for each channel.

    De Vries et al. (2017). The mean and the variance are those of the whole batch, all classes together. It takes the
    place of `norm`, whose settings it keeps. The label is set from outside, in `c`, before each call; a and b begin
    at 0.
    """

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d, classes: int | tuple[int, ...]) -> None:
        super().__init__()
        k = norm.num_features
        self.norm = type(norm)(k, eps=norm.eps, momentum=norm.momentum, affine=False)
        self.scale, self.shift = Embedding(classes, k, scale=0), Embedding(classes, k, scale=0)
        self.c: Tensor | None = None

    def forward(self, x: Float[Tensor, "n k *places"]) -> Float[Tensor, "n k *places"]:
        if self.c is None or len(self.c) != len(x):
            given = "none" if self.c is None else str(len(self.c))
            raise ValueError(f"{len(x)} pictures, and labels for {given}: set .c, one label each, before the call.")
        fit = (..., *itertools.repeat(None, x.ndim - 2))
        return (1 + self.scale(self.c)[fit]) * self.norm(x) + self.shift(self.c)[fit]


def conditioned(net: nn.Module, classes: int | tuple[int, ...]) -> list[ConditionalNorm]:
    """Put a ConditionalNorm in the place of every batch norm inside `net`, and return them, to be told the labels."""
    found: list[ConditionalNorm] = []
    for parent in list(net.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                found.append(ConditionalNorm(layer, classes))
                setattr(parent, name, found[-1])
    if not found:
        raise ValueError(f"{type(net).__name__} has no batch norm whose place a conditional one could take.")
    return found
