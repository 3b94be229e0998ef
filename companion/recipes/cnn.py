"""Train the classifier of the chapter on convolutions: 93,322 parameters on 28 × 28 pictures.

python -m companion.recipes.cnn --images mnist --out runs/cnn
python -m companion.recipes.cnn --images mnist --epochs 1.5 --shift 0 --out runs/short   # as good as the time allows
python -m companion.recipes.cnn --images mnist --epochs 12 --turn 12 --scale 0.12 --bend 0.8 --thick 0.5 --out runs/pen

mistakes.png shows the test pictures that the trained network is surest about, and wrong.
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
from companion.nets.cnn import Classifier
from companion.recipes import _run


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    p = _run.parser(__doc__, epochs=6, batch=100, lr=4e-3)
    p.add_argument("--images", help="data set or folder (default: COMPANION_IMAGES, or glyphs)")
    p.add_argument("--n", type=int, help="train on the first n pictures only")
    p.add_argument("--shift", type=float, default=1, help="move pictures by up to so many pixels (default 1)")
    p.add_argument("--turn", type=float, default=0, help="turn them by up to so many degrees (default 0)")
    p.add_argument("--scale", type=float, default=0, help="scale them by up to that share (default 0)")
    p.add_argument("--bend", type=float, default=0, help="bend them by about so many pixels (default 0)")
    p.add_argument("--thick", type=float, default=0, help="make strokes up to so many pixels thicker or thinner, ≤ 1")
    p.add_argument("--smoothing", type=float, default=0.0, help="label smoothing (default 0)")
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
        measured, figure = examine(net, Batches(test, 1000, device=run.device))
        folder.write("result.json", {**measured, "steps": steps})
        folder.picture("mistakes", figure)


def network(images: data.Images, given: argparse.Namespace, run: train.Runtime) -> Classifier:
    """The classifier for these pictures, its weights a function of the seed alone."""
    torch.manual_seed(given.seed)
    net = Classifier(images.x.shape[1:], int(images.y.max()) + 1)
    return _run.placed(net, given, run, memory_format=torch.channels_last)  # on processors nearly twice as fast


def stream(images: data.Images, given: argparse.Namespace, run: train.Runtime) -> Batches:
    """This process's share of the pictures, moved as the options say."""
    moves = {name: getattr(given, name) for name in ("shift", "turn", "scale", "bend", "thick")}
    return _run.batches(images, given, run, augment=warp(**moves) if any(moves.values()) else None)


def training(net: Classifier, given: argparse.Namespace, run: train.Runtime, steps: int) -> tuple[Callable, dict]:
    """The step, and what of it must survive: Adam, its rate rising for a fifth of the run, then falling to nothing."""
    optimizer = torch.optim.Adam(net.parameters(), given.lr, fused=True)
    update = train.Update(net, optimizer, run=run)
    rate = _run.one_cycle(optimizer, given.lr, steps, rise=0.2)

    def step(x: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        with run.autocast():
            loss = F.cross_entropy(net(x), y, label_smoothing=given.smoothing)
        update(loss)
        rate.step()
        return {"loss": loss}

    return step, {"net": net, "update": update, "rate": rate}


@torch.no_grad()
def examine(net: torch.nn.Module, test: Batches) -> tuple[dict[str, float], Any]:
    """The share of pictures whose largest logit is that of their class, and a figure of the surest mistakes."""
    net.eval()
    p = torch.cat([net(x).softmax(1) for x, _ in test.once()]).cpu()
    net.train()
    sure, said = p.max(1)
    wrong = said != test.y.cpu()
    surest = (sure * wrong).argsort(descending=True)[: min(30, int(wrong.sum()))]
    fig, axes = plt.subplots(3, 10, figsize=(9, 3.6))
    for ax in axes.flat:
        ax.set_axis_off()
    for i, ax in zip(surest.tolist(), axes.flat, strict=False):
        picture = test.x[i].permute(1, 2, 0).squeeze(2).cpu()
        plot.image(picture, title=f"{test.y[i]} read as {said[i]}", ax=ax).title.set_fontsize(7)
    return {"test accuracy": 1 - int(wrong.sum()) / len(wrong), "mistakes": int(wrong.sum())}, fig


if __name__ == "__main__":
    main()
