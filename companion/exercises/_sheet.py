"""Run a notebook from its first cell to its last in a fresh kernel, and learn from the checkers themselves what passed.

What the file shows is not read: its outputs may be old, or of another function. The kernel is another process, of this
Python, in the notebook's folder; the file stays as it is.
"""

import ast
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from companion.exercises.verdict import RECORD

_MAGIC = re.compile(r"^([ \t]*)[%!].*$", re.MULTILINE)


class Unreadable(Exception):
    """Not a notebook, or nothing here that can run one; its text says so."""


class Run(NamedTuple):
    verdicts: list[dict[str, Any]]  # check, passed, message, home: one for each call of a checker, in order
    called: set[str]  # checkers that the code cells call, whether or not the run came so far
    sheet: str | None  # the chapter, if the notebook is one of the course's sheets
    stopped: list[str]  # one sentence for each cell that raised; the last says if the run was cut off


def run(path: Path, seconds: float) -> Run:
    """Execute `path` within so many seconds. Raises Unreadable."""
    notebook = _read(path)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "verdicts")
        ended = _execute(notebook, path.resolve().parent, seconds, os.environ | {RECORD: str(record)})
        lines = record.read_text(encoding="utf8").splitlines() if record.exists() else []
    other_names = {name: check for source in code for name, check in renamed(source).items()}
    called = {name for source in code for name in calls(source, other_names)}
    sheet = notebook.metadata.get("course", {}).get("sheet")
    return Run([json.loads(line) for line in lines], called, sheet, [*_errors(notebook), *ended])


def calls(source: str, other_names: Mapping[str, str] = MappingProxyType({})) -> set[str]:
    """The names of the checkers that a cell calls, also those imported under other names."""
    functions = [node.func for node in _nodes(source) if isinstance(node, ast.Call)]
    names = {getattr(function, "id", getattr(function, "attr", "")) for function in functions}
    return {other_names.get(name, name) for name in names if other_names.get(name, name).startswith("check_")}


def renamed(source: str) -> dict[str, str]:
    """other name: checker, for `from companion.exercises.norms import check_… as …` in a cell."""
    imports = [node for node in _nodes(source) if isinstance(node, ast.ImportFrom)]
    pairs = [(alias.asname, alias.name) for node in imports for alias in node.names]
    return {given: name for given, name in pairs if given and name.startswith("check_")}


def _nodes(source: str) -> list[ast.AST]:
    """Of a cell's code. Magics are left out, and so is a cell that is no Python."""
    try:
        return list(ast.walk(ast.parse(_MAGIC.sub(r"\1pass", source))))
    except SyntaxError:
        return []


def _read(path: Path) -> Any:
    try:
        import nbclient  # noqa: F401
        import nbformat
    except ImportError:
        raise Unreadable("Nothing here can run a notebook: pip install nbclient ipykernel") from None
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise Unreadable(f"There is no file {path}.") from None
    except Exception as error:  # nbformat has an error of its own for each way in which a file can be broken
        first = str(error).strip().split("\n")[0][:100]
        raise Unreadable(f"{path} is no Jupyter notebook: {first}") from None


def _execute(notebook: Any, folder: Path, seconds: float, environment: dict[str, str]) -> list[str]:
    """Fill in the outputs; what cut the run off, if something did."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    end = time.monotonic() + seconds
    client = NotebookClient(
        notebook,
        kernel_manager_class=_this_python(),
        extra_arguments=["--IPKernelApp.log_level=CRITICAL"],  # what the kernel says of itself is not for students
        allow_errors=True,
        timeout_func=lambda cell: max(1, int(end - time.monotonic())),
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute(env=environment)
    except CellTimeoutError:
        return [f"The run was cut off after {seconds:g} seconds; later cells did not run. --seconds allows more."]
    except DeadKernelError:
        return ["The kernel died; later cells did not run."]
    return []


def _this_python() -> type:
    """A kernel of the Python that runs this file, whatever the notebook asks for: it has this course's checkers."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class ThisPython(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    return ThisPython


def _errors(notebook: Any) -> Iterator[str]:
    for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"Code cell {count} stopped: {output.ename}: {output.evalue}".split("\n")[0][:200]
