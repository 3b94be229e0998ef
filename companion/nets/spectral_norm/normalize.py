"""weight ↦ weight/σ. σ by power iteration, one step with each use: the weights move slowly, and so do u and v."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from companion._array import whole
from companion.matrix import norms
from companion.nets.spectral_norm.operator import Flattened, Layer, operator_of


class SpectralNorm(nn.Module):
    """weight ↦ weight/σ with σ = ⟨u, A v⟩ and A = operator(weight) (Miyato et al. 2018, Algorithm 1).

    In training mode u and v first make one step of `norms.power_step`; they are kept as buffers, for evaluation and for
    checkpoints. No gradient passes through them: that of σ by a matrix A is u vᵀ.
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor, operator: Flattened | Layer, *, warm_up: int = 15) -> None:
        super().__init__()
        self.operator = operator
        v = torch.randn(operator.inputs(weight), dtype=weight.dtype, device=weight.device)
        with torch.no_grad():
            A = operator(weight)
            for _ in range(whole(warm_up, "warm_up", 1)):
                _, u, v = norms.power_step(A, v)
        self.register_buffer("u", u)
        self.register_buffer("v", v)

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast(weight.device.type, enabled=False):
            A = self.operator(weight)
            if self.training:
                with torch.no_grad():  # new tensors: an earlier use may still wait for its backward pass
                    _, self.u, self.v = norms.power_step(A, self.v)
            return weight / torch.dot(self.u, A @ self.v)


def spectral_norm(layer: Any, *, size: int | tuple[int, ...] | None = None, warm_up: int = 15) -> Any:
    """Divide the layer's weights by a norm whenever they are used; returns the layer, changed in place.

    Without `size` by the spectral norm of the flattened weights, as in the paper and as torch's parametrization does: a
    convolution of kernel k and stride s may then still stretch by ⌈k/s⌉. With `size`, the side or (height, width) of
    what comes in, by the norm of the whole layer; it then stretches pictures of that size by 1 at most, once u and v
    have settled. TypeError for what is no Linear, Conv1d, Conv2d or a transposed one.
    """
    operator = operator_of(layer, size)
    parametrized = SpectralNorm(layer.weight, operator, warm_up=warm_up)
    parametrize.register_parametrization(layer, "weight", parametrized)
    return layer
