"""One network, one optimizer, one call."""

import torch
import torch.distributed as dist
from torch import nn

from companion.train.runtime import Runtime, check_told


class Update:
    """update(loss): gradients of this network alone, averaged over processes, clipped, one step of its optimizer.

    `loss.backward` is told the network's own parameters, so no other network's gradients are touched: a GAN has two
    Updates and its generator's never spoils the discriminator's. One flat all-reduce a step, as in NVlabs/stylegan3.

    `accumulate` calls make one step, whose gradient is the mean of theirs. `max_norm` clips the joint 2-norm of the
    gradients (Pascanu, Mikolov & Bengio 2013, Algorithm 1); `norm` is what it was before.
    """

    def __init__(
        self,
        net: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        run: Runtime | None = None,
        accumulate: int = 1,
        max_norm: float | None = None,
    ) -> None:
        if isinstance(accumulate, bool) or not isinstance(accumulate, int) or accumulate < 1:
            raise ValueError(f"accumulate is {accumulate!r}; a whole number ≥ 1 is needed: how many calls make a step.")
        if max_norm is not None and not max_norm > 0:
            raise ValueError(f"max_norm is {max_norm!r}; a number > 0 is needed, or None for no clipping.")
        self.parameters = [p for p in net.parameters() if p.requires_grad]
        _check_owned(self.parameters, optimizer)
        self.optimizer, self.accumulate, self.max_norm = optimizer, accumulate, max_norm
        check_told(run, "Update(net, optimizer, run=run)")
        self.world, self.calls = run.world if run else 1, 0
        self.norm: torch.Tensor | None = None
        _agree(net, self.world)

    def __call__(self, loss: torch.Tensor) -> None:
        (loss if self.accumulate == 1 else loss / self.accumulate).backward(inputs=self.parameters)
        self.calls += 1
        if self.calls % self.accumulate:
            return
        if self.world > 1:
            _average(self.parameters, self.world)
        if self.max_norm is not None:
            self.norm = nn.utils.clip_grad_norm_(self.parameters, self.max_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def state_dict(self) -> dict:
        if done := self.calls % self.accumulate:
            raise ValueError(
                f"{done} of {self.accumulate} calls of a step are done, and their gradients would be lost: save after "
                f"a multiple of {self.accumulate} calls."
            )
        return {"optimizer": self.optimizer.state_dict(), "calls": self.calls}

    def load_state_dict(self, state: dict) -> None:
        self.optimizer.load_state_dict(state["optimizer"])
        self.calls = state["calls"]


def _check_owned(parameters: list[nn.Parameter], optimizer: torch.optim.Optimizer) -> None:
    theirs = {id(p) for group in optimizer.param_groups for p in group["params"]}
    ours = {id(p) for p in parameters}
    if not ours or ours != theirs:
        raise ValueError(
            f"the network has {len(ours)} trainable parameters, the optimizer {len(theirs)}, and {len(ours & theirs)} "
            "are the same; make the optimizer with net.parameters() of this network."
        )


def _agree(net: nn.Module, world: int) -> None:
    """All processes begin with the weights of the first."""
    if world > 1:
        for tensor in net.state_dict().values():
            dist.broadcast(tensor, src=0)


def _average(parameters: list[nn.Parameter], world: int) -> None:
    """Each gradient becomes its mean over all processes, by one message; what no process used keeps none.

    A process that did not use a parameter sends zeros for it. How many did goes along, at the end of the message.
    """
    used = torch.tensor([p.grad is not None for p in parameters]).to(parameters[0])
    flat = torch.cat([*((torch.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in parameters), used])
    dist.all_reduce(flat)
    flat /= world
    *parts, users = flat.split([p.numel() for p in parameters] + [len(parameters)])
    for p, part, users_of_p in zip(parameters, parts, users, strict=True):
        if p.grad is None and users_of_p > 0:
            p.grad = torch.empty_like(p)
        if p.grad is not None:
            p.grad.copy_(part.view_as(p))
