"""What all recipes share: the options, the folder with its log and checkpoint, and the loop around `fit`."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from companion import train

EVERY = """
Every run writes into --out:
  options.json   what it was started with        log.jsonl   one line each --report: step, images, losses, images/s
  last.pt        the checkpoint, and the one before it       result.json   the figures at the end
Cut off, by you or by a power cut? Start it again with --resume: it goes on from last.pt and ends with the same weights,
to the last bit. On several processors or machines: torchrun --nproc-per-node N -m companion.recipes.… with the same
options; --batch is then shared by all processes.
"""


def parser(doc: str, *, epochs: float, batch: int, lr: float) -> argparse.ArgumentParser:
    """The options that every recipe has, with this recipe's defaults."""
    p = argparse.ArgumentParser(description=doc, epilog=EVERY, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, required=True, help="folder for everything the run writes")
    p.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
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
    """The folder of a run: refuses to mix two runs, appends to the log, writes results whole."""

    def __init__(self, options: argparse.Namespace, run: train.Runtime) -> None:
        self.path, self.run = options.out, run
        checkpoint = self.path / "last.pt"
        if checkpoint.exists() and not options.resume:
            sys.exit(f"{checkpoint} exists already: add --resume to go on with it, or give another --out.")
        if run.first:
            self.path.mkdir(parents=True, exist_ok=True)
            given = {
                name: str(v) if isinstance(v, Path) else v for name, v in vars(options).items() if name != "resume"
            }
            self.write("options.json", given)

    def write(self, name: str, record: dict[str, Any]) -> None:
        if self.run.first:
            aside = self.path / f"{name}.tmp"
            aside.write_text(json.dumps(record, indent=1) + "\n", encoding="utf8")
            aside.replace(self.path / name)

    def log(self, record: dict[str, Any]) -> None:
        if self.run.first:
            with (self.path / "log.jsonl").open("a", encoding="utf8") as file:
                file.write(json.dumps(record) + "\n")
            print(
                "  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in record.items()), flush=True
            )


def steps_of(n: int, options: argparse.Namespace) -> int:
    """How many steps the epochs asked for take."""
    return max(1, round(options.epochs * n / options.batch))


def share_of_batch(options: argparse.Namespace, run: train.Runtime) -> int:
    """Pictures per process and step; the whole batch must divide by the number of processes."""
    if options.batch % run.world:
        sys.exit(f"--batch {options.batch} is not a multiple of the {run.world} processes that share it.")
    return options.batch // run.world


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
    begun = time.perf_counter()
    for state in train.fit(step, batches, run=run, steps=steps, start=start):
        last = state.step == steps
        if state.step % options.report == 0 or last:
            means = {name: round(float(run.mean(torch.tensor(v))), 6) for name, v in state.mean(options.report).items()}
            seconds = round(time.perf_counter() - begun, 2)
            folder.log({"step": state.step, **means, "images/s": round(state.rate), "seconds": seconds})
            yield state
        if state.step % options.save == 0 or last:
            checkpoint.save(state.step)
