"""Pictures and their classes by name: one call for what is built in, what is downloaded and what the reader brings."""

import hashlib
import os
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8

from . import cache, digits, downloads, folder, glyphs
from ._asked import check_count, check_split
from .resize import squares


class Images(NamedTuple):
    """Pictures in 0..255 and the number of each one's class."""

    x: UInt8[np.ndarray, "n c h w"]
    y: Int64[np.ndarray, " n"]


def images(
    name: str | os.PathLike | None = None, split: str = "train", *, n: int | None = None, pixels: int | None = None
) -> Images:
    """The first `n` pictures of a split (None: all), cropped to squares of `pixels` × `pixels` (None: as they are).

    `name` is one of `NAMES` or the path of a folder of pictures (see `folder`); None means the environment variable
    COMPANION_IMAGES, or else `glyphs`, which has as many pictures as are asked for (60,000 and 10,000 where n is None).
    Raises ValueError for what is not to be had and for torn or changed files, ConnectionError if a download fails.
    """
    name = named(name)
    check_split(split)
    check_count(n)
    check_count(pixels, what="pixels")
    x, y = _load(name, split, n, pixels)
    if n is not None and n > len(x):
        raise ValueError(f"n is {n}, but {name} has {len(x)} pictures to {split} with; ask for fewer, or omit n.")
    return Images(np.array(x[:n]), np.array(y[:n]))  # copies: writable, and free of the rest


def named(name: str | os.PathLike | None) -> str:
    """What is asked for where None stands for COMPANION_IMAGES, or else for glyphs."""
    return os.fspath(name or os.environ.get("COMPANION_IMAGES") or "glyphs")


def _load(name, split, n, pixels):
    if name in NAMES:
        x, y = NAMES[name](split, n)
        return squares(x[:n], pixels), y
    path = Path(name).expanduser()
    if path.is_dir():
        return folder.load(path, split, pixels)
    raise ValueError(f"{name!r} is neither a data set nor a folder; ask for {', '.join(NAMES)}, or a folder's path.")


def _glyphs(split, n):
    """Drawn once, then kept in the cache folder under a name that changes with whatever could change the pictures."""
    n = n or {"train": 60_000, "test": 10_000}[split]
    sources = [Path(__file__).with_name(f"{stem}.py") for stem in ("glyphs", "distance", "typefaces")]
    drawing = b"".join(source.read_bytes() for source in sources) + metadata.version("matplotlib").encode()
    key = f"glyphs-{hashlib.sha256(drawing).hexdigest()[:12]}-{split}-{n}"
    arrays = cache.cached(key, lambda: {"x": (drawn := glyphs.render(n, split=split)).x, "y": drawn.y})
    return arrays["x"], arrays["y"]


def _downloaded(name, split, n):
    return downloads.load(name, split)


NAMES: dict[str, Callable] = {
    "glyphs": _glyphs,
    "digits": lambda split, n: digits.load(split),
    **{name: partial(_downloaded, name) for name in downloads.SETS},
}
