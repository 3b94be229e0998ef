"""Write what the playgrounds run on: python -m tools.playground [NAME …]

book/_web/playground/models/NAME.js      a network of companion/weights, its weights as int8 with one float32 scale for
                                         each output channel, batch norm folded into them; or pictures, or parts
book/_web/playground/fallback/NAME.png   the picture for paper (tools/playground_pictures.py)
tests/tools/playground.json              golden values: an input of each network, and what comes out

Write them anew whenever companion/weights changes; tests say so. The pictures of MNIST need COMPANION_DATA. How a
network is packed says tools/packing.py.
"""

import base64
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from companion import data
from companion.data.cache import write_atomically
from tools import playground_pictures, shipped
from tools.book import BOOK, ROOT
from tools.packing import Layer, forward, layers, packed, quantized, rounded

FOLDER = BOOK / "_web" / "playground"
GOLDEN = ROOT / "tests" / "tools" / "playground.json"


class Net(NamedTuple):
    """Layers, the original, inputs for golden values, and what else the file holds."""

    source: str
    layers: list[Layer]
    original: Callable[[Tensor], Tensor]
    x: Tensor
    more: dict[str, Any]


def _codes(n: int, size: int) -> Tensor:
    """A few codes with few digits, so that the file of golden values stays small."""
    return torch.randn(n, size, generator=torch.Generator().manual_seed(0)).mul(100).round() / 100


def the_gan(name: str = "gan-mnist") -> Net:
    G = shipped.the_gan(name)
    return Net(name, layers([*G.layers, nn.Tanh()], (G.z_dim,)), G, _codes(1, G.z_dim), {})


def the_dcgan(name: str = "dcgan-mnist") -> Net:
    G = shipped.the_dcgan(name)
    return Net(name, layers(list(G.layers), (G.z_dim,)), G, _codes(1, G.z_dim), {})


def the_cgan(name: str = "cgan-mnist") -> Net:
    G = shipped.the_cgan(name)
    if G.label or not G.norms:
        raise SystemExit(f"{name} has the label beside its code; nn.js takes it in the norms alone.")
    shares = torch.eye(10)[7:8] / 4 + 3 * torch.eye(10)[1:2] / 4
    x = torch.cat([_codes(1, G.z_dim), shares], 1)
    return Net(name, layers(list(G.body.layers), (G.z_dim,)), lambda x: G(x[:, :-10], x[:, -10:]), x, {})


def the_vae(name: str = "vae2-mnist") -> Net:
    given = data.record(name)["options"]
    if given["likelihood"] != "bernoulli" or given.get("conditional"):
        raise SystemExit(f"{name} is not a plain model of black and white pixels; nn.js draws only those.")
    model = shipped.the_vae(name)
    d = model.decoder
    inner = list(d.layers) if given["model"] == "mlp" else [*d.first, nn.Unflatten(1, d.start), *d.convolutions]
    return Net(name, layers([*inner, nn.Sigmoid()], (given["z_dim"],)), model.pictures, _codes(1, given["z_dim"]), {})


def the_cnn(name: str = "cnn-drawn-mnist") -> Net:
    net = shipped.the_cnn(name)
    first, second, third = net.convs
    steps = [first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), nn.MaxPool2d(2), third, nn.ReLU(), nn.Flatten()]
    digits = _handwriting(10, split="test", each=1)
    x = torch.as_tensor(digits).flatten(1) / 255
    more = {"examples": _text(digits.tobytes())}
    inner = layers([*steps, net.dense, nn.ReLU(), net.last], (1, 28, 28))
    return Net(name, inner, lambda x: net(x.unflatten(1, (1, 28, 28))), x, more)


NETS: dict[str, Callable[[], Net]] = {
    "gan": the_gan, "dcgan": the_dcgan, "cgan": the_cgan, "vae": the_vae, "cnn": the_cnn,
}  # fmt: skip


def _handwriting(n: int, *, split: str, each: int = 0) -> np.ndarray:
    """n pictures of MNIST (n, 784), evenly spaced, or the first `each` of every class, in order."""
    x, y = data.images("mnist", split)
    at = np.concatenate([np.flatnonzero(y == k)[:each] for k in range(10)]) if each else np.arange(n) * (len(x) // n)
    return x.reshape(len(x), -1)[at]


def photo() -> dict[str, Any]:
    """The temple in grey, 192 × 128."""
    from PIL import Image

    small = Image.fromarray(data.photos().china).convert("L").resize((192, 128), Image.Resampling.LANCZOS)
    return {"name": "A temple", "width": 192, "height": 128, "pixels": _text(np.asarray(small).tobytes())}


def parts() -> dict[str, Any]:
    """The sixteen parts of printed digits, and ten digits that were not among those they were found in."""
    q, scale = quantized(torch.as_tensor(shipped.parts()))
    others, classes = data.images("glyphs", "test")
    ten = np.stack([others[np.flatnonzero(classes == k)[3]].ravel() for k in range(10)])
    return {
        "size": 28,
        "reach": 2,
        "scales": scale.tolist(),
        "parts": _text(q.numpy().tobytes()),
        "wholes": _text(ten.tobytes()),
    }


def real() -> dict[str, Any]:
    """Pictures of MNIST's test set, whose makers are Yann LeCun and Corinna Cortes (CC BY-SA 3.0)."""
    return {
        "pixels": _text(_handwriting(100, split="test").tobytes()),
        "licence": "MNIST, LeCun and Cortes, CC BY-SA 3.0",
    }


DATA: dict[str, Callable[[], dict[str, Any]]] = {"photo": photo, "parts": parts, "real": real}


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def script(name: str, content: dict[str, Any], source: str) -> bytes:
    told = json.dumps(content, separators=(",", ":"))
    return f'// Written by tools/playground.py from {source}.\nPlayground.model("{name}", {told});\n'.encode()


def golden(net: Net) -> dict[str, Any]:
    """Input, what nn.js must put out, and what the original network does."""
    with torch.no_grad():
        original = net.original(net.x).flatten(1)
    y = forward(rounded(net.layers), net.x.double())
    return {"x": _short(net.x, 9), "y": _short(y, 8), "original": _short(original, 4)}


def _short(x: Tensor, digits: int) -> list[list[float]]:
    return [[round(v, digits) for v in row] for row in x.double().tolist()]


def write(names: list[str]) -> Iterator[str]:
    for name in names:
        if name in NETS:
            net = NETS[name]()
            told, numbers = packed(net.layers)
            content: dict[str, Any] = {"layers": told, "sha256": data.record(net.source)["sha256"], **net.more}
            content, source = content | {"data": _text(numbers)}, f"companion/weights/{net.source}.safetensors"
            keep(name, golden(net))
        else:
            content, source = DATA[name](), "the package's data"
        js = script(name, content, source)
        write_atomically(FOLDER / "models" / f"{name}.js", js)
        yield f"{name}.js: {len(js):,} bytes"


def keep(name: str, values: dict[str, Any]) -> None:
    """Among the golden values, in order of their names."""
    kept = json.loads(GOLDEN.read_text(encoding="utf8")) if GOLDEN.exists() else {}
    kept = dict(sorted((kept | {name: values}).items()))
    write_atomically(GOLDEN, (json.dumps(kept, separators=(",", ":")) + "\n").encode())


def main(arguments: list[str]) -> None:
    names = arguments or [*NETS, *DATA]
    if unknown := [name for name in names if name not in NETS and name not in DATA]:
        raise SystemExit(f"there are no models {', '.join(unknown)}; there are {', '.join([*NETS, *DATA])}.")
    for line in write(names):
        print(line, flush=True)
    for path in playground_pictures.draw(FOLDER):
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
