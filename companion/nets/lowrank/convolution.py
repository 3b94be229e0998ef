"""A convolution as two or three cheaper ones. Its weights are outputs × inputs × height × width: which way to flatten?

channels   outputs × (inputs·height·width)        a k × k convolution to few channels, then 1 × 1     (Zhang 2016)
spatial    (outputs·width) × (inputs·height)      a k × 1 convolution, then a 1 × k one     (Jaderberg, Tai)
tucker     both channel axes, each flattened      1 × 1 to few, k × k between few, 1 × 1 to many     (Kim 2016)
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from companion._array import whole
from companion.matrix import svd
from companion.nets.lowrank.dense import bias_of, factors, filled, halves


def channels(layer: nn.Conv2d, rank: int, *, outputs: Float[Tensor, "n q h w"] | None = None) -> nn.Sequential:
    """k × k to `rank` channels, then 1 × 1 to all: at each place the dense layer of a patch, split as `dense` does.

    `outputs` are maps that the layer gave on some data; the pair then has the least squared error on these (Zhang, Zou,
    He & Sun 2016). TypeError, ValueError for what is no Conv2d, has groups, or is padded by other than zeros.
    """
    _check(layer)
    W, bias = layer.weight.detach().flatten(1), bias_of(layer)
    seen = None if outputs is None else outputs.movedim(1, -1).flatten(0, -2)
    B, A, bias = halves(W, bias, rank, seen)
    first = nn.Conv2d(layer.in_channels, len(A), **_moves(layer), bias=False)
    return filled((first, A), (nn.Conv2d(len(A), layer.out_channels, 1), B), bias=bias)


def spatial(layer: nn.Conv2d, rank: int) -> nn.Sequential:
    """k × 1 to `rank` channels, then 1 × k to all: w[o,c,i,j] ≈ Σₖ h[o,k,j]·v[k,c,i], the best such sum.

    The scheme of Jaderberg, Vedaldi & Zisserman (2014), scheme 2; its best weights are the truncated SVD of the
    (o,j) × (c,i) matrix (Tai, Xiao, Zhang, Wang & E 2016, theorem 1).
    """
    _check(layer)
    o, c, _, kw = layer.weight.shape
    matrix = spatial_matrix(layer.weight.detach())
    B, A = factors(matrix, whole(rank, "rank", 1, min(matrix.shape)))
    moves = _moves(layer)
    down: dict[str, Any] = {name: (pair[0], 1) for name, pair in moves.items()}
    across: dict[str, Any] = {name: (1, pair[1]) for name, pair in moves.items()}
    down["padding"], across["padding"] = (moves["padding"][0], 0), (0, moves["padding"][1])
    first, second = nn.Conv2d(c, len(A), **down, bias=False), nn.Conv2d(len(A), o, **across)
    return filled((first, A), (second, B.reshape(o, kw, 1, -1).permute(0, 3, 2, 1)), bias=bias_of(layer))


def spatial_matrix(W: Float[Tensor, "o c i j"]) -> Float[Tensor, "oj ci"]:
    """The weights with a row for each output and column of the kernel, a column for each input and row of it."""
    o, c, kh, kw = W.shape
    return W.permute(0, 3, 1, 2).reshape(o * kw, c * kh)


def tucker(layer: nn.Conv2d, rank_in: int, rank_out: int, *, sweeps: int = 5) -> nn.Sequential:
    """1 × 1 to `rank_in` channels, k × k to `rank_out`, 1 × 1 to all (Kim et al. 2016): Tucker-2.

    w[o,c,i,j] ≈ Σ P[o,a]·core[a,b,i,j]·Q[c,b] with orthonormal columns in P and Q. They begin as the singular vectors
    of w flattened by o and by c, and are improved in turn, each exactly for the other: the error never rises.
    """
    _check(layer)
    W, (o, c, kh, kw) = layer.weight.detach(), layer.weight.shape
    rank_in = whole(rank_in, "rank_in", 1, min(c, o * kh * kw))
    rank_out = whole(rank_out, "rank_out", max(1, -(-rank_in // (kh * kw))), min(o, rank_in * kh * kw))
    P, Q = _leading(W, 0, rank_out), _leading(W, 1, rank_in)
    for _ in range(whole(sweeps, "sweeps", 0)):
        P = _leading(torch.einsum("ocij,cb->obij", W, Q), 0, rank_out)
        Q = _leading(torch.einsum("ocij,oa->acij", W, P), 1, rank_in)
    core = torch.einsum("ocij,oa,cb->abij", W, P, Q)
    first, last = nn.Conv2d(c, rank_in, 1, bias=False), nn.Conv2d(rank_out, o, 1)
    middle = nn.Conv2d(rank_in, rank_out, **_moves(layer), bias=False)
    return filled((first, Q.T), (middle, core), (last, P), bias=bias_of(layer))


def _leading(W: Float[Tensor, "o c i j"], axis: int, rank: int) -> Float[Tensor, "m r"]:
    """The first left singular vectors of W flattened to one row for each entry of `axis`."""
    return svd.exact(W.movedim(axis, 0).flatten(1)).U[:, :rank]


def _moves(layer: nn.Conv2d) -> dict[str, Any]:
    return {name: getattr(layer, name) for name in ("kernel_size", "stride", "padding", "dilation")}


def _check(layer: Any) -> None:
    if not isinstance(layer, nn.Conv2d):
        raise TypeError(f"the layer is a {type(layer).__name__}; a Conv2d is needed: see dense for a Linear.")
    if layer.groups != 1 or layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise ValueError(
            f"the layer has groups {layer.groups}, padding {layer.padding!r} and padding_mode {layer.padding_mode!r}; "
            "groups 1, a padding in pixels and zeros around the picture are needed."
        )
