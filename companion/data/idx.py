"""The IDX format of MNIST and its kin: two zero bytes, a type byte, a count of axes, the lengths, then the values."""

import contextlib
import hashlib
import math
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from .cache import write_atomically

KNOWN = {  # sha256 of MNIST's four files; other sets are held to what the first good reading found
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def read(path: Path, sha256: str | None = None) -> UInt8[np.ndarray, "..."]:
    """The array in an IDX file of bytes, if the file is whole and unchanged.

    Where `sha256` is not given, it is read from `<file>.sha256` (as the tool sha256sum writes it), or recorded there
    now where the folder can be written. Raises ValueError for a torn or changed file.
    """
    content = path.read_bytes()
    array = parse(content, path)
    record, found = path.with_name(path.name + ".sha256"), hashlib.sha256(content).hexdigest()
    expected = sha256 or _recorded(record)
    if expected is None:
        with contextlib.suppress(OSError):
            write_atomically(record, f"{found}  {path.name}\n".encode())
    elif found != expected:
        unless = "" if sha256 else f" (or, if you meant to change it, delete {record.name})"
        raise ValueError(
            f"{path} has changed: its sha256 begins {found[:12]}, not {expected[:12]}; "
            f"delete it to have it downloaded again{unless}."
        )
    return array


def parse(content: bytes, path: Path) -> UInt8[np.ndarray, "..."]:
    """The array in the bytes of an IDX file; `path` is for the error's sake."""
    remedy = "delete it to have it downloaded again."
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":  # 8: unsigned bytes
        raise ValueError(f"{path} is no IDX file of bytes: it begins {content[:3]!r}; {remedy}")
    start = 4 + 4 * content[3]
    shape = [int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4)]
    if len(content) != start + math.prod(shape):
        due = f"{start + math.prod(shape):,}"
        raise ValueError(f"{path} is torn: {len(content):,} bytes long, {due} expected; {remedy}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _recorded(record):
    return next(iter(record.read_text().split()), None) if record.exists() else None
