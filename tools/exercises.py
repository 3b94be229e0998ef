"""The exercises as the chapters tell them: number, title, text, checker and reference solution, written once there.

Whatever lists exercises or hands them out is made of this: the sheets, and the list that `companion.exercises` prints.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools.book import chapters
from tools.cache import code_cells, read
from tools.labels import all_labels
from tools.myst import Fence, blocks


@dataclass
class Exercise:
    label: str
    title: str
    text: str  # MyST
    solution: list[str] = field(default_factory=list)  # its code cells

    @property
    def number(self) -> str:
        return all_labels()[self.label].number

    @property
    def call(self) -> tuple[str, str] | None:
        """(checker, the student's function), as the solution calls them: ("check_pca", "components")."""
        for node in ast.walk(ast.parse("\n".join(self.solution))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("check_"):
                (answer,) = node.args
                assert isinstance(answer, ast.Name), f"{self.label}: give {node.func.id} a function by its name"
                return node.func.id, answer.id
        return None

    @property
    def check(self) -> str | None:
        return self.call[0] if self.call else None

    @property
    def signature(self) -> str:
        """The head of the function that the student is to write: components(X, rank)."""
        assert self.call
        for node in ast.parse("\n".join(self.solution)).body:
            if isinstance(node, ast.FunctionDef) and node.name == self.call[1]:
                return f"{node.name}({ast.unparse(node.args)})"
        raise ValueError(f"{self.label}: its solution gives {self.call[0]} a function that it does not define")

    @property
    def is_open(self) -> bool:
        return self.title.startswith("Open")


def of(page: Path) -> list[Exercise]:
    """The exercises of a page, in its order."""
    found: dict[str, Exercise] = {}
    inside: Exercise | None = None  # whose solution is being told
    for cell in read(page).cells:
        if cell.cell_type == "code" and inside:
            inside.solution.append(cell.source)
        if cell.cell_type != "markdown":
            continue
        for block in _fences(cell.source):
            if block.name == "exercise":
                found[block.label] = Exercise(block.label, block.argument, block.body)
            elif block.name == "solution-start":
                inside = found[block.argument]
            elif block.name == "solution-end":
                inside = None
    return list(found.values())


def _fences(text: str) -> Iterator[Fence]:
    return (block for block in blocks(text) if isinstance(block, Fence))


def pages() -> list[Path]:
    """The chapters that have exercises, in reading order."""
    return [page for page in chapters() if of(page)]


def imports(page: Path) -> dict[str, str]:
    """name: the line that imports it, for every import of the page's cells."""
    lines: dict[str, str] = {}
    for cell in code_cells(read(page)):
        for node in ast.parse(cell.source).body:
            for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
                head = f"from {node.module} import" if isinstance(node, ast.ImportFrom) else "import"
                lines[alias.asname or alias.name.split(".")[0]] = f"{head} {ast.unparse(alias)}"
    return lines
