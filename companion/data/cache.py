"""Files that may be trusted: written whole or not at all, and read back only if not a byte has changed."""

import contextlib
import hashlib
import io
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

DIGEST = hashlib.sha256().digest_size  # bytes of checksum at the head of a cache file


def folder() -> Path:
    """The user's cache folder for this package: XDG_CACHE_HOME where set, else what the platform is used to."""
    home = Path.home()
    usual = {"darwin": home / "Library" / "Caches", "win32": Path(os.environ.get("LOCALAPPDATA", home))}
    root = os.environ.get("XDG_CACHE_HOME") or usual.get(sys.platform, home / ".cache")
    return Path(root) / "companion"


def downloads() -> Path:
    """Where downloaded data sets lie: COMPANION_DATA where set, else the cache folder."""
    return Path(os.environ.get("COMPANION_DATA") or folder()).expanduser()


def cached(name: str, build: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays of `build()`, from disk if a sound copy lies there, else built and kept for the next time.

    A torn or changed copy is built anew. A folder that cannot be written is no error: the arrays are built each time.
    """
    path = folder() / name
    with contextlib.suppress(OSError, ValueError):
        return _load(path)
    arrays = dict(build())
    with contextlib.suppress(OSError):
        _save(path, arrays)
    return arrays


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces `path` by `content` in one step: a reader, even after a kill, finds all of the old or all of the new.

    Raises OSError where the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")  # two processes must not share it
    try:
        with open(aside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the new name on an empty file
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _save(path, arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    content = buffer.getvalue()
    write_atomically(path, hashlib.sha256(content).digest() + content)


def _load(path):
    with open(path, "rb") as file:
        digest, content = file.read(DIGEST), file.read()
    if hashlib.sha256(content).digest() != digest:
        raise ValueError(f"{path} is not what was written.")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)
