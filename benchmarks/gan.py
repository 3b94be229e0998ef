"""The ring of 8 and the grid of 25 Gaussians by the recipe, five seeds each: modes found, samples of high quality.

    python -m benchmarks.gan [--seeds 0 1 2 3 4] [--seconds 3600] [--out runs/gan]

It stops after --seconds at the latest; called again it goes on where it was, to the last bit. When all runs have ended
it writes results/gan.json. Minutes are those of training alone, on one thread unless OMP_NUM_THREADS says otherwise.
Published beside it, VEEGAN's Table 1 (Srivastava et al. 2017): 8 and 24.6 modes, 53 % and 40 % of high quality.
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

PAPER = {"ring": {"modes": 8, "high_quality": 0.53}, "grid": {"modes": 24.6, "high_quality": 0.40}}


def go_on(points: str, seed: int, out: Path, until: float) -> bool:
    """Run the recipe until it has ended or the time is up; did it end? --resume also begins a run not there yet."""
    if (out / "result.json").exists():
        return True
    options = f"--points {points} --seed {seed} --device cpu --resume --out {out}".split()
    command = [sys.executable, "-m", "companion.recipes.gan", *options]
    quiet: dict[str, Any] = {"env": {"OMP_NUM_THREADS": "1", **os.environ}, "stdout": subprocess.DEVNULL}
    try:
        subprocess.run(command, check=True, timeout=max(0.1, until - time.monotonic()), **quiet)
    except subprocess.TimeoutExpired:
        return False
    return True


def row(out: Path, seed: int) -> dict[str, Any]:
    """What one run left."""
    result = json.loads((out / "result.json").read_text(encoding="utf8"))
    last = contest.last_line(out)
    return {
        "seed": seed,
        "modes": result["modes"],
        "of": result["of"],
        "high_quality": result["high quality"],
        "kl": result["KL"],
        "kl_by_chance": result["KL by chance"],
        "steps": result["steps"],
        "minutes": round(last["seconds"] / 60, 2),
    }


def summary(rows: list[dict[str, Any]], paper: dict[str, float]) -> dict[str, Any]:
    """Means over the seeds, the worst of them, and the published values."""
    return {
        "mean_modes": statistics.mean(r["modes"] for r in rows),
        "fewest_modes": min(r["modes"] for r in rows),
        "mean_high_quality": round(statistics.mean(r["high_quality"] for r in rows), 4),
        "worst_high_quality": min(r["high_quality"] for r in rows),
        "most_minutes": max(r["minutes"] for r in rows),
        "VEEGAN": paper,
    }


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    p.add_argument("--seconds", type=float, default=3600)
    p.add_argument("--out", type=Path, default=Path("runs/gan"))
    p.add_argument("--note", default="", help="what a reader of the minutes should know")
    given = p.parse_args()
    until, contests = time.monotonic() + given.seconds, {}
    for points in PAPER:
        for seed in given.seeds:
            if not go_on(points, seed, given.out / f"{points}-{seed}", until):
                sys.exit(f"{given.out / f'{points}-{seed}'} has not ended yet: call again to go on.")
        contests[points] = [row(given.out / f"{points}-{seed}", seed) for seed in given.seeds]
    options = json.loads((given.out / f"grid-{given.seeds[0]}" / "options.json").read_text(encoding="utf8"))
    about = {
        "machine": contest.machine(int(os.environ.get("OMP_NUM_THREADS", "1"))),
        "note": given.note,
        "recipe": "python -m companion.recipes.gan --points ring|grid --seed …",
        "options of the grid": {
            k: options[k] for k in ("kind", "batch", "lr", "width", "z_dim", "r1", "gp", "d_steps")
        },
        "summary": {points: summary(rows, PAPER[points]) for points, rows in contests.items()},
    }
    contest.write("gan", {**about, "contests": contests})


if __name__ == "__main__":
    main()
