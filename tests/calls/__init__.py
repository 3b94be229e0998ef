"""Good and wrong arguments for every public function of the matrix chapters, one file a chapter:

    CALLS       function: good arguments by name; the first is an array of numbers, but for the functions in OTHERS
    WRONG       (function, parameter): wrong values, each with the error and parts of its sentence
    UNCHECKED   function: why its arguments are not checked
    SPARSE_TOO  functions that take a SciPy-sparse matrix for the first argument
    OTHERS      functions whose first argument is something else: every parameter of theirs stands in WRONG

tests/test_array.py tries them all, and fails for a public function or a parameter that is not here.
"""

import importlib
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in ("__init__", "common"))
CHAPTERS = [importlib.import_module(f"calls.{name}") for name in NAMES]


def gathered(table: str) -> dict:
    """The entries of that table from every chapter; those of a tuple become keys."""
    parts = [getattr(chapter, table, ()) for chapter in CHAPTERS]
    return {key: part[key] if isinstance(part, dict) else None for part in parts for key in part}
