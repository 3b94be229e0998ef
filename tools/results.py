"""What the committed results say, as tables in MyST: quality beside the papers, speed beside the peers.

Nothing is typed in twice. Ours comes from benchmarks/results/*.json and from the records of the shipped weights; only
what others published stands in tools/rows.py.
"""

import ast
import json

from tools.book import ROOT
from tools.rows import FOLDER, Rows, every, results

TIMES = ("median_s", "min_s", "max_s", "images_per_s", "slowest", "fastest", "steps")


def quality() -> list[str]:
    """The table of models."""
    lines = ["| What | Paper | Ours | Protocol | Seeds | Minutes |", "|:--|:--|:--|:--|--:|--:|"]
    for row in every():
        what = f"{{doc}}`{row.chapter.upper().replace('_', ' ')} <{row.chapter}>`: {row.measure}"
        cells = (what, *(cell or "–" for cell in row[2:]))
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def playgrounds() -> list[str]:
    """How soon each playground can be used, and what a frame costs."""
    (rows,) = results("playground").values()
    lines = ["| Playground | Ready, s | Slowest | A frame, ms | Slowest |", "|:--|--:|--:|--:|--:|"]
    for row in rows:
        chapter, name = row["entry"].split(": ")
        times = (f"{row['ready_s']:.2f}", f"{row['slowest_ready_s']:.2f}")
        frames = (f"{row['frame_ms']:.1f}", f"{row['slowest_frame_ms']:.1f}")
        lines.append(f"| {{doc}}`{chapter.upper()} <{chapter}>`: {name} | " + " | ".join((*times, *frames)) + " |")
    return lines


def machines() -> list[str]:
    """A line for each machine and set of versions: which files came from it."""
    made: dict[str, list[str]] = {}
    for path in [*sorted(FOLDER.glob("*.json")), *sorted((ROOT / "companion" / "weights").glob("*.json"))]:
        if at := json.loads(path.read_text(encoding="utf8")).get("machine"):
            torch, numpy = at["packages"]["torch"], at["packages"]["numpy"]
            threads = f"{at['threads']} thread{'s' if at['threads'] > 1 else ''}"
            words = f"{at['processor']}, {threads}, {at['system']}, Python {at['python']}, torch {torch}, numpy {numpy}"
            made.setdefault(words, []).append(path.stem)
    return [f"- {words}: {', '.join(names)}" for words, names in made.items()]


def speed() -> list[str]:
    """A table for each contest against a peer, under the name of its chapter."""
    lines = []
    for path in sorted(FOLDER.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf8"))
        contests = {title: rows for title, rows in record["contests"].items() if _ratio(rows)}
        if contests:
            machine, said = record["machine"], _says(path.stem)
            lines += [f"**{path.stem}**, {machine['threads']} threads, {machine['date']}. {said}", ""]
        for title, rows in contests.items():
            lines += _contest(title, rows)
    return lines


def _says(name: str) -> str:
    """The first line of what that benchmark says of itself."""
    program = (FOLDER.parent / f"{name}.py").read_text(encoding="utf8")
    return str(ast.get_docstring(ast.parse(program))).splitlines()[0]


def _ratio(rows: Rows) -> str:
    """The column that compares with the peer; none is the empty word."""
    return next((key for key in rows[0] if key.startswith(("share_of ", "times "))), "")


def _contest(title: str, rows: Rows) -> list[str]:
    ratio, took = _ratio(rows), "median_s" if "median_s" in rows[0] else "images_per_s"
    others = [name for name in rows[0] if name not in ("entry", ratio, *TIMES)]
    head = [title, "seconds" if took == "median_s" else "images a second", ratio, *others]
    lines = [" | ".join(head).replace("share_of", "share of the time of").replace("_", " ")]
    lines += [" | ".join([":--", *["--:"] * (len(head) - 1)])]
    for row in rows:
        cells = (row["entry"], f"{row[took]:,}", f"{row[ratio]:.2f}", *(f"{row[name]:.4f}" for name in others))
        lines.append(" | ".join(cells))
    return [*(f"| {line} |" for line in lines), ""]
