"""ruff on the code cells of the book's pages; ruff itself skips {code-cell} fences. --fix formats the cells in place.

For linting a page becomes one script of the same length, in which everything outside the cells is blank, so that a
complaint names the page's own line. Formatting is cell by cell.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.book import BOOK, ROOT, chapters

# Cells of one page are one script: imports stand where they are needed, and a last line may show a value.
_LINT = ["check", "--quiet", "--output-format=concise", "--extend-ignore=E402,B018,B905,I001"]
_WIDTH = "--line-length=88"  # what a page shows beside its two side bars, without scrolling


@dataclass(frozen=True)
class Cell:
    page: Path
    first: int  # index of its first line in the page
    code: list[str]


def cells(page: Path) -> Iterator[Cell]:
    lines, start = page.read_text(encoding="utf8").split("\n"), None
    for i, line in enumerate(lines):
        if line.startswith("```{code-cell}"):
            start = i + 1
        elif line.startswith("```") and start is not None:
            first = _after_metadata(lines, start)
            yield Cell(page, first, lines[first:i])
            start = None


def _after_metadata(lines: list[str], start: int) -> int:
    if lines[start] == "---":
        start = lines.index("---", start + 1) + 1
    while lines[start].startswith(":"):
        start += 1
    return start


def _ruff(files: dict[str, str], *arguments: str) -> tuple[str, dict[str, str]]:
    """What ruff says of these files, and the files after it."""
    with TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf8")
        command = [sys.executable, "-m", "ruff", *arguments, _WIDTH, "--config", str(ROOT / "pyproject.toml"), "."]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        return run.stdout + run.stderr, {name: Path(folder, name).read_text(encoding="utf8") for name in files}


def complaints(pages: Iterable[Path]) -> str:
    scripts = {}
    for page in pages:
        script = [""] * len(page.read_text(encoding="utf8").split("\n"))
        for cell in cells(page):
            script[cell.first : cell.first + len(cell.code)] = cell.code
        scripts[f"{page.stem}.py"] = "\n".join(script) + "\n"
    said, _ = _ruff(scripts, *_LINT)
    return "".join(f"book/{line.replace('.py:', '.md:', 1)}\n" for line in said.splitlines())


def badly_formatted(pages: Iterable[Path]) -> list[tuple[Cell, list[str]]]:
    """The cells that ruff would write otherwise, and how."""
    all_cells = {f"{i}.py": cell for i, cell in enumerate(c for page in pages for c in cells(page))}
    before = {name: "\n".join(cell.code) + "\n" for name, cell in all_cells.items()}
    _, after = _ruff(before, "format", "--quiet")
    return [(all_cells[name], after[name].rstrip("\n").split("\n")) for name in before if before[name] != after[name]]


def _write_back(changed: list[tuple[Cell, list[str]]]) -> None:
    for cell, code in reversed(changed):  # from the end, so that the line numbers before it stay right
        lines = cell.page.read_text(encoding="utf8").split("\n")
        lines[cell.first : cell.first + len(cell.code)] = code
        cell.page.write_text("\n".join(lines), encoding="utf8")


def main(arguments: list[str]) -> int:
    pages = [BOOK / f"{name}.md" for name in arguments if name != "--fix"] or chapters()
    changed = badly_formatted(pages)
    if "--fix" in arguments:
        _write_back(changed)
        changed = []
    for cell, _ in changed:
        print(f"book/{cell.page.name}:{cell.first + 1}: not formatted; mend it with python -m tools.lint_cells --fix")
    print(said := complaints(pages), end="")
    return 1 if changed or said else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
