"""The comparison of notebooks catches a changed number, a raised error and a broken promise, and lets noise pass."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output, writes

from tools.book import ROOT

HEADER = """\
---
jupytext: {text_representation: {format_name: myst}}
kernelspec: {name: python3, display_name: Python 3}
---
"""


@dataclass(frozen=True)
class Case:
    """A page with one cell, and a notebook that claims what the cell prints."""

    source: str
    printed: str
    seconds: float = 60
    tags: tuple[str, ...] = ()

    def page(self) -> str:
        return f"{HEADER}\n```{{code-cell}}\n{self.source}\n```\n"

    def notebook(self) -> str:
        output = [new_output("stream", name="stdout", text=self.printed)]
        cell = new_code_cell(self.source, outputs=output, execution_count=2, metadata={"tags": list(self.tags)})
        cells = [new_code_cell("pass", execution_count=1), cell]
        return writes(new_notebook(cells=cells, metadata={"course": {"seconds": self.seconds}}))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A small copy of the project: everything that the comparison consists of, and no chapters."""
    root = tmp_path_factory.mktemp("project")
    for name in ("tools", "companion"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "constraints.txt", "_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, root)
    (root / "book").mkdir()
    shutil.copy(ROOT / "book" / "conftest.py", root / "book")
    return root


def _run(project: Path, **cases: Case) -> str:
    """What pytest prints when it compares these notebooks."""
    for name, case in cases.items():
        (project / "book" / f"{name}.ipynb").write_text(case.notebook())
        (project / "book" / f"{name}.md").write_text(case.page())
    paths = [f"book/{name}.ipynb" for name in cases]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-n", "2", "--color=no", "-p", "no:cacheprovider", *paths]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False).stdout


def _kept(project: Path) -> list[str]:
    return [path.read_text() for path in project.glob("_build/outputs/*/executed/*/base.ipynb")]


def test_noise_passes_and_the_outputs_are_kept_for_the_book(project):
    loose = Case("print(2 / 7)", "0.28\n", tags=("rtol=0.1",))
    printed = _run(project, good=Case("print(2 / 3)", "0.6666666667\n"), loose=loose)
    assert "6 passed" in printed, printed
    assert sorted("0.6666666666666666" in text for text in _kept(project)) == [False, True]


def test_each_mistake_fails_for_its_own_reason_and_is_not_kept(project):
    before = len(_kept(project))
    printed = _run(
        project,
        digit=Case("print(1 / 3)", "0.3333334333\n"),
        raises=Case("raise ValueError('broken')", ""),
        slow=Case("print(2 / 3)", "0.6666666667\n", seconds=0.001),
    )
    lines = [line.removeprefix("FAILED ").split(" - ")[0] for line in printed.splitlines() if line.startswith("FAILED")]
    assert sorted(lines) == ["book/digit.ipynb::Cell 1", "book/raises.ipynb::Cell 1", "book/slow.ipynb::budget"]
    assert "its page promises 0.001 s" in printed
    assert "ValueError: broken" in re.sub(r"\x1b\[[0-9;]*m", "", printed)  # the kernel colours its tracebacks
    assert len(_kept(project)) == before
