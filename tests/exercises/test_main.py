"""python -m companion.exercises lists everything, and says what a notebook solves, whatever the notebook shows."""

import subprocess
import sys
from importlib import import_module

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output, writes

from companion.exercises import __main__ as program
from companion.exercises._sheet import Run, calls, renamed
from tools import sheets
from tools.book import BOOK, ROOT


def said(check, passed, message="Not so.", home="__main__"):
    return {"check": check, "passed": passed, "message": message, "home": home}


# --- the list --------------------------------------------------------------------------------------------------------


def test_every_checker_is_listed_under_its_chapter(capsys):
    assert program.main([]) == 0
    printed = capsys.readouterr().out
    for chapter in program.catalogue():
        assert f"{chapter['chapter']}: {chapter['title']}\n" in printed
        checks = [task["check"] for task in chapter["exercises"] if task["check"]]
        assert sorted(checks) == sorted(import_module(f"companion.exercises.{chapter['chapter']}").__all__)
        assert all(f" {check}\n" in printed for check in checks)
    assert f"\n{printed.count('check_')} of them have a checker" in printed


def test_a_chapter_is_listed_alone(capsys):
    assert program.main(["svd"]) == 0
    printed = capsys.readouterr().out
    assert "check_truncation" in printed
    assert "check_hals_step" not in printed
    assert "2.6  Open: a photograph codec" in printed


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["svdd"], "'svdd' is neither a notebook (.ipynb) nor one of the chapters norms, svd, "),
        (["svd", "--seconds", "0"], "--seconds must be positive, not 0"),
    ],
)
def test_what_it_does_not_know(given, words, capsys):
    with pytest.raises(SystemExit) as ended:
        program.main(given)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_the_help_teaches(capsys):
    with pytest.raises(SystemExit):
        program.main(["--help"])
    printed = capsys.readouterr().out
    for words in (
        "python -m companion.exercises svd.ipynb",
        "fresh kernel",
        "exit status is 0",
        "--seconds",
        "--brief",
    ):
        assert words in printed


# --- judging ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("check_pca(f)", {"check_pca"}),
        ("from companion.exercises import svd as s\ns.check_pca(f).hint(1)", {"check_pca"}),
        ("from companion.exercises.svd import check_pca  # check_pca(f)", set()),
        ("text = 'check_pca(f)'", set()),
        ("try:\n    import x\nexcept ImportError:\n    %pip install x\ncheck_pca(f)", {"check_pca"}),
        ("!ls\ncheck_pca(f)", {"check_pca"}),
        ("def f(:", set()),
    ],
)
def test_calls_are_found_in_code_alone(source, found):
    assert calls(source) == found


def test_a_checker_is_known_by_the_other_name_that_a_cell_gave_it():
    names = renamed("from companion.exercises.norms import check_svd as check, check_pca\nfrom os import path as p")
    assert names == {"check": "check_svd"}
    assert calls("check(f)\np(1)", names) == {"check_svd"}
    assert calls("check(f)") == set()


def test_a_notebook_without_checkers_still_says_where_it_stopped():
    done = Run([], set(), None, ["Code cell 2 stopped: NameError: x"])
    words = ["a.ipynb: calls no checker of this course", "  Code cell 2 stopped: NameError: x"]
    assert program.report("a.ipynb", done, brief=False) == (False, words)


def test_one_call_that_passed_is_enough_and_the_last_word_counts_otherwise():
    wrong = [said("check_pca", False, "First."), said("check_pca", False, "Second.")]
    assert program.judged("check_pca", Run([*wrong, said("check_pca", True)], set(), None, []))[0]
    assert program.judged("check_pca", Run([said("check_pca", True), *wrong], set(), None, []))[0]
    assert program.judged("check_pca", Run(wrong, set(), None, [])) == (False, "Second.")
    assert program.judged("check_pca", Run([], {"check_pca"}, None, [])) == (False, "never checked in this run")


def test_the_packages_own_function_solves_nothing():
    done = Run([said("check_pca", True, home="companion.matrix.svd")], set(), None, [])
    assert program.judged("check_pca", done) == (False, "the package's own function, not yours")


def test_a_sheet_answers_for_every_exercise_even_one_that_was_taken_out():
    done = Run([said("check_pca", True)], {"check_pca"}, "svd", ["Code cell 9 stopped: NameError: x"])
    right, lines = program.report("a.ipynb", done, brief=False)
    assert not right
    assert lines[0] == "a.ipynb: 1 of 4 solved"
    assert "  ✓ svd 2.4 Principal components" in lines
    assert "  ✗ svd 2.2 Truncation (check_truncation): never checked in this run" in lines
    assert lines[-1] == "  Code cell 9 stopped: NameError: x"
    assert program.report("a.ipynb", done._replace(sheet=None), brief=True) == (True, ["a.ipynb: 1 of 1 solved"])
    assert program.report("a.ipynb", Run([], set(), None, []), brief=True)[0] is False


# --- running ---------------------------------------------------------------------------------------------------------

IMPORT = "import numpy as np\nfrom companion.exercises.norms import check_column_sum_norm as check"
RIGHT = "check(lambda A: np.abs(A).sum(axis=0).max())"
WRONG = "check_column_sum_norm(lambda A: np.abs(A).sum(axis=1).max())"
PASSED = new_output("stream", text="✓ Right for every matrix tried.")

NOTEBOOKS = {
    # what it shows is of an earlier answer
    "old": [IMPORT.removesuffix(" as check"), new_code_cell(WRONG, outputs=[PASSED], execution_count=3)],
    # a checker of one's own, and a verdict that is printed
    "own": ["check_pca = lambda f: print('✓')", "check_pca(max)", IMPORT, "print('✓ passed')"],
    # in an order in which they were not written: the kernel is fresh
    "order": [IMPORT, "check(answer)", "def answer(A):\n    return np.abs(A).sum(axis=0).max()"],
    "stops": [IMPORT, "1 / 0", RIGHT, "input()", "%matplotlib inline", "import os\nos._exit(1)", RIGHT],
    "slow": [IMPORT, RIGHT, "import time\ntime.sleep(600)"],
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """name: (exit status, what was printed), each notebook run as a teacher would."""
    folder = tmp_path_factory.mktemp("notebooks")
    for name, cells in NOTEBOOKS.items():
        made = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
        (folder / f"{name}.ipynb").write_text(writes(new_notebook(cells=made)), encoding="utf8")
    for name, solved in (("blank", False), ("solved", True)):
        (folder / f"{name}.ipynb").write_text(writes(sheets.build(BOOK / "norms.md", solved=solved)), encoding="utf8")
    (folder / "broken.ipynb").write_text("{", encoding="utf8")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    found = {}
    for name in (*NOTEBOOKS, "blank", "solved", "broken", "missing"):
        limit = ["--seconds", "6"] if name == "slow" else []
        command = [sys.executable, "-m", "companion.exercises", f"{folder / name}.ipynb", *limit]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.stderr == "", done.stderr
        found[name] = done.returncode, done.stdout
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before, "the files stay as they are"
    return found


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("solved", 0, ["3 of 3 solved", "✓ norms 1.2 The column sum norm"]),
        ("blank", 1, ["0 of 3 solved", "✗ norms 1.2", "the placeholder ... is still there"]),
        ("old", 1, ["0 of 1 solved", "largest row sum, which is ‖A‖_∞"]),
        ("own", 1, ["0 of 1 solved", "never checked in this run"]),
        ("order", 1, ["0 of 1 solved", "NameError: name 'answer' is not defined"]),
        ("stops", 0, ["1 of 1 solved", "Code cell 2 stopped: ZeroDivisionError", "StdinNotImplementedError", "died"]),
        ("slow", 0, ["1 of 1 solved", "cut off after 6 seconds"]),
        ("broken", 2, ["is no Jupyter notebook"]),
        ("missing", 2, ["There is no file"]),
    ],
)
def test_what_a_notebook_solves(ran, name, status, words):
    assert ran[name][0] == status, ran[name]
    for part in words:
        assert part in ran[name][1]
