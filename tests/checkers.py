"""What every chapter's checkers owe: one body of tests for all of tests/exercises.

    RIGHT = {"check_truncation": [answers that must pass], …}
    WRONG = {"check_truncation": {"words of its message alone": an answer that must fail, …}, …}
    TestCheckers = checkers.of(svd, RIGHT, WRONG, calls={"check_truncation": 5, …})

`calls` says how often a checker calls the student: each of these calls must be able to fail a right answer. A checker
that tries until chance is ruled out has no such number, and stays out of it.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest

Right = Mapping[str, Sequence[Callable]]
Wrong = Mapping[str, Mapping[str, Callable]]


def spoilt(answer: Any) -> Any:
    """Every number another one, in the same order."""
    if isinstance(answer, tuple | list):
        return [spoilt(part) for part in answer]
    return ~answer if getattr(answer, "dtype", None) == np.bool else 2 * answer + 1


def of(chapter: ModuleType, right: Right, wrong: Wrong, *, calls: Mapping[str, int]) -> type:
    """A class of tests, to be bound to a name that begins with Test."""

    class TestCheckers:
        tried = (right, wrong)  # tests/exercises/test_every_checker.py counts them

        def test_every_checker_is_here(self):
            assert set(right) == set(wrong) == set(chapter.__all__) >= set(calls)

        @pytest.mark.parametrize(("name", "i"), [(name, i) for name in right for i in range(len(right[name]))])
        def test_a_right_answer_passes(self, name, i):
            verdict = getattr(chapter, name)(right[name][i])
            assert verdict, verdict.message

        @pytest.mark.parametrize("name", wrong)
        def test_each_wrong_answer_hears_its_own_mistake(self, name):
            messages = {words: getattr(chapter, name)(student) for words, student in wrong[name].items()}
            for words, verdict in messages.items():
                assert not verdict.passed, words
                assert words in verdict.message, (words, verdict.message)
                assert "you" in verdict.message.lower(), f"second person: {verdict.message}"
                assert [other for other, said in messages.items() if words in said.message] == [words]
            assert len({verdict.message for verdict in messages.values()}) == len(wrong[name])

        @pytest.mark.parametrize("name", calls)
        def test_every_case_counts(self, name):
            """An answer that is right but for one call fails; one that goes wrong only after the last passes."""
            for bad in range(calls[name] + 1):
                count = itertools.count()

                def student(*given, count=count, bad=bad):
                    answer = right[name][0](*given)
                    return spoilt(answer) if next(count) == bad else answer

                assert getattr(chapter, name)(student).passed == (bad == calls[name]), f"call {bad + 1}"

    TestCheckers.__doc__ = f"The checkers of companion.exercises.{chapter.__name__.split('.')[-1]}."
    return TestCheckers
