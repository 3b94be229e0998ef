"""What playgrounds, their pictures and the benchmarks share: networks of companion/weights, parts of printed digits."""

from typing import Any

import numpy as np

from companion import data
from companion.matrix import nmf
from companion.nets import cgan, cnn, dcgan, gan, vae


def _loaded(net: Any, name: str) -> Any:
    net.load_state_dict(data.weights(name))
    return net.eval().requires_grad_(False)


def _options(name: str) -> dict[str, Any]:
    return data.record(name)["options"]


def the_gan(name: str = "gan-mnist") -> gan.Generator:
    given = _options(name)
    return _loaded(gan.Generator(given["z_dim"], width=given["width"]), name)


def the_dcgan(name: str = "dcgan-mnist") -> dcgan.Generator:
    given = _options(name)
    return _loaded(dcgan.Generator(given["z_dim"], width=given["width"]), name)


def the_cgan(name: str = "cgan-mnist") -> cgan.Generator:
    given = _options(name)
    how = {key: given[key] for key in ("width", "backbone", "embed", "norm")}
    return _loaded(cgan.Generator(10, given["z_dim"], **how), name)


def the_vae(name: str = "vae2-mnist") -> vae.VAE:
    given = _options(name)
    return _loaded(vae.VAE(z_dim=given["z_dim"], net=given["model"], hidden=given.get("hidden")), name)


def the_cnn(name: str = "cnn-drawn-mnist") -> cnn.Classifier:
    return _loaded(cnn.Classifier(), name)


def parts(rank: int = 16) -> np.ndarray:
    """The rows of H for 3,000 printed digits, the largest entry of each 1."""
    x = data.images("glyphs", n=3000).x
    H = nmf.hals(x.reshape(len(x), -1) / 255, rank, max_iter=300, rng=0).H
    return H / H.max(axis=1, keepdims=True)
