"""Two real photographs for the matrix chapters: a temple and a flower, from scikit-learn."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8


class Photos(NamedTuple):
    """Colour photographs, red, green and blue in 0..255, each 427 high and 640 wide."""

    china: UInt8[np.ndarray, "h w 3"]
    flower: UInt8[np.ndarray, "h w 3"]


def photos() -> Photos:
    """The two photographs that ship with scikit-learn, (427, 640, 3) each."""
    from sklearn.datasets import load_sample_images

    sample = load_sample_images()
    by_name = {Path(file).stem: image for file, image in zip(sample.filenames, sample.images, strict=True)}
    return Photos(by_name["china"], by_name["flower"])
