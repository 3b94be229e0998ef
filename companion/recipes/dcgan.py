"""Train the convolutional GAN of the chapter: transposed convolutions draw, convolutions judge.

python -m companion.recipes.dcgan --images mnist --out runs/dcgan
python -m companion.recipes.dcgan --images mnist --norm spectral --kind hinge --out runs/spectral
python -m companion.recipes.dcgan --images cifar10 --width 64 --epochs 50 --precision bfloat16 --out runs/cifar
torchrun --nproc-per-node 4 -m companion.recipes.dcgan --images /pictures --batch 256 --out runs/mine

Pictures of any size, grey or colour. --norm says what keeps D in bounds: batch norm, spectral
norm (each layer's weights divided by their largest singular value), or none.

grid.png shows what the averaged generator makes of the same hundred codes, again and again while it learns; walk.png,
at the end, goes from one code to another. The checkpoint's `ema` holds the average with batch statistics of its own.
With --classifier, result.json says how sure a classifier is of its pictures, how many of each class it counts, and
how far their features are from real ones (Fréchet distance).
"""

import argparse
from collections.abc import Callable
from typing import Any

import torch

from companion import data, plot, train
from companion.data.batches import Batches, scaled
from companion.evaluate import features, fid
from companion.nets import dcgan, gan
from companion.nets.cnn import Classifier
from companion.recipes import _game, _run


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    p = _run.parser(__doc__, epochs=12, batch=64, lr=2e-3)
    p.add_argument("--images", help="data set or folder (default: COMPANION_IMAGES, or glyphs)")
    p.add_argument("--n", type=int, help="train on the first n pictures only")
    p.add_argument("--width", type=int, default=32, help="channels of the largest maps of both nets (default 32)")
    p.add_argument("--z-dim", type=int, default=32, help="numbers in a code (default 32)")
    p.add_argument("--norm", choices=["batch", "spectral", "none"], default="batch", help="of D (default batch)")
    p.add_argument("--kind", choices=gan.KINDS, default="nonsaturating", help="the loss (default nonsaturating)")
    p.add_argument("--r1", type=float, default=0.0, help="weight γ of the penalty R1 on D's slope (default 0)")
    p.add_argument("--d-steps", type=int, default=1, help="D's moves for each of G, --batch pictures each (default 1)")
    p.add_argument("--d-lr", type=float, default=2e-4, help="D's learning rate (default 2e-4; --lr is that of G)")
    p.add_argument("--beta1", type=float, default=0.5, help="Adam's memory of the gradient (default 0.5)")
    p.add_argument("--reuse", action="store_true", help="G moves by the fakes that D has just met: faster")
    p.add_argument("--half-life", type=float, default=20_000, help="pictures, of G's average (default 20000)")
    p.add_argument("--pictures", type=int, default=1000, help="steps between two grid.png (default 1000)")
    p.add_argument("--classifier", help="shipped weights, such as cnn-mnist, or the folder of a run of recipes.cnn")
    return p.parse_args(arguments)


@_run.stopped()
def main(arguments: list[str] | None = None) -> None:
    given = options(arguments)
    plot.use_style()
    with train.launch(given.device, precision=given.precision, seed=given.seed) as run:
        folder = _run.Folder(given, run)
        images = data.images(given.images, n=given.n)
        judge = _game.classifier(given.classifier, images, run) if given.classifier else None
        G, D = networks(images, given, run)
        steps = _run.steps_of(len(images.x), given)
        step, kept = training(G, D, given, run, steps)
        ema, batches = kept["ema"], stream(images, given, run)
        codes = torch.randn(110, given.z_dim, generator=torch.Generator().manual_seed(given.seed)).to(run.device)
        for state in _run.go(step, batches, given, run, folder, steps=steps, **kept):
            last = state.step == steps
            if last or state.step % given.pictures == 0:
                drawer = dcgan.measured(ema.net, n=20_000 if last else 1000)
                folder.picture("grid", sheet(drawer, codes[:100]))
            if last:  # before the last checkpoint, so that it holds the statistics that belong to the average
                ema.net.load_state_dict(drawer.state_dict())
        folder.picture("walk", sheet(ema.net, gan.walk(codes[:10], codes[100:], 10).transpose(0, 1).flatten(0, 1)))
        folder.write("result.json", {**(examine(ema.net, judge, given) if judge else {}), "steps": steps})


def networks(images: data.Images, given: argparse.Namespace, run: train.Runtime) -> tuple[Any, Any]:
    """Both networks for these pictures, their weights functions of the seed alone."""
    torch.manual_seed(given.seed)
    shape = tuple(images.x.shape[1:])
    G = dcgan.Generator(given.z_dim, shape, given.width)
    D = dcgan.Discriminator(shape, given.width, norm=None if given.norm == "none" else given.norm)
    G, D = (_run.placed(net, given, run, memory_format=torch.channels_last) for net in (G, D))  # nearly twice as fast
    return G, D


def stream(images: data.Images, given: argparse.Namespace, run: train.Runtime) -> Batches:
    """This process's share of the pictures, in [−1, 1]."""
    return _run.batches(images, given, run, given.d_steps, signed=True)


def training(G: Any, D: Any, given: argparse.Namespace, run: train.Runtime, steps: int) -> tuple[Callable, dict]:
    """The step, and what of it must survive."""
    kept = _game.players(G, D, (given.lr, given.d_lr), given, run, steps, betas=(given.beta1, 0.99))
    how = {"kind": given.kind, "d_steps": given.d_steps, "r1": given.r1, "reuse": given.reuse}
    return _game.moving(gan.make_step(G, D, kept["update_g"], kept["update_d"], run, **how), kept, run), kept


@torch.no_grad()
def sheet(G: Any, codes: torch.Tensor) -> Any:
    """A figure: ten pictures a row, one for each code."""
    return plot.images((G(codes).float().cpu() + 1) / 2).figure


@torch.no_grad()
def examine(G: Any, judge: Classifier, given: argparse.Namespace, n: int = 10_000) -> dict[str, Any]:
    """How sure the judge is of n pictures, how many it sees of each class, and how far its features are from real ones.

    The Fréchet distance is to the test pictures, of which there must be more than 64.
    """
    device = next(G.parameters()).device
    z = torch.randn(n, G.z_dim, generator=torch.Generator().manual_seed(2**40)).to(device)
    made = features.extract(judge, torch.cat([(G(part) + 1) / 2 for part in z.split(500)]))
    p = made.logits.softmax(1)
    counts = torch.bincount(p.argmax(1), minlength=p.shape[1])
    test = data.images(given.images, "test")
    real = features.extract(judge, scaled(torch.as_tensor(test.x)))
    return {
        "sure": round(float((p.max(1).values > 0.9).float().mean()), 4),
        "of each class": [round(int(count) / n, 4) for count in counts],
        "Fréchet distance": round(fid.frechet(real.x.double(), made.x.double().cpu()), 3),
    }


if __name__ == "__main__":
    main()
