"""Ship what is needed to judge generators of real digits offline: python -m tools.features [--n 5000]

companion/weights/features-mnist   64 penultimate features of n training and n test pictures of MNIST by the shipped
                                   classifier, and their classes
companion/weights/gmm-mnist        the baseline: a PCA of all training pictures, a mixture of Gaussians on its codes,
                                   and the codes of the same n training and n test pictures

The n pictures are evenly spaced: the halves of MNIST's test set are unlike. Each file is a
.safetensors (float16) with a .json that says how it was made.
"""

import argparse

import numpy as np
import torch

from companion import data
from companion.evaluate import features
from companion.matrix import gmm, svd
from tools.shipped import the_cnn
from tools.weights import ship

READER = "cnn-mnist"
RANK, COMPONENTS, REG = 50, 50, 1e-3


def spaced(x: np.ndarray, n: int) -> np.ndarray:
    """n of the rows, evenly spaced, from the first one on."""
    return x[:: len(x) // n][:n]


def seen(n: int) -> dict[str, torch.Tensor]:
    """train and test: features, one row a picture; train_y and test_y: its class, in a byte."""
    reader, state = the_cnn(READER), {}
    for split in ("train", "test"):
        images = data.images("mnist", split)
        state[split] = torch.as_tensor(features.extract(reader, spaced(images.x, n)).x)
        state[f"{split}_y"] = torch.as_tensor(spaced(images.y, n)).to(torch.uint8)
    return state


def baseline(n: int) -> dict[str, torch.Tensor]:
    """PCA and mixture by their numbers, and codes; `roots` are Cholesky factors, which survive rounding."""
    X, T = (_rows(data.images("mnist", split).x) for split in ("train", "test"))
    pca = svd.pca(X, RANK)
    codes = pca.encode(X)
    mixture = gmm.em(codes, COMPONENTS, reg=REG, max_iter=15, rng=0).mixture
    parts = {**pca._asdict(), "weights": mixture.weights, "means": mixture.means}
    parts["roots"] = np.linalg.cholesky(mixture.covariances)
    parts |= {"train": spaced(codes, n), "test": pca.encode(spaced(T, n))}
    return {name: torch.as_tensor(np.ascontiguousarray(part)) for name, part in parts.items()}


def _rows(x: np.ndarray) -> np.ndarray:
    return (x.reshape(len(x), -1) / 255).astype(np.float32)


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--n", type=int, default=5000, help="pictures of each split (default 5000)")
    n = options.parse_args(arguments).n
    made = {"command": f"python -m tools.features --n {n}"}
    network = {"name": READER, "sha256": data.record(READER)["sha256"]}
    pictures = f"{n:,} training and {n:,} test pictures of MNIST, evenly spaced"
    ship("features-mnist", seen(n), made | {"data": pictures, "network": network})
    settings = {"rank": RANK, "components": COMPONENTS, "reg": REG, "seed": 0}
    ship("gmm-mnist", baseline(n), made | {"data": "MNIST's 60,000 training pictures", "settings": settings})


if __name__ == "__main__":
    main()
