"""A recipe small enough to be killed twenty times: 60 pictures of 18 × 18, three classes."""

import argparse
import json

import numpy as np
import pytest
import torch
from known import HAVE_MNIST
from PIL import Image

from companion import data, train
from companion.recipes import _game, _run
from companion.train.differences import entries


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder with a bright bar at the top, in the middle or at the bottom of noise."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for split, n in (("train", 16), ("test", 4)):
        for kind, name in enumerate(("top", "middle", "bottom")):
            (folder / split / name).mkdir(parents=True)
            for i in range(n):
                x = rng.integers(0, 120, (18, 18), dtype=np.uint8)
                x[6 * kind + rng.integers(0, 4)] += 130
                Image.fromarray(x).save(folder / split / name / f"{i}.png")
    return folder


@pytest.fixture(scope="session")
def small(pictures):
    """The options of that run: 12 pictures a step, 4 steps an epoch, 160 steps, each with a line in the log."""
    return ["--images", str(pictures), "--batch", "12", "--epochs", "40", "--report", "1", "--save", "3", "--seed", "5"]


class Run:
    """What a run left in its folder."""

    def __init__(self, folder):
        self.folder = folder

    @property
    def log(self):
        path = self.folder / "log.jsonl"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}\n")]

    @property
    def step(self):
        log = self.log  # read once: it grows, and a resumed run cuts it
        return log[-1]["step"] if log else 0

    @property
    def losses(self):
        """Every line of the log, without what the clock says."""
        return [tuple(item for item in line.items() if item[0] not in ("images/s", "seconds")) for line in self.log]

    @property
    def states(self):
        return torch.load(self.folder / "last.pt", weights_only=True)

    @property
    def result(self):
        return json.loads((self.folder / "result.json").read_text())

    def ends_like(self, other):
        """Bit for bit: weights, optimizer, schedule; and every loss on the way."""
        assert self.losses == other.losses
        assert self.result == other.result
        ours, theirs = (dict(entries(run.states)) for run in (self, other))
        assert ours.keys() == theirs.keys()
        for name, value in ours.items():
            same = torch.equal(value, theirs[name]) if isinstance(value, torch.Tensor) else value == theirs[name]
            assert same, name


@pytest.fixture(scope="session")
def a_run():
    return Run


@pytest.fixture
def cut_off(monkeypatch):
    """cut_off(main, arguments, step): the recipe, broken off in the middle of that step's report."""

    def cut(main, arguments, step):
        go = _run.go

        def torn(*args, **kept):
            for state in go(*args, **kept):
                if state.step == step:
                    raise KeyboardInterrupt
                yield state

        with monkeypatch.context() as patch:
            patch.setattr(_run, "go", torn)
            with pytest.raises(KeyboardInterrupt):
                main(arguments)

    return cut


@pytest.fixture
def shipped():
    """shipped(name): the metrics of its record, the options it was trained with, and the shipped classifier."""

    def found(name):
        record = data.record(name)
        given = argparse.Namespace(**record["options"])
        run, given.images = train.launch("cpu"), "mnist" if HAVE_MNIST else "glyphs"
        return record["metrics"], given, _game.classifier(given.classifier, data.images(given.images, n=1000), run)

    return found
