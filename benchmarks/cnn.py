"""Accuracy of the classifier's recipe on MNIST's test set, and how soon it reaches 99 %: five seeds each.

    COMPANION_DATA=… python -m benchmarks.cnn full  --threads 1 --out runs     # 6 epochs, moved by up to a pixel
    COMPANION_DATA=… python -m benchmarks.cnn short --threads 2 --out runs     # 1.5 epochs, the pictures as they are

Each seed is one run of `companion.recipes.cnn` in a folder of its own; one that was cut off goes on, one that is done
is read. `--seed 3` runs that one only. `seconds` is training alone: without imports, reading the data and the test.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks import contest

RECIPES = {"full": [], "short": ["--epochs", "1.5", "--shift", "0"]}
SEEDS = range(5)


def train(folder: Path, options: list[str], seed: int, threads: int) -> None:
    """Run the recipe, or what is left of it."""
    command = [sys.executable, "-m", "companion.recipes.cnn", "--images", "mnist", "--device", "cpu", *options]
    command += ["--seed", str(seed), "--out", str(folder), "--resume", "--report", "300", "--save", "100"]
    subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": str(threads)}, check=True)


def measured(folder: Path, seed: int, threads: int) -> dict:
    """What the folder of a finished run says."""
    result = json.loads((folder / "result.json").read_text())
    last = contest.last_line(folder)
    return {
        "entry": f"seed {seed}",
        "test_accuracy": result["test accuracy"],
        "seconds": last["seconds"],
        "images_per_s": last["images/s"],
        "steps": result["steps"],
        "threads": threads,
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", choices=list(RECIPES))
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--seed", type=int, help="train this seed only (default: all)")
    options.add_argument("--out", type=Path, required=True, help="folder for the runs' own folders")
    given = options.parse_args()
    folders = {seed: given.out / f"{given.part}-{seed}" for seed in SEEDS}
    for seed in SEEDS if given.seed is None else [given.seed]:
        if not (folders[seed] / "result.json").exists():
            train(folders[seed], RECIPES[given.part], seed, given.threads)
    done = [measured(f, seed, given.threads) for seed, f in folders.items() if (f / "result.json").exists()]
    mean = {"entry": "mean"} | {k: round(statistics.mean(row[k] for row in done), 5) for k in list(done[0])[1:]}
    contests = contest.so_far("cnn")
    contests[f"{given.part}: MNIST, 93,322 parameters, {' '.join(RECIPES[given.part]) or 'as the recipe is'}"] = [
        *done,
        mean,
    ]
    contest.write("cnn", {"machine": contest.machine(given.threads), "contests": contests})


if __name__ == "__main__":
    main()
