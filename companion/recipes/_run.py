"""What all recipes share: the options, the folder with its log and checkpoint, and the loop around `fit`."""

import argparse
import contextlib
import io
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import torch

from companion import train

EVERY = """
Every run writes into --out:
  options.json   what it was started with        log.jsonl     one line each --report: step, losses, images/s, seconds
  last.pt        the checkpoint, with the one before it in last.pt.previous
  result.json    the figures at the end          *.png         pictures of what was learned

Cut off, by you or by a power cut? `--out THE-SAME --resume` is enough: the other options are read from options.json,
and the run ends with the same weights, to the last bit, as if nothing had happened.

On several processors or machines: torchrun --nproc-per-node N -m companion.recipes.… with the same options; --batch is
then shared by all processes. With --max-restarts and --resume a run outlives its workers.
"""
FREE = {"device", "report", "save", "compile"}  # options that a resumed run may have otherwise


class Parser(argparse.ArgumentParser):
    """With --resume, what was not given is as it was at the start, and what was given must be so too."""

    def parse_args(self, args=None, namespace=None):
        given = super().parse_args(args, namespace)
        recorded = given.out / "options.json"
        if not given.resume or not recorded.exists():
            return given
        then = json.loads(recorded.read_text(encoding="utf8"))
        self.set_defaults(**then)
        given = super().parse_args(args, namespace)
        for name, value in then.items():
            if (now := getattr(given, name, None)) != value and name not in FREE:
                self.error(f"--{name} is {now} and was {value}: leave it out to resume, or begin anew in another --out")
        return given


def parser(doc: str, *, epochs: float, batch: int, lr: float) -> Parser:
    """The options that every recipe has, with this recipe's defaults."""
    p = Parser(description=doc, epilog=EVERY, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, required=True, help="folder for everything the run writes")
    p.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out, if there is one")
    p.add_argument("--epochs", type=float, default=epochs, help=f"how often to see each picture (default {epochs})")
    p.add_argument("--batch", type=int, default=batch, help=f"pictures per step, over all processes (default {batch})")
    p.add_argument("--lr", type=float, default=lr, help=f"largest learning rate (default {lr})")
    p.add_argument("--device", help="cpu, cuda, cuda:1, mps (default: the best there is)")
    p.add_argument("--precision", choices=["float32", "bfloat16"], help="default: bfloat16 where a GPU has it natively")
    p.add_argument("--compile", action="store_true", help="compile the network first: a slow start, then faster steps")
    p.add_argument("--seed", type=int, default=0, help="fixes weights, order and noise (default 0)")
    p.add_argument("--report", type=int, default=100, help="steps between two lines of the log (default 100)")
    p.add_argument("--save", type=int, default=500, help="steps between two checkpoints (default 500)")
    return p


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
        records = [json.loads(line) for line in lines if line.endswith("}\n")]
        kept = [record for record in records if record["step"] <= step]
        self._replace("log.jsonl", "".join(json.dumps(record) + "\n" for record in kept).encode())
        return kept[-1]["seconds"] if kept else 0.0

    def picture(self, name: str, figure: Any) -> None:
        """A figure of matplotlib as name.png; the figure is closed."""
        if self.run.first:
            drawn = io.BytesIO()
            figure.savefig(drawn, format="png")
            plt.close(figure)
            self._replace(f"{name}.png", drawn.getvalue())

    def _replace(self, name: str, content: bytes) -> None:
        if self.run.first:
            aside = self.path / f"{name}.tmp"
            with stopped():
                aside.write_bytes(content)
                aside.replace(self.path / name)


def steps_of(n: int, options: argparse.Namespace) -> int:
    """How many steps the epochs asked for take."""
    return max(1, round(options.epochs * n / options.batch))


def share_of_batch(options: argparse.Namespace, run: train.Runtime) -> int:
    """Pictures per process and step; the whole batch must divide by the number of processes."""
    if options.batch % run.world:
        sys.exit(f"--batch {options.batch} is not a multiple of the {run.world} processes that share it.")
    return options.batch // run.world


def one_cycle(
    optimizer: torch.optim.Optimizer, lr: float, steps: int, rise: float
) -> torch.optim.lr_scheduler.OneCycleLR:
    """The rate rises to `lr` for that share of the run, then falls to nothing (torch's OneCycleLR).

    A run too short to rise for two steps gets the first steps of a longer one: torch divides by the rise less one.
    """
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, lr, total_steps=max(steps, math.ceil(2 / rise)), pct_start=rise
    )


@contextlib.contextmanager
def stopped() -> Iterator[None]:
    """What a reader can mend ends the program with its sentence, not with a traceback."""
    try:
        yield
    except (OSError, FloatingPointError) as error:
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
    start = checkpoint.load() if options.resume else 0
    begun = time.perf_counter() - folder.rewind(start)
    with stopped():
        for state in train.fit(step, batches, run=run, steps=steps, start=start):
            last = state.step == steps
            if state.step % options.report == 0 or last:
                means = {k: round(float(run.mean(torch.tensor(v))), 6) for k, v in state.mean(options.report).items()}
                seconds = round(time.perf_counter() - begun, 2)
                folder.log({"step": state.step, **means, "images/s": round(state.rate), "seconds": seconds})
                yield state
            if state.step % options.save == 0 or last:
                checkpoint.save(state.step)
