"""Precision, recall, density, coverage of 10,000 points against 10,000, and the package prdc (pip install prdc==0.2).

    python -m benchmarks.prdc [--threads 2] [--repeats 5] [--n 10000] [--d 64 1000] [--keep]

Standard normal points in float64, k = 5. `difference` is the largest difference of the four values from prdc's. Peak
memory is measured in processes of their own (ru_maxrss), less that of one that only makes the points. With --keep the
contests in results/prdc.json stay, so that they can be run one by one.
"""

import argparse
import contextlib
import io
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks import contest
from companion.evaluate import precision_recall

PEER = "prdc 0.2"
K = 5


def points(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, d)), rng.standard_normal((n, d))


def theirs(real: np.ndarray, fake: np.ndarray) -> tuple[float, ...]:
    """prdc's four values; it prints the number of points, which is not wanted here."""
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):
        found = compute_prdc(real_features=real, fake_features=fake, nearest_k=K)
    return tuple(float(found[name]) for name in ("precision", "recall", "density", "coverage"))


def entries(n: int, d: int) -> dict[str, Callable[[], tuple[float, ...]]]:
    real, fake = points(n, d)
    tensors = torch.from_numpy(real), torch.from_numpy(fake)
    return {
        PEER: lambda: theirs(real, fake),
        "companion": lambda: precision_recall.estimate(real, fake, k=K),
        "companion on torch": lambda: precision_recall.estimate(*tensors, k=K),
    }


def peak(who: str, n: int, d: int) -> float:
    """Megabytes of a process that computes once, above those of one that only makes the points."""
    command = [sys.executable, "-m", "benchmarks.prdc", "--n", str(n), "--d", str(d), "--peak"]
    used = [
        int(subprocess.run([*command, name], capture_output=True, text=True, check=True).stdout)
        for name in (who, "nothing")
    ]
    return (used[0] - used[1]) / 1024


def child(who: str, n: int, d: int) -> None:
    runs = entries(n, d)
    with threadpool_limits(2):
        runs.get(who, lambda: None)()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--n", type=int, default=10_000)
    options.add_argument("--d", type=int, nargs="+", default=[64, 1000])
    options.add_argument("--keep", action="store_true")
    options.add_argument("--peak", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.peak:
        return child(given.peak, given.n, given.d[0])
    torch.set_num_threads(given.threads)
    file = contest.RESULTS / "prdc.json"
    old = json.loads(file.read_text()) if given.keep and file.exists() else {}
    contests, memory = old.get("contests", {}), old.get("peak_megabytes", {})
    titles = {f"{given.n:,} × {given.n:,}, {d} features": d for d in given.d}
    for title, d in titles.items():  # first of all: a child's ru_maxrss begins at what its parent has had
        memory[title] = {name: round(peak(name, given.n, d), 1) for name in entries(1, d)}
    with threadpool_limits(given.threads):
        for title, d in titles.items():
            contests[title] = measured(given, d)
    head: dict[str, Any] = {"seed": 0, "k": K, "precision": "float64", "prdc": metadata.version("prdc")}
    contest.write("prdc", head | {
        "machine": contest.machine(given.threads), "contests": contests, "peak_megabytes": memory
    })  # fmt: skip


def measured(given: argparse.Namespace, d: int) -> list[dict]:
    """The table of one contest."""
    runs = entries(given.n, d)
    found = {name: run() for name, run in runs.items()}
    apart = {name: float(np.abs(np.subtract(values, found[PEER])).max()) for name, values in found.items()}
    print({name: [round(v, 4) for v in values] for name, values in found.items()})
    seconds = contest.race(runs, repeats=given.repeats)
    return contest.table(seconds, apart, PEER, "difference")


if __name__ == "__main__":
    main()
