"""The comparison of notebooks catches a changed number, a raised error and a broken promise, and lets noise pass."""

import os
import shutil
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output, writes

from tools.book import ROOT

PAGE = """\
---
jupytext: {text_representation: {format_name: myst}}
kernelspec: {name: python3, display_name: Python 3}
---

# A page

```{code-cell}
print(2 / 3)
```
"""


def _notebook(source: str, printed: str, seconds: float = 60, tags: tuple[str, ...] = ()) -> str:
    output = [new_output("stream", name="stdout", text=printed)]
    cells = [
        new_code_cell("pass", execution_count=1),
        new_code_cell(source, outputs=output, execution_count=2, metadata={"tags": list(tags)}),
    ]
    return writes(new_notebook(cells=cells, metadata={"course": {"seconds": seconds}}))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs notebooks in a small copy of the project: everything that the comparison consists of, and no chapters."""
    root = tmp_path_factory.mktemp("project")
    for name in ("tools", "companion"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "constraints.txt", "_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, root)
    (root / "book").mkdir()
    shutil.copy(ROOT / "book" / "conftest.py", root / "book")

    def run(**notebooks: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        for old in [*root.glob("book/*.ipynb"), *root.glob("book/*.md")]:
            old.unlink()
        for name, text in notebooks.items():
            (root / "book" / f"{name}.ipynb").write_text(text)
        (root / "book" / "good.md").write_text(PAGE)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
        command = [sys.executable, "-m", "pytest", "-n", "2", "-q", "--color=no", "-p", "no:cacheprovider", "book"]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        stored = [path.read_text() for path in root.glob("_build/outputs/*/executed/*/base.ipynb")]
        return done, stored

    return run


GOOD = _notebook("print(2 / 3)", "0.6666666667\n")


def test_noise_passes_and_the_outputs_are_kept_for_the_book(run):
    done, stored = run(good=GOOD, loose=_notebook("print(2 / 3)", "0.66\n", tags=("rtol=0.1",)))
    assert "6 passed" in done.stdout, done.stdout
    assert [("0.6666666666666666" in text, "print(2 / 3)" in text) for text in stored] == [(True, True)]


def test_each_mistake_fails_for_its_own_reason(run):
    done, _ = run(
        good=GOOD,
        digit=_notebook("print(2 / 3)", "0.6666667667\n"),
        raises=_notebook("raise ValueError('broken')", ""),
        slow=_notebook("print(2 / 3)", "0.6666666667\n", seconds=0.001),
    )
    lines = [
        line.removeprefix("FAILED ").split(" - ")[0] for line in done.stdout.splitlines() if line.startswith("FAILED")
    ]
    assert sorted(lines) == ["book/digit.ipynb::Cell 1", "book/raises.ipynb::Cell 1", "book/slow.ipynb::budget"]
    assert "its page promises 0.001 s" in done.stdout
    assert "ValueError" in done.stdout


def test_outputs_of_a_failed_notebook_are_not_published(run):
    _, before = run()
    _, after = run(good=_notebook("print(2 / 3)", "0.7\n"))
    assert before == after
