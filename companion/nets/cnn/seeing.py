"""What does the net look at? Three questions to a classifier that is not changed by being asked."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from companion._array import positive, whole


def saliency(net: nn.Module, x: Float[Tensor, "n c h w"], y: Int[Tensor, " n"]) -> Float[Tensor, "n h w"]:
    """|∂ logit_y / ∂x|, the largest over the channels (Simonyan, Vedaldi & Zisserman 2014).

    How fast the logit of class y moves with each pixel, at this picture.
    """
    x = x.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(net(x).gather(1, y[:, None]).sum(), x)
    return slope.abs().amax(1)


@torch.no_grad()
def occlusion(
    net: nn.Module, x: Float[Tensor, "n c h w"], y: Int[Tensor, " n"], *, size: int = 5, value: float = 0.0
) -> Float[Tensor, "n h w"]:
    """p(y | x) − p(y | x with a size × size square of `value` around that pixel) (Zeiler & Fergus 2014).

    How much the probability of class y falls when that place is covered.
    """
    whole(size, "size", 1, min(x.shape[2:]))
    before = torch.softmax(net(x), 1).gather(1, y[:, None])
    _, _, h, w = x.shape
    fall = x.new_zeros(len(x), h, w)
    for i in range(h):
        covered = x.repeat(w, 1, 1, 1, 1)  # one copy of all pictures for each place of this row
        top = max(0, i - size // 2)
        for j in range(w):
            left = max(0, j - size // 2)
            covered[j, :, :, top : i - size // 2 + size, left : j - size // 2 + size] = value
        after = torch.softmax(net(covered.flatten(0, 1)), 1).gather(1, y.repeat(w)[:, None])
        fall[:, i] = (before - after.reshape(w, len(x), 1)).squeeze(2).T
    return fall


def excite(
    score: Callable[[Tensor], Tensor],
    x: Float[Tensor, "n c h w"],
    *,
    steps: int = 100,
    lr: float = 0.05,
    jitter: int = 2,
) -> Float[Tensor, "n c h w"]:
    """Pictures in [0, 1] that make score(x), one number for each, large: gradient ascent from x (Erhan et al. 2009).

    Before each step all pictures are moved by up to `jitter` pixels, so that no single grid of pixels can be exploited.
    """
    whole(steps, "steps", 1)
    whole(jitter, "jitter", 0)
    x = x.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([x], positive(lr, "lr"))
    for _ in range(steps):
        moved = x.roll(torch.randint(-jitter, jitter + 1, (2,)).tolist(), (2, 3))
        (x.grad,) = torch.autograd.grad(-score(moved).sum(), x)
        optimizer.step()
        with torch.no_grad():
            x.clamp_(0, 1)
    return x.detach()
