"""A folder of the reader's own pictures as a data set: subfolders are classes, numbered in alphabetical order.

    pictures/cat/*.jpg, pictures/dog/*.jpg      about one picture in five is for the test, chosen by a hash of its name
    pictures/train/cat/*.jpg, pictures/test/…   or the reader says which
    pictures/*.jpg                              one class, number 0

Names beginning with a dot are passed over, as are files that are no pictures by their suffix.
"""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from ._asked import SPLITS
from .resize import square

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
TEST_SHARE = 0.2
GREY = {"1", "L", "LA", "I", "I;16", "I;16B", "I;16L"}  # what Pillow calls pictures without colour


def load(
    root: Path, split: str, pixels: int | None = None
) -> tuple[UInt8[np.ndarray, "n c h w"], Int64[np.ndarray, " n"]]:
    """One split, in the order of a hash of the names, so that classes mix; grey (c = 1) or, if any is, colour (3).

    Raises ValueError for an empty split, an unreadable picture, or pictures of different sizes without `pixels`.
    """
    found = _split(root, split)
    if not found:
        raise ValueError(
            f"{root} has no pictures for the split {split!r}; add some ({' '.join(sorted(SUFFIXES))}), "
            "or sort them into subfolders train and test."
        )
    pictures = [read(file, pixels) for file, _ in found]
    _check_sizes(pictures, [file for file, _ in found])
    mode = "RGB" if any(picture.mode == "RGB" for picture in pictures) else "L"
    x = np.stack([np.asarray(p.convert(mode)).reshape(p.height, p.width, len(mode)) for p in pictures])
    classes = sorted({label for part in SPLITS for _, label in _split(root, part)})
    return x.transpose(0, 3, 1, 2), np.array([classes.index(label) for _, label in found], dtype=np.int64)


def read(file: Path, pixels: int | None = None):
    """A picture as Pillow holds it, upright, in mode L or RGB, transparent parts on white; ValueError if it is none."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            picture = ImageOps.exif_transpose(opened)  # cameras store a turned picture and a note
        mode = "L" if picture.mode in GREY else "RGB"
        if picture.mode.startswith("I"):  # sixteen bits; Pillow itself would clip them at 255
            picture = Image.fromarray((np.asarray(picture).clip(0, 65535) // 257).astype(np.uint8))
        if picture.has_transparency_data:
            paper = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(paper, picture.convert("RGBA"))
        return square(picture.convert(mode), pixels)
    except (OSError, SyntaxError) as error:  # Pillow calls a broken PNG a SyntaxError
        raise ValueError(f"{file} cannot be read as a picture ({error}); mend it or take it away.") from error


def _split(root, split):
    """(file, class name) of each picture in a split."""
    given = [part for part in SPLITS if (root / part).is_dir()]
    if len(given) == 1:
        raise ValueError(f"{root} has a subfolder {given[0]!r} but not both of {SPLITS}; add the other, or rename it.")
    if given:
        return [(file, label) for _, file, label in _listing(root / split)]
    return [(file, label) for share, file, label in _listing(root) if (share < TEST_SHARE) == (split == "test")]


def _listing(root):
    """(hash in 0..1, file, class name) of each picture below `root`, by hash; hidden files are passed over."""
    names = [f.relative_to(root) for f in root.rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file()]
    names = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    if len({len(name.parts) > 1 for name in names}) == 2:
        raise ValueError(
            f"{root} has pictures beside subfolders of pictures; move those into a subfolder, their class."
        )
    return sorted((_hash(name.as_posix()), root / name, name.parts[0] if len(name.parts) > 1 else "") for name in names)


def _hash(name):
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32


def _check_sizes(pictures, files):
    (usual, _), *others = Counter(picture.size for picture in pictures).most_common()
    if others:
        file, size = next((f, p.size) for f, p in zip(files, pictures, strict=True) if p.size != usual)
        raise ValueError(
            f"{file} is {size[0]}×{size[1]} pixels where most others are {usual[0]}×{usual[1]}; "
            "pass pixels=32, say, to crop and resize them all."
        )
