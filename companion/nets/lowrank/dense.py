"""W ≈ BA: one dense layer becomes two thinner ones, by a truncated SVD of its weights or by a PCA of its outputs."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from companion._array import whole
from companion.matrix import svd


def factors(W: Float[Tensor, "q p"], rank: int) -> tuple[Float[Tensor, "q r"], Float[Tensor, "r p"]]:
    """(B, A) with BA the matrix of that rank nearest to W (Eckart & Young 1936), √σ in each of the two.

    So both are equally large, ‖B‖_F = ‖A‖_F, and learn at the same pace when they are trained on.
    """
    U, s, Vh = svd.exact(W).truncate(rank)
    root = s**0.5
    return U * root, root[:, None] * Vh


def projected(
    W: Float[Tensor, "q p"], bias: Float[Tensor, " q"], rank: int, outputs: Float[Tensor, "n q"]
) -> tuple[Float[Tensor, "q r"], Float[Tensor, "r p"], Float[Tensor, " q"]]:
    """(U, UᵀW, b′): the layer of that rank whose outputs are nearest to the true ones on the data, bias and all.

    With ȳ the mean of `outputs` and U the first principal directions of them, y ↦ ȳ + UUᵀ(y − ȳ) loses least (PCA). Of
    y = Wx + b this makes UUᵀW x + b′ with b′ = b + (I − UUᵀ)(ȳ − b) (Zhang, Zou, He & Sun 2016). Equally: BA C^½ is the
    truncated SVD of W C^½, C the covariance of the inputs.
    """
    mean, components, _ = svd.pca(outputs, rank)
    missed = mean - bias
    return components.T, components @ W, bias + missed - components.T @ (components @ missed)


def dense(layer: nn.Linear, rank: int, *, outputs: Float[Tensor, "n q"] | None = None) -> nn.Sequential:
    """Two dense layers, inputs → rank → outputs, in the place of one: rank·(inputs + outputs) products.

    Without `outputs` the truncated SVD of the weights. With `outputs`, what the layer gave on some data, one row each,
    the pair whose outputs on these data have the least squared error. TypeError for what is no dense layer.
    """
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"the layer is a {type(layer).__name__}; a Linear is needed: see channels for convolutions.")
    W, bias = layer.weight.detach(), bias_of(layer)
    B, A, bias = halves(W, bias, rank, outputs)
    first = nn.Linear(layer.in_features, len(A), bias=False)
    second = nn.Linear(len(A), layer.out_features)
    return filled((first, A), (second, B), bias=bias)


def halves(
    W: Float[Tensor, "q p"], bias: Float[Tensor, " q"], rank: int, outputs: Float[Tensor, "n q"] | None
) -> tuple[Tensor, Tensor, Tensor]:
    """(B, A, bias) by `factors`, or by `projected` where outputs are given."""
    rank = whole(rank, "rank", 1, min(W.shape))
    if outputs is None:
        return *factors(W, rank), bias
    if outputs.ndim != 2 or outputs.shape[1] != len(W) or len(outputs) <= rank:
        raise ValueError(
            f"outputs has shape {tuple(outputs.shape)}; more than {rank} rows of {len(W)} numbers, one for each "
            "output of the layer, are needed."
        )
    return projected(W, bias, rank, outputs)


def bias_of(layer: nn.Linear | nn.Conv2d) -> Float[Tensor, " q"]:
    """The layer's bias, zeros if it has none."""
    return layer.weight.new_zeros(len(layer.weight)) if layer.bias is None else layer.bias.detach()


def filled(*parts: tuple[nn.Linear | nn.Conv2d, Tensor], bias: Float[Tensor, " q"]) -> nn.Sequential:
    """The layers in a row, with these weights, and `bias` in the last; of the dtype and on the device of the bias."""
    made = nn.Sequential(*(layer for layer, _ in parts)).to(bias)
    with torch.no_grad():
        for layer, weight in parts:
            layer.weight.copy_(weight.reshape(layer.weight.shape))
        made.get_parameter(f"{len(parts) - 1}.bias").copy_(bias)
    return made
