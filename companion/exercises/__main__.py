"""The exercises of the course, and which of them a notebook solves.

    python -m companion.exercises                      every exercise, by chapter, with its checker
    python -m companion.exercises svd gan              those of two chapters
    python -m companion.exercises svd.ipynb            run this notebook and say what it solves
    python -m companion.exercises --brief *.ipynb      a line for each of many

A notebook is run from top to bottom in a fresh kernel, and what counts is what the checkers said in that run: nothing
that is shown in the file, and no function of the package itself. An exercise is solved when a call of its checker
passed. The file is not changed. A notebook is a program and runs with your rights: run those of strangers where they
can do no harm. And read them, too: no program can grade another that wants to deceive it.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from companion.exercises._sheet import Run, Unreadable, run

ENDS = "The exit status is 0 if all that was asked for is solved, 1 if something is not, 2 if a file cannot be run."


def catalogue() -> list[dict[str, Any]]:
    """The chapters with their exercises, in reading order, as tools/sheets.py gathered them from the book."""
    text = resources.files("companion.exercises").joinpath("catalogue.json").read_text(encoding="utf8")
    return json.loads(text)


def listing(chapters: list[dict[str, Any]]) -> Iterator[str]:
    """The exercises of these chapters, a line each."""
    for chapter in chapters:
        yield f"{chapter['chapter']}: {chapter['title']}"
        for task in chapter["exercises"]:
            checked = task["check"] or ("open" if task["title"].startswith("Open") else "by hand")
            yield f"  {task['number']:>5}  {task['title']:<46} {checked}"
        yield ""
    count = sum(task["check"] is not None for chapter in chapters for task in chapter["exercises"])
    yield f"{count} of them have a checker: import it from companion.exercises.<chapter>, and give it your function."


def wanted(done: Run) -> list[dict[str, Any]]:
    """The chapters that a run is about, each with the exercises that must be solved under "wanted".

    Of a sheet that is all that have a checker, even if its cell was taken out; of another notebook, those it calls.
    """
    called = done.called | {said["check"] for said in done.verdicts}
    about = []
    for chapter in catalogue():
        tasks = [task for task in chapter["exercises"] if task["check"]]
        if chapter["chapter"] != done.sheet:
            tasks = [task for task in tasks if task["check"] in called]
        if tasks:
            about.append(chapter | {"wanted": tasks})
    return about


def judged(check: str, done: Run) -> tuple[bool, str]:
    """(is it solved?, why not)."""
    said = [verdict for verdict in done.verdicts if verdict["check"] == check]
    if not said:
        return False, "never checked in this run"
    passed = [verdict for verdict in said if verdict["passed"]]
    if any(not verdict["home"].startswith("companion.") for verdict in passed):
        return True, ""
    return False, "the package's own function, not yours" if passed else said[-1]["message"]


def report(path: str, done: Run, brief: bool) -> tuple[bool, list[str]]:
    """(is all of it solved?, the lines to print)."""
    solved, lines, asked = 0, [], 0
    for chapter in wanted(done):
        for task in chapter["wanted"]:
            right, why = judged(task["check"], done)
            solved, asked = solved + right, asked + 1
            mark = f"  {'✓' if right else '✗'} {chapter['chapter']} {task['number']} {task['title']}"
            lines.append(mark + (f" ({task['check']}): {why}" if why else ""))
    head = f"{path}: {solved} of {asked} solved" if asked else f"{path}: calls no checker of this course"
    stopped = [f"  {sentence}" for sentence in done.stopped]
    return bool(asked) and solved == asked, [head] if brief else [head, *lines, *stopped]


def _arguments(given: list[str] | None) -> tuple[argparse.Namespace, argparse.ArgumentParser]:
    about, _, rest = str(__doc__).partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m companion.exercises",
        description=f"{about}\n\n{rest}",
        epilog=ENDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="*", help="chapters to list, or notebooks (.ipynb) to run; nothing lists all")
    parser.add_argument("--brief", action="store_true", help="one line for each notebook")
    parser.add_argument("--seconds", type=float, default=300, help="how long each notebook may run (default 300)")
    return parser.parse_args(given), parser


def main(given: list[str] | None = None) -> int:
    options, parser = _arguments(given)
    notebooks = [name for name in options.what if name.endswith(".ipynb")]
    chapters = {chapter["chapter"]: chapter for chapter in catalogue()}
    if unknown := [name for name in options.what if name not in (*notebooks, *chapters)]:
        parser.error(f"{unknown[0]!r} is neither a notebook (.ipynb) nor one of the chapters {', '.join(chapters)}")
    if not options.seconds > 0:
        parser.error(f"--seconds must be positive, not {options.seconds:g}")
    if named := [chapters[name] for name in options.what if name in chapters] or (
        [] if notebooks else [*chapters.values()]
    ):
        print("\n".join(listing(named)))
    worst = 0
    for name in notebooks:
        try:
            right, lines = report(name, run(Path(name), options.seconds), options.brief)
        except Unreadable as error:
            right, lines, worst = False, [str(error)], 2
        worst = max(worst, 0 if right else 1)
        print("\n".join(lines), flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main())
