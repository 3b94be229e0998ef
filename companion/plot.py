"""The book's one figure style and the few pictures that every chapter draws.

Each function takes ``ax=None`` and returns the axes. Colours are Okabe and Ito's, which colour-blind readers
tell apart too, and each curve has a line style of its own. Figures keep a white ground, which both themes show.
"""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes

BLUE, RED, GREEN, PURPLE, BLACK, ORANGE, SKY = COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9",
)  # fmt: skip
# the last two are pale on white: for areas, and for curves when the first five are used up

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=COLOURS) + cycler(linestyle=["-", "--", "-.", ":", "-", "--", "-."]),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "figure.dpi": 140,
    "figure.facecolor": "white",
    "figure.figsize": (6.4, 3.6),
    "font.size": 10,
    "grid.color": "#dddddd",
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "white",
}


def use_style() -> None:
    """Make the book's style the default of this session: a chapter's first cell calls it once."""
    plt.rcParams.update(STYLE)  # type: ignore[arg-type]  # its keys are literals there


def image(picture, *, title: str = "", ax: Axes | None = None, signed: bool = False) -> Axes:
    """One picture without axes: (h, w) grey or (h, w, 3) colour, uint8 or [0, 1]. `signed` centres zero on white."""
    ax = ax or plt.figure().add_subplot()
    picture = np.asarray(picture)
    if signed:
        reach = float(np.abs(picture).max()) or 1.0
        ax.imshow(picture, cmap="RdBu_r", vmin=-reach, vmax=reach)
    else:
        ax.imshow(picture, vmin=0, vmax=255 if picture.dtype == np.uint8 else 1)
    ax.set_axis_off()
    ax.set_title(title)
    return ax


def images(x, *, columns: int = 10, title: str = "", ax: Axes | None = None, signed: bool = False) -> Axes:
    """A grid of n pictures, row by row: (n, h, w) or (n, c, h, w). `signed` scales each to its own largest entry."""
    x = np.asarray(x)
    x = x[:, None] if x.ndim == 3 else x
    if signed:
        reach = np.abs(x).max(axis=(1, 2, 3), keepdims=True)
        x = x / np.where(reach > 0, reach, 1)
    n, c, h, w = x.shape
    rows, empty = -(-n // columns), 0 if signed else 255 if x.dtype == np.uint8 else 1
    sheet = np.full((rows * columns, c, h + 2, w + 2), empty, dtype=x.dtype)
    sheet[:n, :, 1:-1, 1:-1] = x
    sheet = sheet.reshape(rows, columns, c, h + 2, w + 2).transpose(0, 3, 1, 4, 2).reshape(rows * (h + 2), -1, c)
    sheet = sheet[..., 0] if c == 1 else sheet
    ax = ax or plt.figure(figsize=(6.4, 6.4 * rows / columns)).add_subplot()
    return image(sheet, title=title, ax=ax, signed=signed)


def spectrum(s: Mapping[str, object], *, ax: Axes | None = None) -> Axes:
    """Singular values against their number, on logarithmic axes; one curve for each name."""
    ax = curves({name: (np.arange(1, len(v) + 1), v) for name, v in s.items()}, ax=ax)  # type: ignore[arg-type]
    ax.set(xscale="log", yscale="log", xlabel="number $i$", ylabel=r"singular value $\sigma_i$")
    return ax


def curves(lines: Mapping[str, object], *, ax: Axes | None = None) -> Axes:
    """Curves by name: each a sequence of y, or a pair (x, y)."""
    ax = ax or plt.figure().add_subplot()
    for name, line in lines.items():
        ax.plot(*line, label=name) if isinstance(line, tuple) else ax.plot(np.asarray(line), label=name)
    if len(lines) > 1:
        ax.legend()
    return ax
