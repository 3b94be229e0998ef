"""Figures measured once and for all on real MNIST, for every test that has the files."""

import os
from pathlib import Path

IMAGES = Path(os.environ.get("COMPANION_DATA", "")) / "MNIST" / "raw" / "train-images-idx3-ubyte"
MISSING = "COMPANION_DATA names no folder with MNIST/raw/train-images-idx3-ubyte in it"
HAVE_MNIST = bool(os.environ.get("COMPANION_DATA")) and IMAGES.is_file()

# the 60,000 training images as rows, over 255: relative errors at RANKS, terms for the shares ENERGY of the squares
RANKS = (10, 20, 50, 100, 200)
ENERGY = (0.90, 0.95, 0.99)
SPECTRUM = {
    "raw": {
        "norm": 2295.343,
        "sigma_1": 1511.775,
        "stable rank": 2.305,
        "errors": [0.55533, 0.46284, 0.32464, 0.22645, 0.14194],
        "terms": [53, 103, 281],
    },
    "centred": {
        "norm": 1778.624,
        "sigma_1": 554.082,
        "stable rank": 10.304,
        "errors": [0.71544, 0.59701, 0.41875, 0.29218, 0.18317],
        "terms": [87, 154, 331],
    },
}
