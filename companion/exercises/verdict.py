"""What a checker says: a verdict in the second person, and hints in steps."""

import functools
import inspect
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RECORD = "COMPANION_VERDICTS"  # names a file: then every verdict is written there too, a line each


class Wrong(Exception):
    """Ends a check; its text tells the student what came back and the likely cause."""


@dataclass(frozen=True, repr=False)
class Verdict:
    """✓ or ✗ with one message to the student. In an `if` it is true when passed."""

    passed: bool
    message: str
    hints: tuple[str, ...] = ()

    def hint(self, n: int = 1) -> str:
        """The n-th hint, n = 1, 2, …: each says more than the one before. Past the last, a sentence that says so."""
        if not self.hints:
            return "This exercise has no hints."
        if 1 <= n <= len(self.hints):
            return self.hints[n - 1]
        if n < 1:
            return f"Hints are counted from 1: ask for hint(1) to hint({len(self.hints)})."
        return f"There is no hint {n}: the last is hint({len(self.hints)}). The solution is folded below the exercise."

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        if self.passed:
            return f"✓ {self.message}"
        return f"✗ {self.message}" + ("\n  Stuck? Ask this verdict for .hint(1)." if self.hints else "")


def exercise(praise: str, *hints: str) -> Callable[[Callable[[Any], None]], Callable[[Any], Verdict]]:
    """Make a checker of a function that looks at the student's answer and raises Wrong when something is amiss."""

    def decorate(look: Callable[[Any], None]) -> Callable[[Any], Verdict]:
        @functools.wraps(look)
        def check(student: Any) -> Verdict:
            verdict = Verdict(True, praise, hints)
            try:
                look(student)
            except Wrong as wrong:
                verdict = Verdict(False, str(wrong), hints)
            _record(look.__name__, student, verdict)
            return verdict

        check.__signature__ = inspect.signature(look).replace(return_annotation=Verdict)  # type: ignore[attr-defined]
        return check

    return decorate


def _record(check: str, student: Any, verdict: Verdict) -> None:
    """For `python -m companion.exercises sheet.ipynb`, which must not trust what a notebook shows."""
    if path := os.environ.get(RECORD):
        function = inspect.unwrap(student) if callable(student) else student
        said = {"check": check, "passed": verdict.passed, "message": verdict.message}
        with open(path, "a", encoding="utf8") as file:
            file.write(json.dumps(said | {"home": str(getattr(function, "__module__", None))}) + "\n")
