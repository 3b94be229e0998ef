"""The sheets are what the chapters say, with blanks; filled with the reference solutions every checker passes."""

import ast
import re

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from companion.exercises.verdict import Verdict
from tools import exercises, sheets
from tools.notebook import INSTALL

EVERY_SHEET = pytest.mark.parametrize("page", exercises.pages(), ids=lambda page: page.stem)


def verdicts(notebook):
    """What the cells show, run one after the other as a kernel would; anything that raises fails the test."""
    names, shown = {"__name__": "__main__"}, []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        tree = ast.parse(TransformerManager().transform_cell(cell.source))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<cell>", "exec"), names)
        if last:
            shown.append(eval(compile(ast.Expression(last.value), "<cell>", "eval"), names))
    return [verdict for verdict in shown if isinstance(verdict, Verdict)]


def checked(page):
    return [task for task in exercises.of(page) if task.check]


def test_the_committed_files_are_what_the_chapters_make():
    wanted = sheets.files()
    assert set(sheets.FOLDER.glob("*.ipynb")) | {sheets.CATALOGUE} == set(wanted)
    for path, text in wanted.items():
        assert path.read_text(encoding="utf8") == text, f"{path.name} is stale: run `make notebooks`"


@EVERY_SHEET
def test_with_the_reference_solutions_every_checker_passes(page):
    said = verdicts(sheets.build(page, solved=True))
    assert [verdict.message for verdict in said if not verdict.passed] == []
    assert len(said) == len(checked(page)) >= 3


@EVERY_SHEET
def test_with_the_blanks_each_checker_says_what_to_do(page):
    said = verdicts(sheets.build(page))
    assert len(said) == len(checked(page))
    for verdict in said:
        assert not verdict.passed
        assert "the placeholder ... is still there" in verdict.message
        assert "There is no hint" not in verdict.hint(1)


@EVERY_SHEET
def test_a_sheet_holds_the_exercises_and_no_solution(page):
    made = sheets.build(page)
    nbformat.validate(made)
    text = "\n".join(cell.source for cell in made.cells)
    assert made.cells[1].source == INSTALL
    for task in exercises.of(page):
        assert f"## Exercise {task.number}. " in text
        if task.check:
            assert f"`{task.check}({task.call[1]}).hint(1)`" in text
    lines = {line.strip() for task in checked(page) for source in task.solution for line in source.split("\n")}
    given = {
        line.strip() for task in checked(page) for line in (f"def {task.signature}:", f"{task.check}({task.call[1]})")
    }
    kept = {line.strip() for cell in made.cells if cell.cell_type == "code" for line in cell.source.split("\n")}
    assert [line for line in kept & (lines - given) if len(line) > 3] == []  # a bracket may stand in both
    assert not re.search(r"\{[\w:]+\}`|^:label:|```\{", text, re.MULTILINE), "MyST that no notebook shows"


@EVERY_SHEET
def test_the_text_asks_for_the_function_that_the_sheet_begins(page):
    for task in checked(page):
        assert f"`{task.signature}`" in task.text, task.label
        assert re.findall(r"`(check_\w+)`", task.text) == [task.check], task.label


@EVERY_SHEET
def test_a_solution_says_what_it_checks_once(page):
    module = sheets.importlib.import_module(f"companion.exercises.{page.stem}")
    assert sorted(task.check for task in checked(page)) == sorted(module.__all__)


def test_an_exercise_of_each_kind_is_told_from_the_others():
    for page in exercises.pages():
        kinds = [("open" if t.is_open else "checked" if t.check else "by hand") for t in exercises.of(page)]
        assert set(kinds) == {"open", "checked", "by hand"}, page.stem
