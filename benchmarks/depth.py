"""How far a DCGAN should halve: the same recipe with maps down to 7 × 7, and down to 3 × 3.

    python -m benchmarks.depth [--epochs 4] [--seeds 0 1]
    python -m benchmarks.depth --floor    # how far one half of the test pictures is from the other, in seconds

Writes results/depth.json: the Fréchet distance of 10,000 samples to MNIST's test pictures, by the features of
cnn-mnist. Needs COMPANION_DATA with MNIST's files, and some six minutes a run.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks import contest
from companion import data
from companion.evaluate import features, fid
from companion.nets.dcgan import sizes
from companion.recipes import dcgan as recipe
from tools.shipped import the_cnn

GIVEN = ["--images", "mnist", "--reuse", "--classifier", "cnn-mnist"]


def run(small: int, epochs: float, seed: int) -> dict[str, Any]:
    """The recipe, from a plan that stops at maps of `small` pixels or less."""
    with tempfile.TemporaryDirectory() as name, mock.patch.object(sizes, "SMALL", small):
        recipe.main([*GIVEN, "--epochs", str(epochs), "--seed", str(seed), "--out", name])
        found = json.loads((Path(name) / "result.json").read_text(encoding="utf8"))
        last = contest.last_line(Path(name))
        base = "{} × {}".format(*sizes.plan((1, 28, 28), 1).sizes[0])
    distance, minutes = found["Fréchet distance"], round(last["seconds"] / 60, 1)
    return {"entry": base, "seed": seed, "distance": distance, "sure": found["sure"], "minutes": minutes}


def floor() -> dict[str, Any]:
    """Of every other test picture from the rest. (Training pictures are farther off: the classifier learned them.)"""
    x = features.extract(the_cnn("cnn-mnist"), data.images("mnist", "test").x).x
    entry = f"{len(x) // 2:,} test pictures against the others"
    return {"entry": entry, "distance": round(fid.frechet(x[::2], x[1::2]), 3)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--floor", action="store_true", help="measure the floor alone")
    options = parser.parse_args()
    contests = contest.so_far("depth") | {"the floor": [floor()]}
    if not options.floor:
        contests["the smallest map"] = [run(s, options.epochs, seed) for s in (7, 4) for seed in options.seeds]
    about = contest.machine(int(os.environ.get("OMP_NUM_THREADS", "2"))) | {"epochs": options.epochs}
    contest.write("depth", {"machine": about, "contests": contests})
