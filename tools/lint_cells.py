"""ruff on the code cells of the book's pages, with the pages' own line numbers (ruff itself skips {code-cell} fences).

Everything outside the cells is blanked, so that a page is one script of the same length. Formatting is checked cell
by cell.
"""

import subprocess
import sys
from pathlib import Path

from tools.book import ROOT, chapters

# Cells of one page are one script: imports stand where they are needed, and a last line may show a value.
_SCRIPT = ["--ignore", "E402,B018,I001"]


def cells(page: Path) -> list[tuple[int, list[str]]]:
    """(number of its first line, its lines) of each code cell, without the cell's metadata block."""
    found, lines, start = [], page.read_text(encoding="utf8").split("\n"), None
    for i, line in enumerate(lines):
        if line.startswith("```{code-cell}"):
            start = i + 1
        elif line.startswith("```") and start is not None:
            found.append(_code(lines, start, i))
            start = None
    return found


def _code(lines: list[str], start: int, end: int) -> tuple[int, list[str]]:
    if lines[start] == "---":
        start = lines.index("---", start + 1) + 1
    while lines[start].startswith(":"):
        start += 1
    return start, lines[start:end]


def _ruff(*arguments: str, name: str, source: str) -> str:
    command = [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", name, "-"]
    run = subprocess.run(command, input=source, capture_output=True, text=True, cwd=ROOT, check=False)
    return run.stdout + run.stderr if run.returncode else ""


def check(page: Path) -> list[str]:
    name, script = f"{page.relative_to(ROOT)}", [""] * page.read_text(encoding="utf8").count("\n")
    problems = []
    for start, lines in cells(page):
        script[start : start + len(lines)] = lines
        source = "\n".join(lines) + "\n"
        if difference := _ruff("format", "--diff", "--quiet", name=f"{page.stem}.py", source=source):
            problems.append(f"{name}:{start + 1}: this cell is not formatted\n{difference}")
    lint = ["check", "--quiet", "--output-format=concise", *_SCRIPT]
    complaint = _ruff(*lint, name=f"{page.stem}.py", source="\n".join(script))
    return [*problems, complaint.replace(f"{page.stem}.py", name)] if complaint else problems


def main() -> int:
    problems = [problem for page in chapters() for problem in check(page)]
    print("\n".join(problems) or f"{len(chapters())} chapters: their cells are clean")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
