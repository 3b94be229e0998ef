"""DP-SGD in the shape of `train.Update`: one network, one optimizer, one call."""

import torch
from torch import Tensor, nn

from companion.train.privacy import accountant
from companion.train.privacy.gradients import Gradients, Loss, clipped_sum, per_example
from companion.train.privacy.sampling import PoissonBatches
from companion.train.runtime import Runtime, check_told
from companion.train.update import _agree, _average, _check_owned


class PrivateUpdate:
    """update(x, y): (Σ clip(g_i) + σC·z)/(expected batch) is the gradient of one step of the optimizer.

    Abadi et al. (2016), Algorithm 1: g_i the gradient of loss(net, x_i, y_i), C = `max_norm`, σ = `noise`, z standard
    normal. Sum and divisor do not depend on how many examples the coins of `batches` took. What any optimizer does with
    such a gradient tells no more than the gradient (post-processing). `chunk` examples at a time, to bound the memory.

    On several processes each brings its own examples and the first adds the noise, once. Returns the sum of the
    losses by the expected batch, over this process's examples: a look at private data, which no ε covers.
    """

    def __init__(
        self,
        net: nn.Module,
        optimizer: torch.optim.Optimizer,
        loss: Loss,
        batches: PoissonBatches,
        *,
        noise: float,
        max_norm: float,
        run: Runtime | None = None,
        chunk: int = 256,
    ) -> None:
        noise = accountant._check_noise(noise)
        if not max_norm > 0:
            raise ValueError(f"max_norm is {max_norm!r}; a number > 0 is needed.")
        if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1:
            raise ValueError(f"chunk is {chunk!r}; a whole number of examples ≥ 1 is needed.")
        self.parameters = {name: p for name, p in net.named_parameters() if p.requires_grad}
        _check_owned(list(self.parameters.values()), optimizer)
        check_told(run, "PrivateUpdate(…, run=run)")
        self.net, self.optimizer, self.loss, self.chunk = net, optimizer, loss, chunk
        self.noise, self.max_norm, self.rate, self.size = noise, float(max_norm), batches.rate, batches.size
        self.first, self.world, self.steps = run.first if run else True, run.world if run else 1, 0
        if (batches.rank, batches.world) != ((run.rank, run.world) if run else (0, 1)):
            raise ValueError("batches and update were told of different processes; give the same run to both.")
        _agree(net, self.world)

    def __call__(self, *batch: Tensor) -> Tensor:
        total, losses = self._clipped(batch)
        share = self.world / self.size  # the mean over processes times their number is the sum
        for name, p in self.parameters.items():
            if self.first and self.noise:
                total[name] += self.noise * self.max_norm * torch.randn_like(p)
            p.grad = share * total[name]
        if self.world > 1:
            _average(list(self.parameters.values()), self.world)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.steps += 1
        return losses / self.size

    def _clipped(self, batch: tuple[Tensor, ...]) -> tuple[Gradients, Tensor]:
        """The sum of the clipped gradients and of the losses, chunk by chunk."""
        total = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        losses = next(iter(total.values())).new_zeros(())
        for part in zip(*(rows.split(self.chunk) for rows in batch), strict=True):
            gradients, of_part = per_example(self.net, self.loss, *part)
            for name, g in clipped_sum(gradients, self.max_norm).items():
                total[name] += g
            losses += of_part.sum()
        return total, losses

    def spent(self, delta: float) -> accountant.Spent:
        """The ε at that δ of all steps so far."""
        return accountant.epsilon(self.rate, self.noise, self.steps, delta)

    def state_dict(self) -> dict:
        """Steps and settings too: another rate or noise after a resume would make the count wrong."""
        settings = {"noise": self.noise, "max_norm": self.max_norm, "rate": self.rate}
        return {"optimizer": self.optimizer.state_dict(), "steps": self.steps, **settings}

    def load_state_dict(self, state: dict) -> None:
        for name in ("noise", "max_norm", "rate"):
            if state[name] != getattr(self, name):
                raise ValueError(
                    f"{name} is {getattr(self, name)} and was {state[name]}; the ε of all steps together can be told "
                    "only if it stays."
                )
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps = state["steps"]
