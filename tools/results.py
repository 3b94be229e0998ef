"""What the committed results say, as tables in MyST: quality beside the papers, speed beside the peers.

Nothing is typed in twice. Ours comes from benchmarks/results/*.json and from the records of the shipped weights; only
what others published stands here.
"""

import ast
import json
from typing import Any, NamedTuple

from companion import data
from tools.book import ROOT

FOLDER = ROOT / "benchmarks" / "results"
Rows = list[dict[str, Any]]
OBEYS = (
    "conditional accuracy",
    "the judge on real test pictures",
    "trained on synthetic, tested on real",
    "trained on real, tested on real",
)
TIMES = ("median_s", "min_s", "max_s", "images_per_s", "slowest", "fastest", "steps")


class Row(NamedTuple):
    """One line of the table; `chapter` names the page where the model is taught."""

    chapter: str
    measure: str
    paper: str
    ours: str
    protocol: str
    seeds: str
    minutes: str


def results(name: str) -> dict[str, Rows]:
    """The contests of benchmarks/results/<name>.json."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf8"))["contests"]


def spread(values: list[float], digits: int) -> str:
    """Mean, and least to greatest where they differ."""
    mean = f"{sum(values) / len(values):.{digits}f}"
    return mean if min(values) == max(values) else f"{mean} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def minutes(values: list[float]) -> str:
    return f"{sum(values) / len(values):.1f}"


def cnn() -> list[Row]:
    rows = []
    for title, runs in results("cnn").items():
        runs = [run for run in runs if run["entry"] != "mean"]
        right, spent = [100 * run["test_accuracy"] for run in runs], [run["seconds"] / 60 for run in runs]
        how = "6 epochs, shifted pictures" if title.startswith("full") else "1.5 epochs"
        said = f"MNIST's test set, 93,322 parameters, {how}"
        rows.append(Row("cnn", "accuracy, %", "", spread(right, 2), said, str(len(runs)), minutes(spent)))
    return rows


def pad() -> Row:
    """The network behind the pad to draw digits on."""
    record = data.record("cnn-drawn-mnist")
    said = f"MNIST's test set; {record['options']['epochs']:g} epochs of turned, bent, thinned and thickened pictures"
    accuracy = f"{100 * record['metrics']['test accuracy']:.2f}"
    return Row("cnn", "accuracy of the drawing pad's network, %", "", accuracy, said, "1", minutes([record["minutes"]]))


def smaller() -> list[Row]:
    """The classifier of the chapter on convolutions after its layers were split, one line for each size."""
    (curve,) = (rows for title, rows in results("lowrank").items() if title.startswith("curve"))
    sizes: dict[float, list[float]] = {}
    for run in curve[2:]:
        sizes.setdefault(run["fewer"], []).append(100 * run["fine_tuned"])
    whole = f"MNIST's test set; the whole network reads {100 * curve[0]['split']:.2f} %"
    return [
        Row(
            "lowrank",
            f"accuracy with {fewer:.2f} times fewer products, %",
            "",
            spread(right, 2),
            whole,
            str(len(right)),
            "",
        )
        for fewer, right in sizes.items()
    ]


def depth() -> list[Row]:
    """The same pair with two smallest maps."""
    (runs,) = results("depth").values()
    said = "features of cnn-mnist, 10,000 samples against the test set; 4 epochs"
    rows = []
    for base in dict.fromkeys(run["entry"] for run in runs):
        mine = [run for run in runs if run["entry"] == base]
        found, spent = spread([run["distance"] for run in mine], 1), minutes([run["minutes"] for run in mine])
        rows.append(Row("dcgan", f"Fréchet distance, maps down to {base}", "", found, said, str(len(mine)), spent))
    return rows


def adding() -> list[Row]:
    rows = []
    for title, runs in results("adding").items():
        said = f"adding problem, 200 steps, {title.split(':')[0]}; saying 1 always gives {runs[0]['saying_1']:.3f}"
        errors, spent = [run["mse"] for run in runs], [run["minutes"] for run in runs]
        rows.append(Row("rnn", "squared error", "", spread(errors, 4), said, str(len(runs)), minutes(spent)))
    return rows


def plane() -> list[Row]:
    published = {"ring": "GAN 1, unrolled 7.6, VEEGAN 8", "grid": "GAN 3.3, unrolled 23.6, VEEGAN 24.6"}
    rows = []
    for points, runs in results("gan").items():
        paper = f"{published[points]} {{cite:p}}`srivastava2017veegan`"
        found, good = ([run[name] for run in runs] for name in ("modes", "high_quality"))
        ours = f"{spread(found, 0)}; {spread([100 * share for share in good], 1)} % of high quality"
        said = f"{points} of {runs[0]['of']} Gaussians, 2,500 samples, within 3 standard deviations"
        rows.append(Row("gan", "modes found", paper, ours, said, str(len(runs)), minutes([r["minutes"] for r in runs])))
    return rows


def autoencoder() -> list[Row]:
    """The run of the recipe, and beside it the paper's."""
    (contest,) = (rows for title, rows in results("vae").items() if title.startswith("MNIST"))
    paper, *runs = contest
    said = "MNIST, ink drawn anew each time, 784-200-200-50; every tenth test picture, 5,000 codes each"
    ours = f"{spread([run['nll'] for run in runs], 2)} ± {runs[0]['nll error']:.2f}"
    seeds, spent = str(len(runs)), minutes([run["minutes"] for run in runs])
    return [Row("vae", "NLL, nats", f"{paper['nll']} {{cite:p}}`burda2016importance`", ours, said, seeds, spent)]


def drawn() -> list[Row]:
    """The generators of pictures; no paper shares their protocol, so the floor stands beside them."""
    rows = []
    for name in ("gan", "dcgan"):
        record = data.record(f"{name}-mnist")
        said = "features of cnn-mnist, 10,000 samples against the test set"
        distance = f"{record['metrics']['Fréchet distance']:.1f}"
        rows.append(Row(name, "Fréchet distance", "", distance, said, "1", minutes([record["minutes"]])))
    record = data.record("cgan-mnist")
    spent, found = minutes([record["minutes"]]), {name: record["metrics"][name] for name in OBEYS}
    obeyed, by_judge, learned, by_reals = (f"{100 * share:.2f}" for share in found.values())
    said = f"10,000 samples read by cnn-mnist, which reads {by_judge} % of the real test pictures"
    rows.append(Row("cgan", "drawn as asked, %", "", obeyed, said, "1", spent))
    said = f"the test set read by a classifier that learned from 60,000 samples; {by_reals} % if from the real pictures"
    return [*rows, Row("cgan", "accuracy, %", "", learned, said, "1", spent)]


def quality() -> list[str]:
    """The table of models."""
    lines = ["| What | Paper | Ours | Protocol | Seeds | Minutes |", "|:--|:--|:--|:--|--:|--:|"]
    for row in [*cnn(), pad(), *adding(), *plane(), *drawn(), *depth(), *autoencoder(), *smaller()]:
        what = f"{{doc}}`{row.chapter.upper()} <{row.chapter}>`: {row.measure}"
        cells = (what, *(cell or "–" for cell in row[2:]))
        lines.append("| " + " | ".join(cells) + " |")
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
