"""Train a conditional GAN: a generator that is told which class to draw, a discriminator that is told what to expect.

python -m companion.recipes.cgan --images mnist --classifier cnn-mnist --out runs/cgan
python -m companion.recipes.cgan --images mnist --backbone mlp --how concat --width 256 --out runs/mlp
python -m companion.recipes.cgan --images mnist --fake-labels uniform --out runs/uniform   # see the chapter first

grid.png shows a row for each class and a column for each of ten codes, drawn by the averaged weights, again and again
while they learn. With --classifier, result.json says how often it reads in a picture the class that was asked for.
"""

import argparse
from collections.abc import Callable
from typing import Any

import torch

from companion import data, plot, train
from companion.data.batches import Batches
from companion.evaluate import by_classifier
from companion.nets import cgan, gan
from companion.recipes import _game, _run

FAKES = ("same", "drawn", "uniform")


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    p = _run.parser(__doc__, epochs=12, batch=64, lr=2e-3)
    p.add_argument("--images", help="data set or folder (default: COMPANION_IMAGES, or glyphs)")
    p.add_argument("--n", type=int, help="train on the first n pictures only")
    p.add_argument("--backbone", choices=["dcgan", "mlp"], default="dcgan", help="default dcgan")
    p.add_argument("--how", choices=["projection", "concat"], default="projection", help="how D is told the label")
    p.add_argument("--norm", choices=["batch", "conditional"], help="of G (default: conditional if dcgan, else batch)")
    p.add_argument("--d-norm", choices=["batch", "spectral", "none"], default="batch", help="of D, if dcgan")
    p.add_argument("--width", type=int, default=32, help="channels of the largest maps, or hidden units (default 32)")
    p.add_argument("--z-dim", type=int, default=32, help="length of the code (default 32)")
    p.add_argument("--embed", type=int, help="length of the label's vector beside the code (default: 0 where G's "
                   "norms are told the label, else 16)")  # fmt: skip
    p.add_argument("--d-lr", type=float, default=2e-4, help="that of D: a faster one wins (default 2e-4)")
    p.add_argument("--kind", choices=gan.KINDS, default="nonsaturating", help="of the losses (default nonsaturating)")
    p.add_argument("--r1", type=float, default=0.0, help="weight of D's gradient penalty at real pictures (default 0)")
    p.add_argument("--fake-labels", choices=FAKES, default="same", help="labels to make fakes of: those of the real "
                   "batch (same), drawn from the data's, or uniform")  # fmt: skip
    p.add_argument("--reuse", action="store_true", help="G moves by the fakes that D has just met: faster")
    p.add_argument("--half-life", type=float, default=20_000, help="of the average of G, in pictures (default 20000)")
    p.add_argument("--pictures", type=int, default=1000, help="steps between two grid.png (default 1000)")
    p.add_argument("--classifier", help="shipped weights, such as cnn-mnist, or the folder of a run of recipes.cnn")
    given = p.parse_args(arguments)
    given.norm, given.embed = cgan.ways(given.backbone, given.norm, given.embed)
    return given


@_run.stopped()
def main(arguments: list[str] | None = None) -> None:
    given = options(arguments)
    plot.use_style()
    with train.launch(given.device, precision=given.precision, seed=given.seed) as run:
        folder = _run.Folder(given, run)
        images = data.images(given.images, n=given.n)
        labels, classes = torch.as_tensor(images.y), int(images.y.max()) + 1
        judge = _game.classifier(given.classifier, images, run) if given.classifier else None
        G, D = networks(images, given, run)
        steps = _run.steps_of(len(images.x), given)
        step, kept = training(G, D, labels, given, run, steps)
        ema = kept["ema"]
        for state in _run.go(step, stream(images, given, run), given, run, folder, steps=steps, **kept):
            last = state.step == steps
            if last or state.step % given.pictures == 0:
                drawer = cgan.measured(ema.net, labels, n=20_000 if last else 1000)
                folder.picture("grid", grid(drawer, classes))
            if last:  # before the last checkpoint, so that it holds the statistics that belong to the average
                ema.net.load_state_dict(drawer.state_dict())
        result = examine(ema.net, judge, labels) if judge else {}
        folder.write("result.json", {**result, "steps": steps})


def networks(images: data.Images, given: argparse.Namespace, run: train.Runtime) -> tuple[Any, Any]:
    """G and D for these pictures, their weights functions of the seed alone."""
    torch.manual_seed(given.seed)
    classes, shape = int(images.y.max()) + 1, images.x.shape[1:]
    body = {"backbone": given.backbone}
    norm = None if given.d_norm == "none" else given.d_norm
    more: dict[str, Any] = {"norm": norm} if given.backbone == "dcgan" else {}
    G = cgan.Generator(classes, given.z_dim, shape, given.width, embed=given.embed, norm=given.norm, **body)
    D = cgan.Discriminator(classes, shape, given.width, how=given.how, **body, **more)
    G, D = (_run.placed(net, given, run, memory_format=torch.channels_last) for net in (G, D))
    return G, D


def stream(images: data.Images, given: argparse.Namespace, run: train.Runtime) -> Batches:
    """This process's share of the pictures, in [−1, 1]."""
    return _run.batches(images, given, run, signed=True)


def training(
    G: Any, D: Any, labels: torch.Tensor, given: argparse.Namespace, run: train.Runtime, steps: int
) -> tuple[Callable, dict]:
    """The step, and what of it must survive."""
    kept = _game.players(G, D, (given.lr, given.d_lr), given, run, steps, betas=(0.5, 0.99))
    pools = {"drawn": labels, "uniform": torch.arange(int(labels.max()) + 1)}
    fakes = cgan.same if given.fake_labels == "same" else cgan.drawn_from(pools[given.fake_labels].to(run.device))
    how = {"kind": given.kind, "r1": given.r1, "labels": fakes, "reuse": given.reuse}
    return _game.moving(gan.make_step(G, D, kept["update_g"], kept["update_d"], run, **how), kept, run), kept


def grid(G: Any, classes: int) -> Any:
    """A figure: a row for each class, a column for each code."""
    pictures = (cgan.sheet(G, classes) + 1) / 2
    return plot.images(pictures.float().cpu().clamp(0, 1), columns=10).figure


@torch.no_grad()
def examine(G: Any, judge: Any, labels: torch.Tensor, n: int = 10_000) -> dict[str, Any]:
    """How often the judge reads the class that was asked for, of n pictures with labels as frequent as the data's."""
    torch.manual_seed(2**40)  # the same pictures for every run
    z, c = torch.randn(n, G.z_dim), cgan.drawn_from(labels)(torch.empty(n))
    device = next(G.parameters()).device
    parts = zip(z.to(device).split(500), c.to(device).split(500), strict=True)
    logits = [judge((G(*part) + 1) / 2).cpu() for part in parts]
    found = by_classifier.conditional(torch.cat(logits), c)
    each = [round(share, 4) for share in found.by_class]
    return {"conditional accuracy": round(found.share, 5), "of each class": each}


if __name__ == "__main__":
    main()
