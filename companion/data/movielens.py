r"""MovieLens' three file formats (Harper & Konstan 2015), read whole, and refused with the line where they are torn.

    u.data        user \t item \t rating \t time       100K: whole stars, 1 to 5
    ratings.dat   user::item::rating::time             1M, 10M: stars, 0.5 to 5 in halves
    ratings.csv   userId,movieId,rating,timestamp      20M and later: the same, below one line of heading

Ids are counted anew from 0, in ascending order; the files' own are kept. Times are seconds since 1970.
"""

import os
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
from jaxtyping import Float64, Int64

HEADING = "userId,movieId,rating,timestamp"
SEPARATORS = {"u.data": "\t", "ratings.dat": "::", "ratings.csv": ","}
STEP = {"u.data": 1.0, "ratings.dat": 0.5, "ratings.csv": 0.5}  # the lowest rating, and the distance of two
FIELDS = ("user", "item", "rating", "time")
PART = 100_000  # lines turned into numbers at once


class MovieLens(NamedTuple):
    """Ratings by number of user and item; user_ids[u] and item_ids[i] are the ids in the file."""

    users: Int64[np.ndarray, " k"]
    items: Int64[np.ndarray, " k"]
    values: Float64[np.ndarray, " k"]
    shape: tuple[int, int]
    times: Int64[np.ndarray, " k"]
    user_ids: Int64[np.ndarray, " m"]
    item_ids: Int64[np.ndarray, " n"]


def load(path: str | os.PathLike) -> MovieLens:
    """The ratings in a file named u.data, ratings.dat or ratings.csv.

    Raises ValueError, naming file and line, for a torn line, what is no number, a rating that does not exist, a pair
    rated twice, an empty file; FileNotFoundError if there is none.
    """
    path = Path(path).expanduser()
    if path.name not in SEPARATORS:
        raise ValueError(f"{path.name!r} is no file of ratings known here; give {', '.join(SEPARATORS)}.")
    lines, first = _lines(path)
    table = _numbers(path, lines, first)
    _check(path, table, first)
    user_ids, users = np.unique(table[:, 0].astype(np.int64), return_inverse=True)
    item_ids, items = np.unique(table[:, 1].astype(np.int64), return_inverse=True)
    shape = (len(user_ids), len(item_ids))
    _check_pairs(path, users * shape[1] + items, first)
    return MovieLens(users, items, table[:, 2].copy(), shape, table[:, 3].astype(np.int64), user_ids, item_ids)


def _lines(path: Path) -> tuple[list[str], int]:
    """(the lines of ratings, the number of the first): each ended, the heading taken off."""
    text = path.read_bytes().decode("utf8", errors="replace").replace("\r\n", "\n")
    lines, heading = text.split("\n"), path.name == "ratings.csv"
    if not text:
        raise ValueError(f"{path} is empty; get it again.")
    if heading and lines[0].strip("\ufeff") != HEADING:
        raise ValueError(f"{path}, line 1: {lines[0][:60]!r}; the heading {HEADING!r} is expected there.")
    if lines.pop():
        raise ValueError(f"{path}, line {len(lines) + 1}: the last line does not end: the file is torn; get it again.")
    if len(lines) <= heading:
        raise ValueError(f"{path} has no ratings; get it again.")
    return lines[heading:], 1 + heading


def _numbers(path: Path, lines: list[str], first: int) -> Float64[np.ndarray, "k 4"]:
    """One row for each line; the quick way for whole parts of the file, line by line only to say where one is torn."""
    separator = SEPARATORS[path.name]
    parts = []
    for start in range(0, len(lines), PART):
        part = lines[start : start + PART]
        try:
            if any(line.count(separator) != 3 for line in part):
                raise ValueError
            parts.append(np.array(separator.join(part).split(separator), dtype=np.float64).reshape(-1, 4))
        except ValueError:
            parts.append(_one_by_one(path, part, first + start, separator))
    return np.concatenate(parts)


def _one_by_one(path: Path, lines: list[str], first: int, separator: str) -> Float64[np.ndarray, "k 4"]:
    rows = []
    for number, line in enumerate(lines, start=first):
        fields = line.split(separator)
        if len(fields) != 4:
            _refuse(
                path, number, f"{line[:60]!r} has {len(fields)} field(s) separated by {separator!r}", "4 are needed"
            )
        for name, field in zip(FIELDS, fields, strict=True):
            try:
                float(field)
            except ValueError:
                _refuse(path, number, f"the {name} is {field!r}", "a number is needed")
        rows.append([float(field) for field in fields])
    return np.array(rows)


def _check(path: Path, table: np.ndarray, first: int) -> None:
    """Each field in its range."""
    step = STEP[path.name]
    for column, name in enumerate(FIELDS):
        x = table[:, column]
        if name == "rating":
            good, allowed = (
                (x >= step) & (x <= 5) & (x / step == np.rint(x / step)),
                f"{step:g} to 5 in steps of {step:g} are allowed",
            )
        else:
            low = 0 if name == "time" else 1
            good, allowed = (x >= low) & (x < 2**53) & (x == np.rint(x)), f"a whole number ≥ {low} is needed"
        if not good.all():
            line = int(np.argmin(good))
            _refuse(path, first + line, f"the {name} is {x[line]:.12g}", allowed)


def _check_pairs(path: Path, keys: np.ndarray, first: int) -> None:
    order = np.argsort(keys, kind="stable")
    twice = np.flatnonzero(np.diff(keys[order]) == 0)
    if len(twice):
        again = int(order[twice + 1].min())
        before = int(np.flatnonzero(keys == keys[again])[0])
        _refuse(
            path, first + again, f"a pair that line {first + before} has rated", "one rating for each pair is allowed"
        )


def _refuse(path: Path, number: int, what: str, allowed: str) -> NoReturn:
    raise ValueError(f"{path}, line {number}: {what}; {allowed}: mend that line, or get the file again.")
