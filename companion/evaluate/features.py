"""What a trained network sees in pictures: the features of which most metrics are made."""

from typing import Any, NamedTuple

from array_api_compat import array_namespace, device
from jaxtyping import Inexact, Num

from companion._array import checked, whole


class Features(NamedTuple):
    """One row for each picture: what the last dense layer is given, and what it returns."""

    x: Inexact[Any, "n d"]
    logits: Inexact[Any, "n k"]


def extract(net: Any, x: Num[Any, "n *shape"], *, size: int = 500) -> Features:
    """The penultimate features of `net`, a torch module that ends in a dense layer, and its logits; `size` at a time.

    Pictures of bytes are divided by 255; others are taken as they are: hand them over in the range in which the network
    was trained, so after a generator that ends in tanh (G(z) + 1)/2. The net runs in evaluation mode, without
    gradients, on its own device; the answer is of the library and on the device of x, in the net's precision.
    """
    import torch  # here: the other metrics do not need it

    xp, size = _check(x), whole(size, "size", 1)
    last = _last_dense(net, torch)
    weight, mode, found, kept = last.weight, net.training, [], []
    handle = last.register_forward_pre_hook(lambda _, given: kept.append(given[0]))
    net.eval()
    try:
        with torch.no_grad():
            for first in range(0, x.shape[0], size):
                block = torch.as_tensor(x[first : first + size])
                scale = 255 if block.dtype is torch.uint8 else 1
                found.append(net(block.to(weight.device, weight.dtype) / scale))
    finally:
        handle.remove()
        net.train(mode)
    return Features(*(xp.asarray(torch.cat(parts).cpu(), device=device(x)) for parts in (kept, found)))


def _last_dense(net: Any, torch: Any) -> Any:
    layers = [layer for layer in net.modules() if isinstance(layer, torch.nn.Linear)] if hasattr(net, "modules") else []
    if not layers:
        raise TypeError(f"net is a {type(net).__name__} without a dense layer; a torch classifier is needed.")
    return layers[-1]


def _check(x: Any) -> Any:
    """The namespace of x. Bytes are always finite, and a copy of them in float64 may be large."""
    if "uint8" in str(getattr(x, "dtype", "")) and 2 <= x.ndim <= 4 and 0 not in x.shape:
        return array_namespace(x)
    return checked(x, "x", (2, 3, 4))[0]
