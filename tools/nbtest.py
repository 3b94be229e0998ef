"""pytest runs the committed notebooks: each cell's text is compared, and a notebook that passed fills the book's cache.

This is nbval with three things of our own: floats and percentages are compared within a tolerance, a chapter has a
time budget, and the outputs (images too) are kept, so that a test run executes every chapter once and the book is built
from it.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from tools import kernel
from tools.book import BOOK
from tools.cache import code_cells, open_cache, read, store
from tools.compare import RTOL, Text


class Chapter(IPyNbFile):
    """A notebook: its cells, then its budget."""

    def collect(self) -> Iterator[pytest.Item]:
        self.skip_compare += ("image/svg+xml",)  # the committed notebooks hold no images; nbval skips the others itself
        for item in super().collect():
            yield Cell.from_parent(self, name=item.name, cell_num=item.cell_num, cell=item.cell, options=item.options)
        yield Budget.from_parent(self, name="budget")

    def setup(self) -> None:
        self.cache = open_cache()  # opened now: its folder stands for the package these cells are about to import
        self.outputs: dict[int, list[Any]] = {}
        self.started = time.perf_counter()
        self.seconds = 0.0
        with kernel.environment():
            super().setup()

    def teardown(self) -> None:
        super().teardown()
        self._keep_outputs()

    def _keep_outputs(self) -> None:
        """Only of a notebook that passed in full, and only if its page still holds the same code."""
        page = BOOK / f"{self.path.stem}.md"
        cells = code_cells(self.nb)
        if len(self.outputs) < len(cells) or not page.exists():
            return
        # The notebook's first cell installs the package elsewhere; the page has no such cell.
        if [cell.source for cell in code_cells(read(page))] == [cell.source for cell in cells[1:]]:
            store(self.cache, page, [self.outputs[i] for i in range(1, len(cells))], self.seconds)


class Cell(IPyNbCell):
    """One code cell; the tag `rtol=1e-3` loosens the comparison of its floats and percentages."""

    def sanitize(self, text: Any) -> Any:
        tags = self.cell.metadata.get("tags", [])
        rtols = [float(tag.removeprefix("rtol=")) for tag in tags if tag.startswith("rtol=")]
        return Text.within(text, rtols[0] if rtols else RTOL) if isinstance(text, str) else text

    def runtest(self) -> None:
        super().runtest()
        self.parent.outputs[self.cell_num] = self.test_outputs
        self.parent.seconds = time.perf_counter() - self.parent.started


class Budget(pytest.Item):
    """Fails when the notebook took longer than its page promises (`course: {seconds: …}` in the page's header).

    Counted are the seconds that its kernel had a processor: what else the machine was doing is not the chapter's fault.
    """

    parent: Chapter

    def runtest(self) -> None:
        times = psutil.Process(self.parent.kernel.km.provisioner.pid).cpu_times()
        budget, seconds = self.parent.nb.metadata["course"]["seconds"], times.user + times.system
        if seconds > budget:
            pytest.fail(f"{self.path.name} took {seconds:.1f} s; its page promises {budget} s", pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}::budget"
