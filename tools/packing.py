"""A network as book/_web/playground/nn.js runs it: its layers, batch norm folded into them, weights rounded to int8.

`forward` is nn.js in Python, by torch: the oracle of its tests. Activations stay floating numbers; only weights are
rounded. Where norms are told a label, its shares of the classes stand behind the code.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from companion.nets.cgan import ConditionalNorm

ACTS = {nn.ReLU: "relu", nn.LeakyReLU: "leaky", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid"}
SLOPE = 0.2  # of LeakyReLU, in nn.js too


class Layer(NamedTuple):
    """One step of nn.js. Weights have the output channel first; `how` is what else the step must know."""

    kind: str
    weight: Tensor  # of a pool: empty
    bias: Tensor
    how: dict[str, Any]
    act: str = "none"


def layers(modules: list[nn.Module], shape: tuple[int, ...]) -> list[Layer]:
    """What these modules do to pictures or codes of that shape, one after the other, in evaluation mode."""
    found: list[Layer] = []
    x = torch.zeros(2, *shape)
    for module in modules:
        if isinstance(module, ConditionalNorm):
            found[-1] = folded(found[-1], module.norm)
            found.append(told(module))
            continue
        before, x = tuple(x.shape[1:]), module.eval()(x)
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            found[-1] = folded(found[-1], module)
        elif type(module) in ACTS:
            found[-1] = found[-1]._replace(act=ACTS[type(module)])
        elif not isinstance(module, nn.Flatten | nn.Unflatten):
            found.append(layer(module, before))
    return found


def layer(module: Any, shape: tuple[int, ...]) -> Layer:
    """One module with weights, or a pool; ValueError for what nn.js does not know."""
    if isinstance(module, nn.MaxPool2d):
        return Layer("pool", torch.empty(0), torch.empty(0), {"size": module.kernel_size, "shape": shape})
    if isinstance(module, nn.Linear):
        return Layer("dense", module.weight.detach(), _bias(module, module.out_features), {"in": module.in_features})
    if not isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        raise ValueError(f"book/_web/playground/nn.js has no layer for {type(module).__name__}.")
    how = {"kernel": module.kernel_size[0], "stride": module.stride[0], "padding": module.padding[0], "shape": shape}
    if isinstance(module, nn.Conv2d):
        return Layer("conv", module.weight.detach(), _bias(module, module.out_channels), how)
    how["extra"] = module.output_padding
    return Layer("deconv", module.weight.detach().transpose(0, 1), _bias(module, module.out_channels), how)


def _bias(module: Any, n: int) -> Tensor:
    return torch.zeros(n) if module.bias is None else module.bias.detach()


def folded(layer: Layer, norm: Any) -> Layer:
    """γ(Wx + b − μ)/√(σ² + ε) + β as one layer. Behind a dense layer a channel is a run of its outputs."""
    assert layer.act == "none", "batch norm behind a bend cannot be folded into what stands before it"
    scale = (norm.weight if norm.affine else 1) / torch.sqrt(norm.running_var + norm.eps)
    shift = (norm.bias if norm.affine else 0) - norm.running_mean * scale
    run = len(layer.bias) // len(scale)
    scale, shift = (v.detach().repeat_interleave(run) for v in (scale, shift))
    weight = layer.weight * scale.reshape(-1, *[1] * (layer.weight.ndim - 1))
    return layer._replace(weight=weight, bias=layer.bias * scale + shift)


def told(norm: Any) -> Layer:
    """What a ConditionalNorm does to each channel: 1 + a and b, a row for each class, to four places."""
    (a,), (b,) = norm.scale.tables, norm.shift.tables
    tables = {"scale": 1 + a.weight.detach(), "shift": b.weight.detach()}
    how = {name: [[round(v, 4) for v in row] for row in table.tolist()] for name, table in tables.items()}
    return Layer("told", torch.empty(0), torch.empty(0), how)


def quantized(weight: Tensor) -> tuple[Tensor, Tensor]:
    """(q, s): w ≈ s·q with whole q from −127 to 127 and one s for each output channel, its largest weight over 127."""
    flat = weight.flatten(1)
    scale = flat.abs().amax(1) / 127
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    return (flat / scale[:, None]).round().to(torch.int8), scale


def packed(net: list[Layer]) -> tuple[list[dict[str, Any]], bytes]:
    """What nn.js reads: the layers without numbers, and all numbers: scales and biases first, then the weights."""
    told, floats, bytes_ = [], b"", b""
    for layer in net:
        told.append({"kind": layer.kind, "act": layer.act, **layer.how})
        if layer.weight.numel():
            q, scale = quantized(layer.weight)
            told[-1] |= {"out": len(q), "weights": q.numel()}
            floats += b"".join(v.numpy().astype("<f4").tobytes() for v in (scale, layer.bias))
            bytes_ += q.numpy().tobytes()
    return told, floats + bytes_


def rounded(net: list[Layer]) -> list[Layer]:
    """The layers with the weights that nn.js will have."""
    return [layer._replace(weight=_rounded(layer.weight)) if layer.weight.numel() else layer for layer in net]


def _rounded(weight: Tensor) -> Tensor:
    q, scale = quantized(weight)
    return (q * scale[:, None]).reshape(weight.shape)


@torch.no_grad()
def forward(net: list[Layer], x: Tensor) -> Tensor:
    """What nn.js computes, in the precision of x; its rows are flat codes or pictures."""
    size = net[0].how.get("in", x.shape[1])
    x, shares = x[:, :size], x[:, size:]
    for layer in net:
        x = _act(layer.act, _told(layer, x, shares) if layer.kind == "told" else _step(layer, x))
    return x


def _told(layer: Layer, x: Tensor, shares: Tensor) -> Tensor:
    """Σ_k shares_k (scale_k x + shift_k), channel by channel."""
    scale, shift = (shares @ torch.tensor(layer.how[name], dtype=x.dtype) for name in ("scale", "shift"))
    return (scale[:, :, None] * x.unflatten(1, (scale.shape[1], -1)) + shift[:, :, None]).flatten(1)


def _step(layer: Layer, x: Tensor) -> Tensor:
    how = layer.how
    if layer.kind == "pool":
        return F.max_pool2d(x.unflatten(1, how["shape"]), how["size"]).flatten(1)
    w, b = layer.weight.to(x.dtype), layer.bias.to(x.dtype)
    if layer.kind == "dense":
        return F.linear(x, w, b)
    x, stride, padding = x.unflatten(1, how["shape"]), how["stride"], how["padding"]
    if layer.kind == "conv":
        return F.conv2d(x, w, b, stride, padding).flatten(1)
    return F.conv_transpose2d(x, w.transpose(0, 1), b, stride, padding, how["extra"]).flatten(1)


def _act(name: str, x: Tensor) -> Tensor:
    bends = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "none": lambda x: x}
    return F.leaky_relu(x, SLOPE) if name == "leaky" else bends[name](x)
