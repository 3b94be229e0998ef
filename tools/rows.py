"""The lines of the table of models: what the committed results and the records of the shipped weights say of each."""

import json
import re
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
    for run in (run for run in curve if run["ranks"] != "whole"):
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


def private() -> list[Row]:
    """DP-SGD, a line for each ε."""
    papers = {"3": "98.1 {cite:p}`tramer2021differentially`"}
    rows = []
    for title, runs in results("privacy").items():
        (epsilon,) = re.findall(r"ε = ([\d.]+)", title)
        right = spread([100 * run["test_accuracy"] for run in runs], 2)
        spent, said = minutes([run["minutes"] for run in runs]), f"MNIST's test set; δ = 1e-5, {runs[0]['steps']} steps"
        what = f"accuracy within ε = {epsilon}, %"
        rows.append(Row("open_problems", what, papers.get(epsilon, ""), right, said, str(len(runs)), spent))
    return rows


def depth() -> list[Row]:
    """The same pair with two smallest maps."""
    runs = results("depth")["the smallest map"]
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
        floor = f"on its test sums saying 1 always gives {runs[0]['saying_1']:.3f}"
        said = f"adding problem, 200 steps, {title.split(':')[0]}; {floor}"
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
    (real,) = results("depth")["the floor"]
    said = f"features of cnn-mnist, 10,000 samples against the test set; {real['entry']}: {real['distance']:.1f}"
    rows = []
    for name in ("gan", "dcgan"):
        record = data.record(f"{name}-mnist")
        distance = f"{record['metrics']['Fréchet distance']:.1f}"
        rows.append(Row(name, "Fréchet distance", "", distance, said, "1", minutes([record["minutes"]])))
    record = data.record("cgan-mnist")
    spent, found = minutes([record["minutes"]]), {name: record["metrics"][name] for name in OBEYS}
    obeyed, by_judge, learned, by_reals = (f"{100 * share:.2f}" for share in found.values())
    said = f"10,000 samples read by cnn-mnist, which reads {by_judge} % of the real test pictures"
    rows.append(Row("cgan", "drawn as asked, %", "", obeyed, said, "1", spent))
    said = f"the test set read by a classifier that learned from 60,000 samples; {by_reals} % if from the real pictures"
    return [*rows, Row("cgan", "accuracy, %", "", learned, said, "1", spent)]


def every() -> list[Row]:
    """All lines, in the order of the chapters."""
    return [*cnn(), pad(), *adding(), *plane(), *drawn(), *depth(), *autoencoder(), *smaller(), *private()]
