"""The executed outputs: one jupyter-cache that the book, its notebooks and its tests share.

Its folder is named after everything besides the cells that an output depends on, so that a change of the package
leaves all old outputs behind. In it a chapter is found by its code alone: captions, tags and prose may change freely.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase
from myst_nb.core.read import read_myst_markdown_notebook
from nbformat import NotebookNode

from tools.book import BUILD, ROOT


class BookCache(JupyterCacheBase):
    """jupyter-cache, except that a cell's metadata is presentation: not hashed, and never taken from the cache."""

    def create_hashed_notebook(
        self, nb: NotebookNode, nb_metadata: Any = ("kernelspec",), cell_metadata: Any = ()
    ) -> tuple[NotebookNode, str]:
        return super().create_hashed_notebook(nb, nb_metadata, cell_metadata)

    def merge_match_into_notebook(
        self, nb: NotebookNode, nb_meta: Any = ("kernelspec", "language_info", "widgets"), cell_meta: Any = ()
    ) -> tuple[int, NotebookNode]:
        return super().merge_match_into_notebook(nb, nb_meta, cell_meta)


def _inputs() -> Iterator[Path]:
    yield ROOT / "constraints.txt"
    files = sorted((ROOT / "companion").rglob("*"))
    yield from (f for f in files if f.is_file() and "__pycache__" not in f.parts)


def folder() -> Path:
    """Where the outputs lie for the package, the pinned versions and the Python of this moment."""
    digest = hashlib.sha256(f"Python {sys.version_info.major}.{sys.version_info.minor}".encode())
    for path in _inputs():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return BUILD / "outputs" / digest.hexdigest()[:16]


def open_cache(path: Path | str | None = None) -> BookCache:
    return BookCache(path or folder())


def read(page: Path) -> NotebookNode:
    """The page as the book's build reads it, not executed."""
    notebook = read_myst_markdown_notebook(page.read_text(encoding="utf8"), path=page)
    return nbformat.from_dict(notebook)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def look_up(cache: BookCache, page: Path) -> tuple[NotebookNode, float] | None:
    """The page with its outputs, and the seconds they took; None when its code was not executed yet."""
    notebook = read(page)
    try:
        record = cache.match_cache_notebook(notebook)
    except KeyError:
        return None
    _, executed = cache.merge_match_into_notebook(notebook)
    return executed, float(record.data["execution_seconds"])


def store(cache: BookCache, page: Path, outputs: list[list[NotebookNode]], seconds: float) -> None:
    """Keep what the page's code cells put out, one list of outputs for each."""
    notebook = read(page)
    for count, (cell, out) in enumerate(zip(code_cells(notebook), outputs, strict=True), 1):
        cell.outputs, cell.execution_count = out, count
        for output in out:
            if output.output_type == "execute_result":
                output.execution_count = count
    bundle = CacheBundleIn(notebook, str(page), data={"execution_seconds": seconds})
    cache.cache_notebook_bundle(bundle, overwrite=True)
