"""Verdicts, hints, and what every checker owes a student whose function does not work at all."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

import companion.exercises
from companion.exercises.verdict import Verdict, Wrong, exercise

MODULES = [
    importlib.import_module(f"companion.exercises.{module.name}")
    for module in pkgutil.iter_modules(companion.exercises.__path__)
]
CHAPTERS = [module for module in MODULES if any(name.startswith("check_") for name in getattr(module, "__all__", ()))]
CHECKS = {name: getattr(module, name) for module in CHAPTERS for name in module.__all__ if name.startswith("check_")}
CODE = re.compile(r"np\.|[a-z]\(|\w\[|==|@")  # an equation such as W = QT is no code

every_check = pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)


def test_a_verdict_reads_well():
    passed, failed = Verdict(True, "Right."), Verdict(False, "You returned 3.", ("Think.", "Use A."))
    assert passed
    assert not failed
    assert repr(passed) == "✓ Right."
    assert repr(failed) == "✗ You returned 3.\n  Stuck? Ask this verdict for .hint(1)."
    assert repr(Verdict(False, "No.")) == "✗ No."
    with pytest.raises(FrozenInstanceError):
        failed.passed = True


def test_hints_come_in_steps_and_end():
    verdict = Verdict(False, "No.", ("Think.", "Use A."))
    assert [verdict.hint(), verdict.hint(1), verdict.hint(2)] == ["Think.", "Think.", "Use A."]
    assert verdict.hint(3) == "There is no hint 3: the last is hint(2). The solution is folded below the exercise."
    assert verdict.hint(0) == verdict.hint(-1) == "Hints are counted from 1: ask for hint(1) to hint(2)."
    assert Verdict(True, "Right.").hint(1) == "This exercise has no hints."


def test_exercise_makes_a_checker():
    @exercise("Right.", "Think.")
    def check(student):
        """student() -> 1."""
        if student() != 1:
            raise Wrong("Not 1.")

    assert check(lambda: 1) == Verdict(True, "Right.", ("Think.",))
    assert check(lambda: 2) == Verdict(False, "Not 1.", ("Think.",))
    assert (check.__name__, check.__doc__) == ("check", "student() -> 1.")
    assert inspect.signature(check).return_annotation is Verdict


def test_the_walk_finds_all_checkers_and_their_tests():
    everywhere = {name for module in MODULES for name in vars(module) if name.startswith("check_")}
    assert everywhere == set(CHECKS)
    assert len(CHECKS) >= 7
    for module in CHAPTERS:
        tests = Path(__file__).with_name(f"test_{module.__name__.split('.')[-1]}.py").read_text(encoding="utf-8")
        assert [name for name in module.__all__ if name not in tests] == []
        assert all(f" {name}" in companion.exercises.__doc__ for name in module.__all__)


def test_torch_stays_out():
    names = ", ".join(module.__name__ for module in MODULES)
    code = f"import sys, {names}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@every_check
def test_docstring_and_hints(check):
    assert check.__doc__.startswith("student(")
    verdict = check(lambda *given: None)
    assert len(verdict.hints) >= 2
    assert not CODE.search(verdict.hint(1).replace("sᵢ", "")), "the first hint is a nudge, not code"
    assert not any("def " in hint or "return " in hint for hint in verdict.hints)
    assert "There is no hint" in verdict.hint(len(verdict.hints) + 1)


def raises(*given):
    raise ValueError("operands could not be broadcast together with shapes (3,) (4,)")


def misspelt(*given):
    return numpie.sum(given[0])


def unfinished(*given):
    raise NotImplementedError


def mutates(*given):
    arrays = [value for value in given if isinstance(value, np.ndarray)]
    if not arrays:
        return "nothing that can be changed"
    arrays[0] *= 2
    return 1.0


GENERIC = {
    "stopped in the line `raise ValueError(": raises,
    "Likely cause: shapes that do not fit": raises,
    "NameError: name 'numpie' is not defined. Likely cause: a name is misspelt": misspelt,
    "the placeholder is still there": unfinished,
    "the placeholder ... is still there": lambda *given: ...,
    "ZeroDivisionError: division by zero. Likely cause: a length or a sum is 0": lambda *given: 1 / 0,
    "IndexError": lambda *given: [][0],
    "`return` is missing": lambda *given: None,
    "You returned the str 'svd'": lambda *given: "svd",
    "You returned the bool True": lambda *given: True,
    "You returned a dict": lambda *given: {},
    "Your function takes (a, b, c, d, e, f, g, h, i); the exercise calls it with (": lambda a, b, c, d, e, f, g, h, i: (
        0
    ),
}


@every_check
@pytest.mark.parametrize("words", list(GENERIC))
def test_what_fails_before_it_is_wrong(check, words):
    verdict = check(GENERIC[words])
    assert not verdict.passed
    assert words in verdict.message
    assert re.search(r"\b[Yy]ou", verdict.message), "second person"
    assert not re.search(r"Traceback|\.py", repr(verdict))


@every_check
def test_input_must_stay_unchanged(check):
    names = re.match(r"student\(([^)]+)", check.__doc__)[1].split(", ")
    message = check(mutates).message
    changed = re.match(r"Your function changed the (\w+) it was given", message)
    assert changed[1] in names if changed else "nothing that can be changed" in message


@every_check
@pytest.mark.parametrize(("value", "words"), [(3.0, "the number 3"), (np.eye(2), "a 2 × 2 matrix"), (None, "None")])
def test_a_value_in_place_of_the_function(check, value, words):
    message = check(value).message
    assert message == f"You gave the checker {words}; it needs your function itself: the name without ()."
