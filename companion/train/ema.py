"""The running average of a network's weights, which often draws better than the weights themselves."""

import copy

import torch
from torch import nn


class EMA:
    """θ̄ ← β θ̄ + (1 − β) θ with β = 2^(−images/half_life): after `half_life` images a weight counts half.

    Counted in images, so that batch size and number of processes do not change it, and with a half-life of at most
    `ramp` of the images seen, so that the start is forgotten: both as in the training loop of NVlabs/stylegan3.
    `net` is the averaged copy, in evaluation mode. Its floating statistics of batch norm are averaged likewise,
    counters are copied: running means of the wandering weights, not of θ̄. `refresh` measures them anew for θ̄ itself.
    """

    def __init__(self, net: nn.Module, *, half_life: float, ramp: float = 0.05) -> None:
        if not half_life > 0:
            raise ValueError(f"half_life is {half_life!r}; a number of images > 0 is needed.")
        if not ramp > 0:
            raise ValueError(f"ramp is {ramp!r}; a share > 0 of the images seen is needed.")
        self.source, self.half_life, self.ramp, self.images = net, half_life, ramp, 0
        self.net = copy.deepcopy(net).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, images: int) -> None:
        """Call after each step with the number of images it took, over all processes: len(x) · run.world."""
        if not images > 0:
            raise ValueError(f"images is {images!r}; the number of images of this step, > 0, is needed.")
        self.images += images
        weight = 1 - 2 ** (-images / min(self.half_life, self.ramp * self.images))
        averages, values = self.net.state_dict(), self.source.state_dict()
        floating = [name for name, value in values.items() if value.is_floating_point()]
        torch._foreach_lerp_([averages[n] for n in floating], [values[n] for n in floating], weight)
        for name in values.keys() - set(floating):
            averages[name].copy_(values[name])

    def refresh(self, batches) -> None:
        """Measure the statistics of batch norm for the averaged weights, as plain means over these batches."""
        torch.optim.swa_utils.update_bn(batches, self.net)

    def state_dict(self) -> dict:
        return {"net": self.net.state_dict(), "images": self.images}

    def load_state_dict(self, state: dict) -> None:
        self.net.load_state_dict(state["net"])
        self.images = state["images"]
