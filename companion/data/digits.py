"""Handwriting that needs no download: the 1,797 digits of 8×8 that come with scikit-learn (Alpaydin & Kaynak 1998)."""

import numpy as np
from jaxtyping import Int64, UInt8

TEST = 360  # pictures: the last fifth, in the order of scikit-learn's file


def load(split: str) -> tuple[UInt8[np.ndarray, "n 1 8 8"], Int64[np.ndarray, " n"]]:
    """The first 1,437 pictures (train) or the last 360 (test), grey levels 0..16 scaled to 0..255."""
    from sklearn.datasets import load_digits

    levels, labels = load_digits(return_X_y=True)
    x = np.rint(levels * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    part = slice(None, -TEST) if split == "train" else slice(-TEST, None)
    return x[part], labels[part].astype(np.int64)
