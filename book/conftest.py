"""`pytest book` runs the generated notebooks; what that means stands in tools/nbtest.py."""

from pathlib import Path

import pytest

from tools.cache import open_cache
from tools.nbtest import Chapter


def pytest_configure() -> None:
    # Before the workers of pytest-xdist start: two of them at once cannot create its tables.
    assert open_cache().db


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Chapter | None:
    return Chapter.from_parent(parent, path=file_path) if file_path.suffix == ".ipynb" else None
