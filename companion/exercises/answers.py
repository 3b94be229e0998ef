"""Call the student's function safely, read what it returned. Whatever is amiss becomes a Wrong, never a traceback."""

import copy
import inspect
import re
import traceback
from collections.abc import Mapping
from typing import Any

import numpy as np

from companion.exercises._words import described, listed, plain, shaped
from companion.exercises.verdict import Wrong

RTOL = 1e-4  # wide enough for answers in float32, far narrower than any mistake the checkers name

OVERFLOW = "a division by zero, an overflow, or the root or logarithm of a negative number on the way"
SHAPES = "shapes that do not fit: print the .shape of each side, and look for a missing transpose"
CAUSES: tuple[tuple[Any, str], ...] = (
    (NotImplementedError, "the placeholder is still there: put your own lines in its place"),
    (NameError, "a name is misspelt, not imported, or defined in a cell you have not run"),
    (IndexError, "an index past the end: Python counts from 0, so the last index is the length minus 1"),
    ((AttributeError, TypeError), "a value of another type than you expect: print its type before that line"),
    (ZeroDivisionError, "a length or a sum is 0: print what you divide by"),
    (RecursionError, "your function calls itself without end: give one of the two another name"),
)


def ask(student: Any, **given: Any) -> Any:
    """student(*given), on copies. Wrong if it can't be called so, raises, returns nothing or changes its input."""
    _check_callable(student, given)
    handed = copy.deepcopy(given)
    try:
        with np.errstate(all="ignore"):
            answer = student(*handed.values())
    except Exception as error:
        raise Wrong(_stopped(error, student, given)) from None
    if answer is None or answer is ...:
        cause = "`return` is missing before the result" if answer is None else "the placeholder ... is still there"
        raise Wrong(f"Called with {listed(given)}, your function returned {answer}. Likely cause: {cause}.")
    for name, before in given.items():
        if isinstance(before, np.ndarray) and not np.array_equal(before, handed[name]):
            raise Wrong(
                f"Your function changed the {name} it was given, which spoils it for its caller. Likely cause: "
                f"a line such as {name} -= … or {name}[…] = …; begin with {name} = {name}.copy()."
            )
    return answer


def _check_callable(student: Any, given: Mapping[str, Any]) -> None:
    if not callable(student):
        raise Wrong(f"You gave the checker {described(student)}; it needs your function itself: the name without ().")
    try:
        signature = inspect.signature(student)
    except (TypeError, ValueError):  # some built-in functions have none
        return
    try:
        signature.bind(*given.values())
    except TypeError:
        raise Wrong(f"Your function takes {signature}; the exercise calls it with ({', '.join(given)}).") from None


def _stopped(error: Exception, student: Any, given: Mapping[str, Any]) -> str:
    text = re.sub(r", with gufunc signature \S+", "", str(error).strip().split("\n")[0])[:200].rstrip(".")
    cause = next((cause for kinds, cause in CAUSES if isinstance(error, kinds)), "print the values before that line")
    if any(word in text.lower() for word in ("matmul", "broadcast", "shape", "dimension", "aligned", "mismatch")):
        cause = SHAPES
    file = getattr(getattr(inspect.unwrap(student), "__code__", None), "co_filename", None)
    lines = [frame.line for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file and frame.line]
    where = f" in the line `{lines[-1]}`" if lines else ""
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return f"Called with {listed(given)}, your function stopped{where}: {said}. Likely cause: {cause}."


def number(answer: Any, wanted: str, *, if_not_finite: str = OVERFLOW) -> float:
    """`answer` as a float. Wrong unless it is one real finite number, of NumPy, torch or Python."""
    x = plain(answer)
    if x is None or x.ndim > 0:
        cause = "" if x is None else " Likely cause: a maximum, a sum or an index is missing at the end."
        cause = " Take it out of its brackets with .item()." if x is not None and x.size == 1 else cause
        raise Wrong(f"You returned {described(answer)}; {wanted} must be one number.{cause}")
    return float(_real_and_finite(x, wanted, if_not_finite))


def array(answer: Any, wanted: str, shape: tuple[int, ...], known: Mapping[tuple, str] | None = None) -> np.ndarray:
    """`answer` as a real finite array of `shape`; `known` tells other shapes' causes. A row passes as a vector."""
    x = plain(answer)
    if x is not None and len(shape) == 1 and x.shape in ((1, *shape), (*shape, 1)):
        x = x.reshape(shape)
    if x is None or x.shape != shape:
        cause = "" if x is None else (known or {}).get(x.shape, "")
        if x is not None and not cause and x.shape == shape[::-1]:
            cause = "Yours has rows and columns exchanged: a transpose is missing, or one too many."
        raise Wrong(f"You returned {described(answer)}; {wanted} must be {shaped(shape)}. {cause}".strip())
    return _real_and_finite(x, wanted, OVERFLOW)


def _real_and_finite(x: np.ndarray, wanted: str, cause: str) -> np.ndarray:
    if not np.isfinite(x).all():
        where = f"in {np.sum(~np.isfinite(x))} of the {x.size} entries" if x.ndim else f"({x.item()})"
        raise Wrong(f"You returned NaN or infinity {where}; {wanted} must be finite. Likely cause: {cause}.")
    if x.dtype.kind == "c" and np.abs(x.imag).max() > RTOL * np.abs(x).max():
        raise Wrong(f"You returned complex numbers; {wanted} must be real. Likely cause: an absolute value is missing.")
    return x.real.astype(float)


def parts(answer: Any, names: tuple[str, ...]) -> tuple:
    """`answer` as a tuple with one thing per name."""
    if not isinstance(answer, (tuple, list)) or len(answer) != len(names):
        raise Wrong(
            f"You returned {described(answer)}; the exercise asks for {len(names)} things: return {', '.join(names)}."
        )
    return tuple(answer)


def close(x: Any, y: Any) -> bool:
    """Same shape, y finite, and ‖x − y‖ ≤ RTOL·‖y‖."""
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape or not np.isfinite(y).all():
        return False
    return bool(np.linalg.norm(x - y) <= RTOL * np.linalg.norm(y) + 1e-12)


def compare(received: str, value: Any, truth: Any, mistakes: Mapping[str, Any], otherwise: str) -> None:
    """Wrong unless value ≈ truth: what was `received`, and the sentence of the first mistake that gives this value."""
    if not close(value, truth):
        raise Wrong(f"{received} {cause(value, mistakes) or otherwise}")


def cause(value: Any, mistakes: Mapping[str, Any]) -> str | None:
    """The sentence of the first mistake that gives this value, if any does."""
    return next((why for why, wrong in mistakes.items() if close(value, wrong)), None)
