"""What stands in the place of a playground on paper, and where no script runs: a picture of what it shows."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image

from companion import data, plot
from companion.data.cache import write_atomically
from companion.matrix import gmm, norms, svd
from companion.nets import cgan
from tools import shipped

WIDE = (6.4, 2.6)


def _sheet(x: Any, columns: int, size: tuple[float, float]) -> Figure:
    figure = plt.figure(figsize=size)
    plot.images(x, columns=columns, ax=figure.add_subplot())
    return figure


def ball() -> Figure:
    A = np.array([[1.4, 0.5], [0.3, 0.9]])
    t = np.linspace(0, 2 * np.pi, 200)
    circle, size = np.stack([np.cos(t), np.sin(t)]), norms.matrix(A, "2")
    figure = plt.figure(figsize=(3.4, 3.4))
    ax = figure.add_subplot(aspect="equal")
    ax.fill(*(A @ circle), color=plot.ORANGE, alpha=0.4)
    ax.plot(*circle, color="black", linestyle="-")
    ax.plot(*(size * circle), color="black", linestyle="--")
    for k in (0, 1):
        x, y = A[:, k].tolist()
        ax.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "->", "color": plot.BLUE, "lw": 2})
        ax.text(1.1 * x, 1.1 * y, f"$a_{k + 1}$", color=plot.BLUE)
    return figure


def ranks() -> Figure:
    grey = data.photos().china.mean(axis=2)[::2, ::2] / 255
    found = svd.exact(grey)
    figure, axes = plt.subplots(1, 3, figsize=WIDE)
    for ax, k in zip(axes, (5, 20, 60), strict=True):
        plot.image(np.clip(found.truncate(k).reconstruct(), 0, 1), title=f"rank {k}", ax=ax)
    return figure


def parts() -> Figure:
    return _sheet(shipped.parts().reshape(-1, 28, 28), 8, (6.4, 1.8))


def heaps() -> Figure:
    rng = np.random.default_rng(7)
    middles = [(-1.8, 1.2, 0.5, 0.9), (1.6, 1.5, 0.9, 0.35), (0.4, -1.6, 1.0, 0.5)]
    X = np.concatenate([rng.normal((x, y), (a, b), (30, 2)) for x, y, a, b in middles])
    mixture = gmm.em(X, 3, reg=1e-3, restarts=5, rng=0).mixture
    said, t = mixture.responsibilities(X).argmax(axis=1), np.linspace(0, 2 * np.pi, 100)
    figure = plt.figure(figsize=(3.6, 3.4))
    ax = figure.add_subplot(aspect="equal")
    for k, colour in enumerate((plot.BLUE, plot.RED, plot.GREEN)):
        for x, y in X[said == k]:
            ax.text(x, y, str(k + 1), color=colour, ha="center", va="center", fontsize=7)
        root = np.linalg.cholesky(mixture.covariances[k])
        for radius in (1, 2):
            line = mixture.means[k][:, None] + radius * root @ np.stack([np.cos(t), np.sin(t)])
            ax.plot(*line, color=colour, linestyle="-", linewidth=1.2)
    ax.set(xlim=(-4, 4), ylim=(-4, 4))
    return figure


def maps() -> Figure:
    x = torch.as_tensor(data.images("glyphs", n=4).x[3:4]).float() / 255
    seen = shipped.the_cnn().features(x)[0][0]
    figure, (left, right) = plt.subplots(1, 2, figsize=WIDE, width_ratios=(1, 2.2))
    plot.image(x[0, 0], title="a digit", ax=left)
    plot.images(seen / seen.max(), columns=8, title="32 maps of the first convolution", ax=right)
    return figure


def samples() -> Figure:
    figure, axes = plt.subplots(1, 2, figsize=(6.4, 1.9))
    pairs: dict[str, Any] = {"dense layers": shipped.the_gan(), "transposed convolutions": shipped.the_dcgan()}
    for (title, G), ax in zip(pairs.items(), axes, strict=True):
        z = torch.randn(18, G.z_dim, generator=torch.Generator().manual_seed(1))
        plot.images((G(z) + 1) / 2, columns=6, title=title, ax=ax)
    return figure


def classes() -> Figure:
    x = (cgan.sheet(shipped.the_cgan(), 10, 4, seed=2) + 1) / 2
    return _sheet(x.unflatten(0, (10, 4)).transpose(0, 1).flatten(0, 1), 10, (6.4, 2.6))


def plane() -> Figure:
    line = torch.linspace(-2.8, 2.8, 15)
    x = shipped.the_vae().pictures(torch.cartesian_prod(-line, line).flip(1))
    return _sheet(x, 15, (3.6, 3.6))


def mixed() -> Figure:
    G = shipped.the_dcgan()
    x = (G(torch.randn(20, G.z_dim, generator=torch.Generator().manual_seed(3))) + 1) / 2
    return _sheet(x, 10, (6.4, 1.4))


PICTURES = {
    "norms": ball, "svd-rank": ranks, "nmf-parts": parts, "gmm-2d": heaps, "draw-a-digit": maps, "gan-sample": samples,
    "cgan": classes, "vae-latent": plane, "real-or-fake": mixed,
}  # fmt: skip


def draw(folder: Path) -> Iterator[Path]:
    """Write all of them to `folder`/fallback."""
    for name, make in PICTURES.items():
        with plt.rc_context(plot.STYLE):  # type: ignore[arg-type]
            figure, drawn, content = make(), io.BytesIO(), io.BytesIO()
            figure.savefig(drawn, format="png", dpi=100)
            plt.close(figure)
        Image.open(drawn).convert("RGB").quantize(48).save(content, "PNG", optimize=True)  # every reader loads it
        path = folder / "fallback" / f"{name}.png"
        write_atomically(path, content.getvalue())
        yield path
