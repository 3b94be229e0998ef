"""The adding problem with 200 moments, by the recipe: a network without gates, and a GRU, each from several seeds.

    python -m benchmarks.adding [--seeds 0 1 2] [--seconds 3600] [--out runs/adding]

It stops after --seconds at the latest; called again it goes on where it was, to the last bit. When all runs have ended
it writes results/adding.json. Minutes are those of training alone, on one thread unless OMP_NUM_THREADS says otherwise.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import contest

COMMON = "--task adding --length 200 --hidden 64 --batch 50"
RUNS = {
    "ReLU without gates, from the identity": "--cell relu --start identity --lr 5e-4 --clip 10 --epochs 20",
    "GRU": "--cell gru --lr 5e-3 --clip 1 --epochs 10",
}


def command(options: str, seed: int, out: Path) -> list[str]:
    """The recipe's command line; --resume also begins a run that is not there yet."""
    every = f"{COMMON} {options} --seed {seed} --device cpu --save 100 --report 100 --resume"
    return [sys.executable, "-m", "companion.recipes.rnn", *every.split(), "--out", str(out)]


def go_on(options: str, seed: int, out: Path, until: float) -> bool:
    """Run until it has ended or the time is up; did it end?"""
    if (out / "result.json").exists():
        return True
    quiet = {"env": {"OMP_NUM_THREADS": "1", **os.environ}, "stdout": subprocess.DEVNULL}
    try:
        subprocess.run(command(options, seed, out), check=True, timeout=max(0.1, until - time.monotonic()), **quiet)
    except subprocess.TimeoutExpired:
        return False
    return True


def row(out: Path) -> dict[str, Any]:
    """What one run left: its error, that of saying 1, steps, minutes, and when the loss passed .1, .01 and .001."""
    result = json.loads((out / "result.json").read_text(encoding="utf8"))
    log = [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf8").splitlines()]
    below = {line: next((r["step"] for r in log if r["loss"] < line), "never") for line in (1e-1, 1e-2, 1e-3)}
    return {
        "mse": result["test error"],
        "saying_1": result["saying 1"],
        "steps": result["steps"],
        "minutes": round(log[-1]["seconds"] / 60, 2),
        **{f"steps_to_{line:g}": step for line, step in below.items()},
    }


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    p.add_argument("--seconds", type=float, default=3600)
    p.add_argument("--out", type=Path, default=Path("runs/adding"))
    p.add_argument("--note", default="", help="what a reader of the minutes should know")
    given = p.parse_args()
    until, contests = time.monotonic() + given.seconds, {}
    for name, options in RUNS.items():
        rows = []
        for seed in given.seeds:
            out = given.out / f"{options.split()[1]}-{seed}"
            if not go_on(options, seed, out, until):
                sys.exit(f"{out} has not ended yet: call again to go on.")
            rows.append({"seed": seed, **row(out)})
        contests[f"{name}: {COMMON} {options}"] = rows
    summary = {
        name: {"worst_mse": max(r["mse"] for r in rows), "median_mse": statistics.median(r["mse"] for r in rows)}
        for name, rows in contests.items()
    }
    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    about = {"machine": contest.machine(threads), "note": given.note}
    contest.write("adding", {**about, "summary": summary, "contests": contests})


if __name__ == "__main__":
    main()
