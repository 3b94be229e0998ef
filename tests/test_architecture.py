"""Who may import whom, what must stay light, and how long a file may be."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.book import ROOT

PACKAGE = ROOT / "companion"

# What each part of the package may import of the others. A part that is not listed may import nothing of ours.
MAY_IMPORT = {
    "matrix": {"_array"},
    "nets": {"matrix", "_array"},
    "evaluate": {"matrix", "_array"},
    "exercises": {"matrix", "nets", "train", "evaluate", "_array"},
    "recipes": {"data", "nets", "train", "evaluate", "plot"},
}

# Parts that a reader of the matrix chapters imports: torch takes seconds to load.
WITHOUT_TORCH = {"__init__", "_array", "matrix", "data", "plot"}

FILES = sorted(path for path in PACKAGE.rglob("*.py"))
EVERY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported(tree: ast.AST, path: Path) -> Iterator[str]:
    """The full names of the modules that are imported, relative imports resolved."""
    package = [*path.relative_to(ROOT).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def _at_module_level(tree: ast.Module) -> ast.Module:
    """The module without the bodies of its functions and of `if TYPE_CHECKING`."""
    keep = [n for n in tree.body if not isinstance(n, ast.FunctionDef | ast.ClassDef)]
    keep = [n for n in keep if not (isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test))]
    return ast.Module(body=keep, type_ignores=[])


def foreign_parts(path: Path, source: str) -> set[str]:
    """The other parts of the package that this file imports and may not."""
    names = [name.split(".") for name in _imported(ast.parse(source), path)]
    ours = {name[1] if len(name) > 1 else "" for name in names if name[0] == "companion"}
    return ours - MAY_IMPORT.get(_part(path), set()) - {_part(path), "__version__"}


@EVERY_FILE
def test_imports_follow_the_design(path):
    assert foreign_parts(path, path.read_text(encoding="utf8")) == set()


@pytest.mark.parametrize(
    ("file", "source", "found"),
    [
        ("matrix/svd.py", "from companion import plot", {"plot"}),
        ("matrix/svd.py", "import companion.data.images", {"data"}),
        ("matrix/svd.py", "from .. import train", {"train"}),
        ("matrix/svd.py", "def f():\n    from ..exercises.verdict import Verdict", {"exercises"}),
        ("data/images.py", "from companion._array import normal", {"_array"}),
        ("matrix/svd.py", "from . import norms\nfrom companion._array import normal", set()),
    ],
)
def test_a_forbidden_import_is_found_in_every_spelling(file, source, found):
    assert foreign_parts(PACKAGE / file, source) == found


EXCEPT = {
    "data/augment.py",
    "data/batches.py",
    "data/sequences.py",
}  # what networks are fed; data/__init__ leaves them out
LIGHT = [p for p in FILES if _part(p) in WITHOUT_TORCH and p.relative_to(PACKAGE).as_posix() not in EXCEPT]


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_torch_waits_until_it_is_needed(path):
    names = _imported(_at_module_level(ast.parse(path.read_text(encoding="utf8"))), path)
    assert [name for name in names if name.split(".")[0] in {"torch", "torchvision"}] == []


@EVERY_FILE
def test_a_file_fits_in_the_readers_head(path):
    assert len(path.read_text(encoding="utf8").splitlines()) <= 220


def test_the_package_itself_imports_nothing():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf8"))
    assert list(_imported(tree, PACKAGE / "__init__.py")) == []


IMPORT_SVD = """
import time
start = time.process_time()  # not the time in which the machine did something else
import companion.matrix.svd
print(time.process_time() - start)
import sys
assert "torch" not in sys.modules, "companion.matrix.svd imports torch"
"""


def test_the_matrix_chapters_start_at_once():
    command = [sys.executable, "-c", IMPORT_SVD]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(5)]
    assert min(float(run.stdout) for run in runs) < 0.5
