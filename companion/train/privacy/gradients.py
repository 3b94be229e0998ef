"""A gradient for each example, and their sum after none is longer than a bound."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap

Gradients = dict[str, Tensor]  # by the parameter's name: (examples, *its shape)
Loss = Callable[..., Tensor]  # loss(net, *example) -> a scalar; each part of the example has a batch axis of length 1


def per_example(net: nn.Module, loss: Loss, *examples: Tensor) -> tuple[Gradients, Tensor]:
    """∂ loss(net, example)/∂θ for every example, and the losses: one pass, by vmap of grad.

    `loss` is called as loss(net, x, y, …) with batches of one. Parameters that want no gradient get none. Random
    numbers (dropout) differ from example to example. TypeError if the net has a layer that mixes the examples of a
    batch, as batch norm does: of such a net no gradient belongs to one example.
    """
    _check_apart(net)
    n = {len(part) for part in examples}
    if len(n) != 1:
        raise ValueError(f"the parts of the batch have {sorted(n)} rows; as many each are needed, at least one part.")
    wanted = {name: p.detach() for name, p in net.named_parameters() if p.requires_grad}
    fixed = {name: t.detach() for name, t in {**dict(net.named_parameters()), **dict(net.named_buffers())}.items()}
    if n == {0}:
        first = next(iter(wanted.values()))
        return {name: p.new_zeros(0, *p.shape) for name, p in wanted.items()}, first.new_zeros(0)

    def one(parameters: Mapping[str, Tensor], *example: Tensor) -> Tensor:
        def called(*inputs: Tensor, **options: Tensor) -> Tensor:
            return functional_call(net, {**fixed, **parameters}, inputs, options)

        return loss(called, *(part[None] for part in example))

    each = vmap(grad_and_value(one), (None, *(0 for _ in examples)), randomness="different")
    return each(wanted, *examples)


def norms(gradients: Gradients) -> Tensor:
    """‖g_i‖₂ of each example, over all parameters together: (examples,)."""
    parts = [torch.linalg.vector_norm(g.flatten(1), dim=1) for g in gradients.values()]
    return torch.linalg.vector_norm(torch.stack(parts), dim=0)


def clipped_sum(gradients: Gradients, max_norm: float) -> Gradients:
    """Σ g_i · min(1, C/‖g_i‖₂): one example more or less moves it by C at most (Abadi et al. 2016, Algorithm 1).

    A gradient that is not finite counts as zero: it would move the sum by more than C.
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm!r}; a number > 0 is needed.")
    lengths = norms(gradients)
    scale = torch.where(lengths.isfinite(), (max_norm / lengths.clamp(min=max_norm)), 0.0)
    return {name: torch.einsum("n,n...->...", scale, _finite(g, lengths)) for name, g in gradients.items()}


def _finite(gradient: Tensor, lengths: Tensor) -> Tensor:
    """0 · ∞ is NaN, so what is not finite must go before it is scaled."""
    return gradient if bool(lengths.isfinite().all()) else gradient.nan_to_num(0, 0, 0)


def _check_apart(net: nn.Module) -> None:
    for name, layer in net.named_modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and (layer.training or not layer.track_running_stats):
            raise TypeError(
                f"{name or 'the net'} is a {type(layer).__name__}, which mixes the examples of a batch, so that none "
                "has a gradient of its own: take nn.GroupNorm."
            )
