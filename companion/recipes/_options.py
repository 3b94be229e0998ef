"""The options that all recipes have, and what --resume makes of them."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

EVERY = """
Every run writes into --out:
  options.json   what it was started with        log.jsonl     one line each --report: step, losses, images/s, seconds
  last.pt        the checkpoint, with the one before it in last.pt.previous
  result.json    the figures at the end          *.png         pictures of what was learned

Cut off, by you or by a power cut? `--out THE-SAME --resume` is enough: the other options are read from options.json,
and the run ends with the same weights, to the last bit, as if nothing had happened (same machine, same releases, same
number of processes). The first line of the log after that is a mean over fewer steps.

On several processors or machines: torchrun --nproc-per-node N -m companion.recipes.… with the same options; --batch is
then shared by all processes. With --max-restarts and --resume a run outlives its workers.
"""
FREE = {"device", "report", "save", "compile", "classifier", "pictures"}  # what a resumed run may have otherwise


class Parser(argparse.ArgumentParser):
    """With --resume, what was not given is as it was at the start, and what was given must be so too."""

    def parse_args(self, args=None, namespace=None):
        given = super().parse_args(args, namespace)
        recorded = given.out / "options.json"
        if not given.resume or not recorded.exists():
            return given
        try:
            then = json.loads(recorded.read_text(encoding="utf8"))
        except ValueError as error:
            self.error(f"{recorded} is torn ({error}): begin anew in another --out")
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
    p.add_argument(
        "--epochs", type=_positive(float), default=epochs, help=f"how often to see each picture (default {epochs})"
    )
    p.add_argument(
        "--batch", type=_positive(int), default=batch, help=f"pictures per step, over all processes (default {batch})"
    )
    p.add_argument("--lr", type=_positive(float), default=lr, help=f"largest learning rate (default {lr})")
    p.add_argument("--device", help="cpu, cuda, cuda:1, mps (default: the best there is)")
    p.add_argument("--precision", choices=["float32", "bfloat16"], help="default: bfloat16 where a GPU has it natively")
    p.add_argument("--compile", action="store_true", help="compile the network first: a slow start, then faster steps")
    p.add_argument("--seed", type=int, default=0, help="fixes weights, order and noise (default 0)")
    p.add_argument(
        "--report", type=_positive(int), default=100, help="steps between two lines of the log (default 100)"
    )
    p.add_argument("--save", type=_positive(int), default=500, help="steps between two checkpoints (default 500)")
    return p


def _positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """An argparse type: a number of that kind, above 0."""

    def read(text: str) -> Any:
        if not (value := kind(text)) > 0:
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    read.__name__ = kind.__name__  # argparse says "invalid int value"
    return read
