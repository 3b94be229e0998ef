"""Train the recurrent networks of the chapter: pictures as sequences, or the adding problem.

python -m companion.recipes.rnn --task rows --images mnist --out runs/rows
python -m companion.recipes.rnn --task permuted --images mnist --cell lstm --hidden 128 --out runs/permuted
python -m companion.recipes.rnn --task adding --length 200 --batch 50 --lr 5e-3 --out runs/adding-gru
python -m companion.recipes.rnn --task adding --length 200 --batch 50 --cell relu --start identity --lr 5e-4 \\
    --clip 10 --epochs 20 --out runs/adding-relu

The tasks:
  rows      a picture is h moments of one row each, from top to bottom; the answer, after the last, is its class
  pixels    a picture is h·w moments of one pixel each
  permuted  the same, the pixels in one shuffled order for all pictures: neighbours are far apart in time
  adding    --length numbers in [0, 1], two of them marked; the answer is the sum of those two. To say 1 always has a
            mean squared error of 1/6. Sequences are drawn anew for each step; 10,000 of them count as an epoch.

answers.png shows, for pictures, how many are read rightly after each moment; for the adding problem, answers and sums.
"""

import argparse
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from companion import data, plot, train
from companion.data.batches import Batches
from companion.data.sequences import Adding, as_sequence
from companion.nets.rnn import STARTS, Recurrent
from companion.recipes import _run

TASKS = ("rows", "pixels", "permuted", "adding")
EPOCH = 10_000  # sequences of the adding problem


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    p = _run.parser(__doc__, epochs=10, batch=100, lr=3e-3)
    p.add_argument("--task", choices=TASKS, default="rows", help="what to read (default rows)")
    p.add_argument("--cell", choices=list(Recurrent.CELLS), default="gru", help="default gru")
    p.add_argument("--start", choices=STARTS, default="orthogonal", help="of recurrent weights (default orthogonal)")
    p.add_argument("--forget", type=float, default=1, help="bias of an LSTM's forget gates to begin with (default 1)")
    p.add_argument("--hidden", type=int, default=64, help="numbers in the state (default 64)")
    p.add_argument("--length", type=int, default=200, help="moments of the adding problem (default 200)")
    p.add_argument("--clip", type=float, default=1, help="largest norm of the gradients; 0: no clipping (default 1)")
    p.add_argument("--images", help="data set or folder (default: COMPANION_IMAGES, or glyphs)")
    p.add_argument("--n", type=int, help="train on the first n pictures only")
    return p.parse_args(arguments)


@_run.stopped()
def main(arguments: list[str] | None = None) -> None:
    given = options(arguments)
    with train.launch(given.device, precision=given.precision, seed=given.seed) as run:
        folder = _run.Folder(given, run)
        task: Any = (Sums if given.task == "adding" else Pictures)(given, run)
        net = network(task, given, run)
        steps = _run.steps_of(task.examples, given)
        step, kept = training(net, task, given, run, steps)
        for _ in _run.go(step, task.batches, given, run, folder, steps=steps, **kept):
            pass
        measured, figure = task.examine(net)
        folder.write("result.json", {**measured, "steps": steps})
        folder.picture("answers", figure)


def network(task: Any, given: argparse.Namespace, run: train.Runtime) -> Recurrent:
    """The network for this task, its weights a function of the seed alone."""
    torch.manual_seed(given.seed)
    kind = {"cell": given.cell, "start": given.start, "forget": given.forget}
    return _run.placed(Recurrent(task.inputs, given.hidden, task.outputs, **kind), given, run)


def training(
    net: Recurrent, task: Any, given: argparse.Namespace, run: train.Runtime, steps: int
) -> tuple[Callable, dict]:
    """The step, and what of it must survive: Adam, its rate rising for a tenth of the run, then falling to nothing."""
    optimizer = torch.optim.Adam(net.parameters(), given.lr, fused=True)
    update = train.Update(net, optimizer, run=run, max_norm=given.clip or None)
    rate = _run.one_cycle(optimizer, given.lr, steps, rise=0.1)

    def step(x: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        with run.autocast():
            loss = task.loss(net(task.sequence(x)), y)
        update(loss)
        rate.step()
        return {"loss": loss}

    return step, {"net": net, "update": update, "rate": rate}


class Pictures:
    """Pictures as sequences: what goes in, what comes out, how wrong an answer is."""

    loss = staticmethod(F.cross_entropy)

    def __init__(self, given: argparse.Namespace, run: train.Runtime) -> None:
        images, test = data.images(given.images, n=given.n), data.images(given.images, "test")
        self.batches = _run.batches(images, given, run)
        self.test = Batches(test, 500, device=run.device)
        self.by = "rows" if given.task == "rows" else "pixels"
        _, c, h, w = images.x.shape
        self.examples, self.outputs = len(images.x), int(images.y.max()) + 1
        self.inputs = w * c if self.by == "rows" else c
        # one order for all seeds, so that their runs can be compared
        shuffled = torch.randperm(h * w, generator=torch.Generator().manual_seed(0))
        self.permutation = shuffled if given.task == "permuted" else None

    def sequence(self, x: torch.Tensor) -> torch.Tensor:
        return as_sequence(x, self.by, self.permutation)

    @torch.no_grad()
    def examine(self, net: Any) -> tuple[dict[str, float], Any]:
        """The share of test pictures read rightly at the end, and a figure of that share after each moment."""
        said = [(net.answers(self.sequence(x)).argmax(2) == y[:, None]).sum(0).cpu() for x, y in self.test.once()]
        right = torch.stack(said).sum(0) / len(self.test.y)
        ax = plot.curves({"right": (range(1, len(right) + 1), right.numpy())})
        ax.set(xlabel="moments read", ylabel="read rightly", ylim=(0, 1.02))
        return {"test accuracy": round(float(right[-1]), 6)}, ax.figure


class Sums:
    """The adding problem, in the same form."""

    inputs, outputs, examples = 2, 1, EPOCH
    loss = staticmethod(F.mse_loss)

    def __init__(self, given: argparse.Namespace, run: train.Runtime) -> None:
        self.batches = Adding(given.length, _run.share_of_batch(given, run), device=run.device)
        self.test = Adding(given.length, 1000, device=run.device)

    def sequence(self, x: torch.Tensor) -> torch.Tensor:
        return x

    @torch.no_grad()
    def examine(self, net: Any) -> tuple[dict[str, float], Any]:
        """The mean squared errors of the network and of saying 1 always, on 10,000 new sequences; a figure of 1,000."""
        torch.manual_seed(2**40)  # the same sequences for every run
        drawn = [self.test.draw() for _ in range(10)]
        said = [net(x) for x, _ in drawn]
        sums = [y for _, y in drawn]
        ax = plt.figure().add_subplot()
        ax.plot(sums[0].cpu(), said[0].float().cpu(), ".", markersize=3)
        ax.set(xlabel="sum", ylabel="answer", aspect="equal")
        truth = torch.cat(sums)
        error = {
            "test error": float(F.mse_loss(torch.cat(said), truth)),
            "saying 1": float((truth - 1).square().mean()),
        }
        return {name: round(value, 7) for name, value in error.items()}, ax.figure


if __name__ == "__main__":
    main()
