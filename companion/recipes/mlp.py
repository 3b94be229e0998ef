"""Train the network of the chapter on perceptrons: 784-128-10, 101,770 parameters on 28 × 28 pictures.

python -m companion.recipes.mlp --images mnist --epochs 10 --out runs/mlp
python -m companion.recipes.mlp --images mnist --hidden 512 512 --decay 0.1 --shift 1 --out runs/wide

weights.png shows what the strongest units of the first layer look for, red for ink and blue for none; result.json holds
the confusion matrix too: rows are the true classes, columns the answers.
"""

import argparse
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from companion import data, plot, train
from companion.data.augment import warp
from companion.data.batches import Batches
from companion.nets.mlp import MLP
from companion.recipes import _run


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    p = _run.parser(__doc__, epochs=10, batch=100, lr=3e-3)
    p.add_argument("--images", help="data set or folder (default: COMPANION_IMAGES, or glyphs)")
    p.add_argument("--n", type=int, help="train on the first n pictures only")
    p.add_argument("--hidden", type=int, nargs="*", default=[128], help="units of each hidden layer (default 128)")
    p.add_argument("--decay", type=float, default=0.0, help="weight decay, as in AdamW (default 0)")
    p.add_argument("--shift", type=float, default=0, help="move pictures by up to so many pixels (default 0)")
    return p.parse_args(arguments)


@_run.stopped()
def main(arguments: list[str] | None = None) -> None:
    given = options(arguments)
    with train.launch(given.device, precision=given.precision, seed=given.seed) as run:
        folder = _run.Folder(given, run)
        images, test = data.images(given.images, n=given.n), data.images(given.images, "test")
        net = network(images, given, run)
        steps = _run.steps_of(len(images.x), given)
        step, kept = training(net, given, run, steps)
        for _ in _run.go(step, stream(images, given, run), given, run, folder, steps=steps, **kept):
            pass
        measured = examine(net, Batches(test, 1000, device=run.device))
        folder.write("result.json", {**measured, "steps": steps})
        folder.picture("weights", first_layer(net, images.x.shape[1:]))


def network(images: data.Images, given: argparse.Namespace, run: train.Runtime) -> MLP:
    """The perceptron for these pictures, its weights a function of the seed alone."""
    torch.manual_seed(given.seed)
    return _run.placed(MLP(images.x[0].size, *given.hidden, int(images.y.max()) + 1), given, run)


def stream(images: data.Images, given: argparse.Namespace, run: train.Runtime) -> Batches:
    """This process's share of the pictures, moved as the options say."""
    return _run.batches(images, given, run, augment=warp(shift=given.shift) if given.shift else None)


def training(net: MLP, given: argparse.Namespace, run: train.Runtime, steps: int) -> tuple[Callable, dict]:
    """The step, and what of it must survive: AdamW, its rate rising for a fifth of the run, then falling to nothing."""
    optimizer = torch.optim.AdamW(net.parameters(), given.lr, weight_decay=given.decay, fused=True)
    update = train.Update(net, optimizer, run=run)
    rate = _run.one_cycle(optimizer, given.lr, steps, rise=0.2)

    def step(x: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        with run.autocast():
            loss = F.cross_entropy(net(x), y)
        update(loss)
        rate.step()
        return {"loss": loss}

    return step, {"net": net, "update": update, "rate": rate}


@torch.no_grad()
def examine(net: torch.nn.Module, test: Batches) -> dict[str, Any]:
    """How many pictures of each class were given to each class, and what share of them rightly."""
    said, truth = torch.cat([net(x).argmax(1) for x, _ in test.once()]).cpu(), test.y.cpu()
    classes = int(max(truth.max(), said.max())) + 1
    confusion = torch.zeros(classes, classes, dtype=torch.int64)
    confusion.index_put_((truth, said), torch.ones_like(truth), accumulate=True)
    return {
        "test accuracy": int(confusion.trace()) / len(truth),
        "parameters": sum(p.numel() for p in net.parameters()),
        "confusion": confusion.tolist(),
    }


def first_layer(net: MLP, shape: tuple[int, ...]) -> Any:
    """The weights of the 40 first-layer units that count most, each as a picture; colours are averaged."""
    first, *above = (W.cpu() for W, _ in net.written_out())
    strength = first.norm(dim=1) * (above[0].norm(dim=0) if above else 1)
    rows = first[strength.argsort(descending=True)[:40]].reshape(-1, *shape).mean(1)
    figure = plt.figure(figsize=(8, 0.8 * -(-len(rows) // 10)))
    plot.images(rows.numpy(), columns=min(10, len(rows)), ax=figure.add_subplot(), signed=True)
    return figure


if __name__ == "__main__":
    main()
