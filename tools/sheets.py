"""Write sheets/X.ipynb, the exercises of book/X.md with blanks for the answers: python -m tools.sheets

A sheet is made of what the chapter says: the texts of its exercises, and for each checker the function's head and the
call that checks it. Solutions stay out, the checkers' hints are announced. With the sheets goes the list of all
exercises that the package prints, companion/exercises/catalogue.json. tests/tools/test_sheets.py tells what is stale.
"""

import ast
import importlib
import json
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import exercises
from tools.book import ROOT, numbers, site_url, title
from tools.exercises import Exercise
from tools.labels import all_labels, heading, page_url
from tools.notebook import INSTALL, KERNEL, number
from tools.plain import Plain

FOLDER = ROOT / "sheets"
CATALOGUE = ROOT / "companion" / "exercises" / "catalogue.json"
_HINTS = ("no", "one", "two", "three", "four", "five")
_ELLIPSIS = """\
def {signature}:
    return ...  # your lines go here


{check}({answer})"""


class Elsewhere(Plain):
    """Plain Markdown for a place outside the chapter: its formulas and figures are links too."""

    def reference(self, text: str, target: str) -> str:
        label = all_labels()[target]
        return f"[{text.replace('%s', label.number) or label.text}]({label.url})"


def build(page: Path, *, solved: bool = False) -> NotebookNode:
    """The sheet of a chapter; solved: with the reference solutions in place of the blanks, for the tests."""
    tasks = exercises.of(page)
    cells = [new_markdown_cell(_preamble(page)), new_code_cell(INSTALL), new_code_cell(_imports(page, tasks))]
    for task in tasks:
        cells += [new_markdown_cell(_told(page, task)), *_answer(task, solved)]
    number(cells)
    for cell in cells:
        if cell.cell_type == "code":
            cell.execution_count = None  # nothing was run
    return new_notebook(cells=cells, metadata=KERNEL | {"course": {"sheet": page.stem}})


def _preamble(page: Path) -> str:
    chapter = heading(page.read_text(encoding="utf8"))
    return (
        f"# Exercises: {chapter}\n\n*A sheet of [{title()}]({site_url()}), for the chapter "
        f"[{chapter}]({page_url(page, 'exercises')}).*\n\nPut your own lines in the place of each `...` and run the "
        "cell. Its last line gives your function to a checker, which says in a sentence what is wrong with it, or that "
        "it is right. The verdict of a checker has hints, each of which says more: put `.hint(1)` behind the call. "
        "The solutions are folded below the exercises on the chapter's page."
    )


def _imports(page: Path, tasks: list[Exercise]) -> str:
    """What the answers need: NumPy, the checkers, and whatever else the reference solutions use."""
    checks = sorted(task.check for task in tasks if task.check)
    used = {node.id for task in tasks if task.check for node in ast.walk(_tree(task)) if isinstance(node, ast.Name)}
    known = exercises.imports(page)
    lines = {"import numpy as np", *(known[name] for name in used & set(known) if name not in checks)}
    plain, named = (sorted(line for line in lines if line.startswith(word)) for word in ("import", "from"))
    head = "\n".join([*plain, *named])
    names = "".join(f"    {check},\n" for check in checks)
    return f"{head}\n\nfrom companion.exercises.{page.stem} import (\n{names})"


def _tree(task: Exercise) -> ast.Module:
    return ast.parse("\n".join(task.solution))


def _told(page: Path, task: Exercise) -> str:
    words = Elsewhere(page)
    text = f"## {all_labels()[task.label].text}. {words.text(task.title)}\n\n{words.text(task.text)}"
    if not task.call:
        return text
    check, answer = task.call
    count = len(getattr(importlib.import_module(f"companion.exercises.{page.stem}"), check)(None).hints)
    hints = f"{_HINTS[count]} hint{'s' * (count > 1)}: `{check}({answer}).hint(1)`"
    return f"{text}\n\n*{hints[0].upper()}{hints[1:]}{' and so on' * (count > 1)}.*"


def _answer(task: Exercise, solved: bool) -> list[NotebookNode]:
    if task.call and solved:
        return [new_code_cell(source) for source in task.solution]
    if task.call:
        return [new_code_cell(_ELLIPSIS.format(signature=task.signature, check=task.check, answer=task.call[1]))]
    if task.is_open:
        return [new_code_cell("# your experiments"), new_markdown_cell("*What you found:*")]
    return [new_markdown_cell("*Your answer:*")]


def catalogue() -> list[dict[str, Any]]:
    """The exercises of the book as the package lists them; `check` is null for those by hand and the open ones."""
    return [
        {
            "chapter": page.stem,
            "number": numbers().get(page),
            "title": Elsewhere(page).text(heading(page.read_text(encoding="utf8"))),
            "exercises": [
                {"number": task.number, "title": Elsewhere(page).text(task.title), "check": task.check}
                for task in exercises.of(page)
            ],
        }
        for page in exercises.pages()
    ]


def files() -> dict[Path, str]:
    """Every file that this program writes, and what belongs into it."""
    sheets = {FOLDER / f"{page.stem}.ipynb": nbformat.writes(build(page)) + "\n" for page in exercises.pages()}
    return sheets | {CATALOGUE: json.dumps(catalogue(), indent=1, ensure_ascii=False) + "\n"}


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    wanted = files()
    for path in set(FOLDER.glob("*.ipynb")) - set(wanted):
        path.unlink()
        print(f"sheets/{path.name} removed: its chapter has no exercises")
    for path, text in wanted.items():
        same = path.exists() and path.read_text(encoding="utf8") == text
        path.write_text(text, encoding="utf8")
        print(f"{path.relative_to(ROOT)} {'unchanged' if same else 'written'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
