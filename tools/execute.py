"""Bring the cache up to date: execute the chapters whose code, package or pinned versions changed, two at a time."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from tools import kernel
from tools.book import BOOK, ROOT, chapters
from tools.cache import BookCache, code_cells, look_up, open_cache, read, store

TIMEOUT = 300  # seconds for one cell
_QUIET = ["--IPKernelApp.log_level=ERROR"]  # a kernel warns of TCP on the loopback at every start


def execute(page: Path) -> tuple[list, float]:
    """The outputs of the page's code cells, and the wall time they took."""
    notebook = read(page)
    start = time.perf_counter()
    where = {"metadata": {"path": str(BOOK)}}
    NotebookClient(notebook, timeout=TIMEOUT, resources=where, extra_arguments=_QUIET).execute()
    return [cell.outputs for cell in code_cells(notebook)], time.perf_counter() - start


def _attempt(page: Path) -> tuple[list, float] | str:
    try:
        return execute(page)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return str(error)


def bring_up_to_date(cache: BookCache, pages: list[Path]) -> list[Path]:
    """Execute what the cache lacks; return the pages that failed, each of which was reported."""
    stale = [page for page in pages if look_up(cache, page) is None]
    failed = []
    with kernel.environment(), ThreadPoolExecutor(max_workers=2) as pool:
        for page, result in zip(stale, pool.map(_attempt, stale), strict=True):
            name = page.relative_to(ROOT)
            if isinstance(result, str):
                failed.append(page)
                print(f"{name} failed:\n{result}", file=sys.stderr)
            else:
                store(cache, page, *result)
                print(f"{name} executed in {result[1]:.1f} s", flush=True)
    return failed


def main() -> int:
    return 1 if bring_up_to_date(open_cache(), chapters()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
