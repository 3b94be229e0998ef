"""A density fitted to the codes after training: where q(z) is not N(0, I), new codes should not come from N(0, I)."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from companion.matrix import gmm
from companion.nets.vae import codes


@torch.no_grad()
def density(
    net: Any,
    x: Float[Tensor, "n c h w"],
    n_components: int,
    y: Int[Tensor, " n"] | None = None,
    *,
    reg: float = 1e-4,
    rng: Any = None,
) -> gmm.GaussianMixture:
    """A mixture of Gaussians for the codes of these pictures, one code drawn from q(z|x) for each.

    Their density is the aggregate posterior q(z) = mean of q(z|x), which is what the decoder has been trained on
    (Ghosh et al. 2020 fit a mixture after training, and call it ex-post density estimation). `reg` and `rng` as in
    `gmm.em`; draw pictures with net.pictures(mixture.sample(n, rng=…).X).
    """
    z = codes.draw(net.encode(x, y))[0]
    return gmm.em(z, n_components, reg=reg, rng=rng).mixture
