"""When are two printed outputs the same? Words and counts exactly, floats and percentages within a tolerance."""

import math
import re

_FLOAT = re.compile(r"[-+]?(?:\d+\.\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\d+(?= ?%))")
_BLANKS = re.compile(r"[ \t]+")  # a number that gains a digit moves the column beside it

RTOL, ATOL = 1e-7, 1e-12


def same(left: str, right: str, rtol: float = RTOL) -> bool:
    left, right = _BLANKS.sub(" ", left), _BLANKS.sub(" ", right)
    if _FLOAT.sub("#", left) != _FLOAT.sub("#", right):
        return False
    pairs = zip(_FLOAT.findall(left), _FLOAT.findall(right), strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=rtol, abs_tol=ATOL) for a, b in pairs)


class Text(str):
    """A printed text that equals another one when `same` says so."""

    rtol = RTOL

    @classmethod
    def within(cls, text: str, rtol: float) -> "Text":
        new = cls(text)
        new.rtol = rtol
        return new

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and same(self, other, self.rtol)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__
