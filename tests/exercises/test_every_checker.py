"""No chapter's checkers escape: all of them are tried by tests/checkers.py, each on many wrong answers."""

import importlib
import importlib.util
import pkgutil
from pathlib import Path

import pytest

import companion.exercises

HERE = Path(__file__).parent
MODULES = [
    importlib.import_module(f"companion.exercises.{module.name}")
    for module in pkgutil.iter_modules(companion.exercises.__path__)
    if not module.name.startswith("_")
]
CHAPTERS = {
    module.__name__.split(".")[-1]: module
    for module in MODULES
    if any(name.startswith("check_") for name in getattr(module, "__all__", ()))
}


@pytest.fixture(scope="module")
def tried():
    """chapter: (its right answers, its wrong answers), as its test file tries them."""
    found = {}
    for name in CHAPTERS:
        spec = importlib.util.spec_from_file_location(f"_tests_of_{name}", HERE / f"test_{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found[name] = module.TestCheckers.tried
    return found


def test_each_checker_meets_at_least_two_right_answers_and_seven_wrong_ones(tried):
    for name, (right, wrong) in tried.items():
        assert set(right) == set(wrong) == set(CHAPTERS[name].__all__), name
        assert min(map(len, right.values())) >= 2, name
        assert min(map(len, wrong.values())) >= 7, name


def test_every_named_wrong_answer_has_a_message_of_its_own(tried):
    """Counted over the whole book: as many messages as wrong answers."""
    messages = [
        (chapter, check, getattr(CHAPTERS[chapter], check)(student).message)
        for chapter, (_, wrong) in tried.items()
        for check, students in wrong.items()
        for student in students.values()
    ]
    assert len(messages) == len(set(messages)) > 600
