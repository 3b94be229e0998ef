"""100 steps of EM for 16 components on 100,000 points in 32 dimensions, against scikit-learn from the same start.

    python -m benchmarks.gmm [--threads 2] [--repeats 5] [--steps 100] [--kinds full tied diag spherical]

A round takes minutes. With --keep the rounds of this run are added to those in results/gmm.json, so that a race can be
run in parts. `relative_difference` is that of the final log-likelihood from scikit-learn's. Peak memory is measured
in processes of their own (ru_maxrss), less that of one that only makes the points.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from benchmarks import contest
from companion.matrix import gmm

N, D, K, REG = 100_000, 32, 16, 1e-6
PEER = "scikit-learn"
INVERSE = {"full": np.linalg.inv, "tied": np.linalg.inv, "diag": np.reciprocal, "spherical": np.reciprocal}


def points() -> np.ndarray:
    """16 ellipsoids of condition numbers near 100, their means drawn with standard deviation 2."""
    rng = np.random.default_rng(0)
    shapes = 0.5 * rng.standard_normal((K, D, D)) / np.sqrt(D) + 0.7 * np.eye(D)
    which, z = rng.integers(K, size=N), rng.standard_normal((N, D))
    X = 2 * rng.standard_normal((K, D))[which]
    for k in range(K):
        X[which == k] += z[which == k] @ shapes[k].T
    return X


def begin(X: np.ndarray, kind: str) -> gmm.GaussianMixture:
    """The start that both take: k-means++ on a tenth of the points."""
    return gmm.em(X[::10], K, covariance=kind, rng=1, max_iter=0, reg=REG).mixture


def ours(X: Any, start: gmm.GaussianMixture, steps: int) -> float:
    """The final log-likelihood per point."""
    found = gmm.em(X, K, covariance=start.covariance, init=start, reg=REG, tol=0, max_iter=steps)
    return float(found.log_likelihoods[-1])


def theirs(X: np.ndarray, start: gmm.GaussianMixture, steps: int) -> GaussianMixture:
    """scikit-learn's mixture after as many steps."""
    kind = start.covariance
    given = {"weights_init": start.weights, "means_init": start.means}
    given["precisions_init"] = INVERSE[kind](start.covariances)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GaussianMixture(K, covariance_type=kind, tol=0, max_iter=steps, reg_covar=REG, **given).fit(X)


def as_torch(start: gmm.GaussianMixture) -> gmm.GaussianMixture:
    arrays = (torch.from_numpy(np.ascontiguousarray(x)) for x in (start.weights, start.means, start.covariances))
    return gmm.GaussianMixture(*arrays, start.covariance)


def entries(X: np.ndarray, kind: str) -> dict[str, Callable[[int], Any]]:
    """The runs by name: steps -> the final log-likelihood, or scikit-learn's mixture that has it."""
    T, start = torch.from_numpy(X), begin(X, kind)
    return {
        PEER: lambda steps: theirs(X, start, steps),
        "companion": lambda steps: ours(X, start, steps),
        "companion on torch": lambda steps: ours(T, as_torch(start), steps),
    }


def rounds(runs: dict[str, Callable[[int], Any]], steps: int, repeats: int) -> tuple[dict, dict]:
    """(seconds of each run in each round, final log-likelihoods), after one step of each that is not measured."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    found = {name: run(1) for name, run in runs.items()}
    for _ in range(repeats):
        for name, run in runs.items():
            begun = time.perf_counter()
            found[name] = run(steps)
            seconds[name].append(time.perf_counter() - begun)
    return seconds, found


def peak(who: str, kind: str) -> float:
    """Megabytes of a process that takes three steps, above those of one that only makes the points."""
    used = [
        int(subprocess.run([sys.executable, "-m", "benchmarks.gmm", "--peak", name, "--kinds", kind],
                           capture_output=True, text=True, check=True).stdout)
        for name in (who, "nothing")
    ]  # fmt: skip
    return (used[0] - used[1]) / 1024


def child(who: str, kind: str) -> None:
    X = points()
    start = begin(X, kind)
    if who == PEER:
        theirs(X, start, 3)
    elif who != "nothing":
        ours(X, start, 3)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def race(X: np.ndarray, kind: str, given: argparse.Namespace, raw: dict) -> None:
    """Add to `raw` the rounds of this run."""
    runs = {name: run for name, run in entries(X, kind).items() if name in given.who}
    seconds, found = rounds(runs, given.steps, given.repeats)
    mine = raw.setdefault(f"{kind}, {given.steps} steps", {})
    for name in runs:
        final = found[name].score(X) if name == PEER else found[name]
        row = mine.setdefault(name, {"seconds": [], "log_likelihood": final})
        row["seconds"] += [round(value, 4) for value in seconds[name]]


def main() -> None:
    names = (PEER, "companion", "companion on torch")
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--steps", type=int, default=100)
    options.add_argument("--kinds", nargs="*", default=list(INVERSE))
    options.add_argument("--who", nargs="+", default=names, choices=names)
    options.add_argument("--keep", action="store_true")
    options.add_argument("--memory", action="store_true")
    options.add_argument("--peak", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.peak:
        return child(given.peak, given.kinds[0])
    torch.set_num_threads(given.threads)
    file = contest.RESULTS / "gmm.json"
    old = json.loads(file.read_text()) if given.keep and file.exists() else {}
    raw, memory, X = old.get("rounds", {}), old.get("peak_megabytes", {}), points()
    with threadpool_limits(given.threads):
        for kind in given.kinds:
            if given.repeats:
                race(X, kind, given, raw)
            if given.memory:
                memory[kind] = {who: round(peak(who, kind), 1) for who in (PEER, "companion")}
    contest.write("gmm", record(given, raw, memory))


def record(given: argparse.Namespace, raw: dict, memory: dict) -> dict[str, Any]:
    """What results/gmm.json holds."""
    tables = {}
    for kind, rows in raw.items():
        seconds = {name: row["seconds"] for name, row in rows.items()}
        best = rows[PEER]["log_likelihood"]
        quality = {name: abs(row["log_likelihood"] / best - 1) for name, row in rows.items()}
        tables[kind] = contest.table(seconds, quality, PEER, measure="relative_difference")
    head = {"seed": 0, "points": [N, D], "components": K, "precision": "float64", "reg": REG}
    return head | {
        "machine": contest.machine(given.threads),
        "contests": tables,
        "peak_megabytes": memory,
        "rounds": raw,
    }


if __name__ == "__main__":
    main()
