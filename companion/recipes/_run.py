"""What all recipes share: the folder with its log and checkpoint, and the loop around `fit`; options in _options.py."""

import argparse
import contextlib
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib.pyplot as plt
import torch

from companion import data, train
from companion.data.batches import Batches
from companion.data.images import named
from companion.recipes._options import parser

__all__ = ["Folder", "batches", "go", "one_cycle", "parser", "placed", "share_of_batch", "steps_of", "stopped"]


class Folder:
    """The folder of a run: refuses to mix two. Only the first process writes; all but the log whole or not at all."""

    def __init__(self, options: argparse.Namespace, run: train.Runtime) -> None:
        self.path, self.run = options.out, run
        if (self.path / "last.pt").exists() and not options.resume:
            sys.exit(f"{self.path / 'last.pt'} exists already: add --resume to go on with it, or give another --out.")
        with stopped():
            if run.first:
                self.path.mkdir(parents=True, exist_ok=True)
            given = {name: value for name, value in vars(options).items() if name not in ("out", "resume")}
            if "images" in given:  # what COMPANION_IMAGES said must not change in between
                given["images"] = named(given["images"])
            self.write("options.json", given)

    def write(self, name: str, record: dict[str, Any]) -> None:
        """The record as JSON, aside and then renamed."""
        self._replace(name, (json.dumps(record, indent=1) + "\n").encode())

    def log(self, record: dict[str, Any]) -> None:
        """One more line, here and on the screen."""
        if self.run.first:
            with (self.path / "log.jsonl").open("a", encoding="utf8") as file:
                file.write(json.dumps(record) + "\n")
            words = (f"{name} {v:.4g}" if isinstance(v, float) else f"{name} {v}" for name, v in record.items())
            print("  ".join(words), flush=True)

    def rewind(self, step: int) -> float:
        """Drop the log's lines after `step`, and one cut in half: they come again. Returns the seconds spent before."""
        path = self.path / "log.jsonl"
        lines = path.read_text(encoding="utf8").splitlines(keepends=True) if path.exists() else []
        kept = [record for line in lines if (record := _record(line)) and record["step"] <= step]
        self._replace("log.jsonl", "".join(json.dumps(record) + "\n" for record in kept).encode())
        return kept[-1]["seconds"] if kept else 0.0

    def picture(self, name: str, figure: Any) -> None:
        """A figure of matplotlib as name.png; the figure is closed, on every process."""
        drawn = io.BytesIO()
        if self.run.first:
            figure.savefig(drawn, format="png")
        plt.close(figure)
        self._replace(f"{name}.png", drawn.getvalue())

    def _replace(self, name: str, content: bytes) -> None:
        if self.run.first:
            aside = self.path / f"{name}.tmp"
            with stopped():
                aside.write_bytes(content)
                aside.replace(self.path / name)


def _record(line: str) -> dict[str, Any] | None:
    """A line of the log; None for one that a kill or a power cut has torn."""
    try:
        return json.loads(line) if line.endswith("}\n") else None
    except ValueError:
        return None


def steps_of(n: int, options: argparse.Namespace) -> int:
    """How many steps the epochs asked for take."""
    return max(1, round(options.epochs * n / options.batch))


def share_of_batch(options: argparse.Namespace, run: train.Runtime) -> int:
    """Pictures per process and step; the whole batch must divide by the number of processes."""
    if options.batch % run.world:
        sys.exit(f"--batch {options.batch} is not a multiple of the {run.world} processes that share it.")
    return options.batch // run.world


def batches(
    images: data.Images, options: argparse.Namespace, run: train.Runtime, times: int = 1, **how: Any
) -> Batches:
    """This process's share of the pictures, `times` batches a step, `how` they are changed as `Batches` says."""
    place = {"seed": options.seed, "rank": run.rank, "world": run.world, "device": run.device}
    return Batches(images, times * share_of_batch(options, run), **place, **how)


def placed(net: Any, options: argparse.Namespace, run: train.Runtime, **how: Any) -> Any:
    """The network on the run's device, compiled if that was asked for."""
    net = net.to(run.device, **how)
    if options.compile:
        net.compile()
    return net


def one_cycle(
    optimizer: torch.optim.Optimizer, lr: float, steps: int, rise: float, **options: Any
) -> torch.optim.lr_scheduler.OneCycleLR:
    """The rate rises to `lr` for that share of the run, then falls to nothing (torch's OneCycleLR)."""
    rise = rise if rise * steps > 1 else 0.5 / steps  # of one step exactly torch divides by zero
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=rise, **options)


@contextlib.contextmanager
def stopped() -> Iterator[None]:
    """What a reader can mend ends the program with its sentence, not with a traceback."""
    try:
        yield
    except (OSError, FloatingPointError, ValueError) as error:
        sys.exit(f"stopped: {error}")


def go(
    step: Callable,
    batches: Any,
    options: argparse.Namespace,
    run: train.Runtime,
    folder: Folder,
    *,
    steps: int,
    **kept: Any,
) -> Iterator[train.State]:
    """`fit` with what every recipe does around it: resume, save, report. Yields at each report, and at the end."""
    checkpoint = train.Checkpoint(folder.path / "last.pt", run=run, **kept)
    with stopped():
        start = checkpoint.load() if options.resume else 0
        begun = time.perf_counter() - folder.rewind(start)
        for state in train.fit(step, batches, run=run, steps=steps, start=start):
            last = state.step == steps
            if state.step % options.report == 0 or last:
                means = {k: round(float(run.mean(torch.tensor(v))), 6) for k, v in state.mean(options.report).items()}
                seconds = round(time.perf_counter() - begun, 2)
                folder.log({"step": state.step, **means, "images/s": round(state.rate), "seconds": seconds})
                yield state
            if state.step % options.save == 0 or last:
                checkpoint.save(state.step)
