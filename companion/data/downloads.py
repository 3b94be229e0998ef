"""MNIST, its kin and CIFAR-10: fetched and checksummed by torchvision, checked again at every reading.

Files lie as torchvision lays them out, under COMPANION_DATA; none that lies there already is written over.
"""

import contextlib
import http.client
import io
import os
import socket
import sys
import tempfile
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from . import cache, idx

# our names and torchvision's
SETS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "kmnist": "KMNIST", "cifar10": "CIFAR10"}
TIMEOUT = 30.0  # seconds of silence before a server is given up; torchvision sets none


def load(name: str, split: str) -> tuple[UInt8[np.ndarray, "n c h w"], Int64[np.ndarray, " n"]]:
    """One split of a set in `SETS`, downloaded first if a file is missing.

    Raises ValueError for a torn or changed file, ConnectionError if a download fails.
    """
    return _cifar(name, split) if name == "cifar10" else _mnist(name, split)


def fetch(name: str, root: Path) -> None:
    """Downloads a set aside and moves the files into place after all were verified: none is ever half-written.

    Raises ConnectionError, in one sentence, whatever went wrong.
    """
    from torchvision import datasets

    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=f".{name}.") as aside, _patience(), _quiet():
            getattr(datasets, SETS[name])(aside, download=True)
            for file in sorted(Path(aside).rglob("*")):
                _move(file, root / file.relative_to(aside))
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[-1].strip(" .")
        raise ConnectionError(
            f"{name} could not be downloaded into {root} ({reason}); try again later, put its files there yourself, "
            'or go on with images("glyphs") or images("digits"), which need no network.'
        ) from error


def _move(file, place):
    if file.is_file() and file.suffix != ".gz" and not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, place)


def _mnist(name, split):
    root = cache.downloads()
    prefix = {"train": "train", "test": "t10k"}[split]
    files = [root / SETS[name] / "raw" / f"{prefix}-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1")]
    if not all(file.exists() for file in files):
        fetch(name, root)
    known = idx.KNOWN if name == "mnist" else {}
    x, y = (idx.read(file, known.get(file.name)) for file in files)
    if x.ndim != 3 or y.shape != x.shape[:1]:
        raise ValueError(
            f"{files[0]} and {files[1].name} do not belong together: shapes {x.shape} and {y.shape}; delete both."
        )
    return x[:, None], y.astype(np.int64)


def _cifar(name, split):
    from torchvision import datasets
    from torchvision.datasets.utils import check_integrity

    root, kind = cache.downloads(), getattr(datasets, SETS[name])
    sums = [*kind.train_list, *kind.test_list, (kind.meta["filename"], kind.meta["md5"])]
    files = {root / kind.base_folder / file: md5 for file, md5 in sums}
    if not all(file.exists() for file in files):
        fetch(name, root)
    for file, md5 in files.items():  # before they are unpickled, for a pickle may run anything
        if not check_integrity(file, md5):
            raise ValueError(f"{file} is torn or changed: its md5 is not {md5}; delete it to have it downloaded again.")
    data = kind(root, train=split == "train")
    return np.ascontiguousarray(data.data.transpose(0, 3, 1, 2)), np.array(data.targets, dtype=np.int64)


@contextlib.contextmanager
def _patience():
    """Sockets opened inside give up after `TIMEOUT`; there is no narrower place to say so to torchvision."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _quiet():
    """Swallows torchvision's progress bar where it would only litter a notebook or a log."""
    return contextlib.nullcontext() if sys.stderr.isatty() else contextlib.redirect_stderr(io.StringIO())
