"""Train the generative adversarial network of the chapter, on pictures or on points whose modes can be counted.

python -m companion.recipes.gan --images mnist --classifier cnn-mnist --out runs/gan
python -m companion.recipes.gan --points ring --out runs/ring
python -m companion.recipes.gan --points grid --seed 3 --out runs/grid
python -m companion.recipes.gan --points ring --kind wasserstein --r1 0 --gp 1 --d-steps 5 --out runs/wgan

ring and grid are 8 and 25 narrow Gaussians in the plane; their other options have defaults of their own (see PRESETS in
the source). Time is counted in real samples: of points, 50,000 are an epoch.

grid.png shows what the averaged generator makes of the same codes, again and again while it learns; walk.png, at the
end, goes from one code to another. With --classifier, result.json says how sure a classifier is of the pictures, and
how many of each class it counts.
"""

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib.pyplot as plt
import torch

from companion import data, plot, train
from companion.data.batches import Batch
from companion.evaluate import modes
from companion.nets import gan
from companion.recipes import _game, _run, dcgan

EPOCH = 50_000  # points
PRESETS: dict[str, dict[str, Any]] = {
    "images": {"epochs": 25.0, "batch": 64, "lr": 1e-3, "ahead": 1.0, "width": 128, "z_dim": 100, "r1": 0.05,
               "blur": 0.0, "waves": 0, "half_life": 10_000.0},
    "ring": {"epochs": 5.0, "batch": 64, "lr": 4e-3, "ahead": 1.0, "width": 128, "z_dim": 2, "r1": 0.01,
             "blur": 0.0, "waves": 0, "half_life": 5_000.0},
    "grid": {"epochs": 20.0, "batch": 64, "lr": 5e-3, "ahead": 1.0, "width": 128, "z_dim": 2, "r1": 0.8,
             "blur": 1.1, "waves": 32, "half_life": 10_000.0},
}  # fmt: skip


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    usual = PRESETS["images"]
    p = _run.parser(__doc__, epochs=usual["epochs"], batch=usual["batch"], lr=usual["lr"])
    p.add_argument("--images", help="data set or folder (default: COMPANION_IMAGES, or glyphs)")
    p.add_argument("--points", choices=["ring", "grid"], help="learn points in the plane, and no pictures")
    p.add_argument("--n", type=int, help="train on the first n pictures only")
    p.add_argument("--kind", choices=gan.KINDS, default="nonsaturating", help="the loss (default nonsaturating)")
    p.add_argument("--ahead", type=float, help=f"D's learning rate over G's (default {usual['ahead']:g})")
    p.add_argument("--z-dim", type=int, help=f"numbers in a code (default {usual['z_dim']})")
    p.add_argument("--width", type=int, help=f"units of each hidden layer (default {usual['width']})")
    p.add_argument("--d-steps", type=int, default=1, help="D's moves for each of G, --batch samples each (default 1)")
    p.add_argument("--r1", type=float, help=f"weight γ of the penalty R1 (default {usual['r1']:g})")
    p.add_argument("--gp", type=float, default=0.0, help="weight λ of the gradient penalty (default 0)")
    p.add_argument("--blur", type=float, help=f"noise before D at the start, falling (default {usual['blur']:g})")
    p.add_argument("--waves", type=int, help="waves that D is given of a point's place (default 0, grid 32)")
    p.add_argument("--half-life", type=float, help=f"samples, of G's average (default {usual['half_life']:g})")
    p.add_argument("--classifier", help="shipped weights, such as cnn-mnist, or the folder of a run of recipes.cnn")
    p.add_argument("--pictures", type=int, default=1000, help="steps between two grid.png (default 1000)")
    p.set_defaults(**dict.fromkeys(usual))
    given = p.parse_args(arguments)
    for name, value in PRESETS[given.points or "images"].items():
        if getattr(given, name) is None:
            setattr(given, name, value)
    return given


@_run.stopped()
def main(arguments: list[str] | None = None) -> None:
    given = options(arguments)
    plot.use_style()
    with train.launch(given.device, precision=given.precision, seed=given.seed) as run:
        folder = _run.Folder(given, run)
        task: Any = (Plane if given.points else Pictures)(given, run)
        G, D = networks(task, given, run)
        steps = _run.steps_of(task.examples, given)
        step, kept = training(G, D, given, run, steps)
        codes = torch.randn(task.shown, given.z_dim, generator=torch.Generator().manual_seed(given.seed)).to(run.device)
        for state in _run.go(step, task.batches, given, run, folder, steps=steps, **kept):
            if state.step % given.pictures == 0 or state.step == steps:
                folder.picture("grid", task.grid(kept["ema"].net, codes))
        folder.write("result.json", {**task.examine(kept["ema"].net), "steps": steps})
        folder.picture("walk", task.walk(kept["ema"].net, codes))


def networks(task: Any, given: argparse.Namespace, run: train.Runtime) -> tuple[Any, Any]:
    """Both networks for this task, their weights a function of the seed alone."""
    torch.manual_seed(given.seed)
    G, D = (_run.placed(net, given, run) for net in task.networks(given.z_dim, given.width))
    return G, D


def training(G: Any, D: Any, given: argparse.Namespace, run: train.Runtime, steps: int) -> tuple[Callable, dict]:
    """The step, and what of it must survive; the blur before D falls with D's rate."""
    kept = _game.players(G, D, (given.lr, given.lr * given.ahead), given, run, steps, betas=(0.0, 0.99))
    how = {"kind": given.kind, "d_steps": given.d_steps, "r1": given.r1, "gp": given.gp}
    judge, rate = gan.Blurred(D), kept["rate_d"]
    play = gan.make_step(G, judge, kept["update_g"], kept["update_d"], run, **how)

    def blurred(x: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        judge.std = given.blur * (rate.get_last_lr()[0] / rate.base_lrs[0]) ** 4
        return play(x, y)

    return _game.moving(blurred, kept, run), kept


class Pictures:
    """Pictures in [−1, 1]: batches, networks, and how to look at them."""

    shown = 100

    def __init__(self, given: argparse.Namespace, run: train.Runtime) -> None:
        self.given, self.run, self.images = given, run, data.images(given.images, n=given.n)
        self.batches = _run.batches(self.images, given, run, given.d_steps, signed=True)
        self.examples, self.shape = len(self.images.x), self.images.x.shape[1:]

    def networks(self, z_dim: int, width: int) -> tuple[gan.Generator, gan.Discriminator]:
        return gan.Generator(z_dim, self.shape, width), gan.Discriminator(self.shape, width)

    @torch.no_grad()
    def grid(self, G: Any, codes: torch.Tensor) -> Any:
        return plot.images((G(codes).cpu() + 1) / 2).figure

    @torch.no_grad()
    def walk(self, G: Any, codes: torch.Tensor) -> Any:
        """Ten ways between two codes, a row each."""
        ways = gan.walk(codes[:10], codes[10:20], 10).transpose(0, 1).flatten(0, 1)
        return plot.images((G(ways).cpu() + 1) / 2).figure

    def examine(self, G: Any) -> dict[str, Any]:
        """What a classifier says of 10,000 pictures, if one was given."""
        if not self.given.classifier:
            return {}
        judge = _game.classifier(self.given.classifier, self.images, self.run)
        return dcgan.examine(G, judge, self.given)


class Plane:
    """The same for points, drawn anew for every step from 50,000 of them."""

    shown = 2500

    def __init__(self, given: argparse.Namespace, run: train.Runtime) -> None:
        self.points = getattr(data.points, given.points)(EPOCH, rng=0)  # the same points for all seeds
        x, self.y = (torch.as_tensor(t).to(run.device) for t in self.points[:2])
        self.x, self.scale = x, float(x.std())
        self.waves = given.waves
        self.size, self.examples = given.d_steps * _run.share_of_batch(given, run), EPOCH
        self.batches = self

    def stream(self, start: int = 0) -> Iterator[Batch]:
        """Batches without end. `fit` fixes torch's random numbers before each, so that a stream can begin anywhere."""
        while True:
            chosen = torch.randint(EPOCH, (self.size,), device=self.x.device)
            yield self.x[chosen], self.y[chosen]

    def networks(self, z_dim: int, width: int) -> tuple[gan.PointGenerator, gan.PointDiscriminator]:
        G = gan.PointGenerator(z_dim, 2, width, scale=self.scale)
        return G, gan.PointDiscriminator(2, width, scale=self.scale, waves=self.waves)

    @torch.no_grad()
    def grid(self, G: Any, codes: torch.Tensor) -> Any:
        ax = plt.figure(figsize=(5, 5)).add_subplot()
        ax.plot(*self.points.modes.T, "o", markersize=14, fillstyle="none", color=plot.BLACK)
        ax.plot(*G(codes).cpu().T, ".", markersize=2, color=plot.RED)
        ax.set(aspect="equal", title="red: generated; a circle around each mode")
        return ax.figure

    @torch.no_grad()
    def walk(self, G: Any, codes: torch.Tensor) -> Any:
        """Twenty ways between two codes: where a line crosses empty land, the codes there make no real point."""
        ax = plt.figure(figsize=(5, 5)).add_subplot()
        ax.plot(*self.points.modes.T, "o", markersize=14, fillstyle="none", color=plot.BLACK)
        for way in G(gan.walk(codes[:20], codes[20:40], 200).flatten(0, 1)).unflatten(0, (200, 20)).transpose(0, 1):
            ax.plot(*way.cpu().T, "-", linewidth=1)
        ax.set(aspect="equal")
        return ax.figure

    @torch.no_grad()
    def examine(self, G: Any) -> dict[str, float]:
        """Modes found and share of samples within 3 standard deviations of one, as in the table of VEEGAN's paper."""
        codes = torch.randn(2500, G.z_dim, generator=torch.Generator().manual_seed(1)).to(self.x.device)
        found = modes.count(G(codes).cpu().numpy(), self.points.modes, self.points.std)
        return {"modes": found.found, "of": len(self.points.modes), "high quality": round(found.quality, 4),
                "KL": round(found.kl, 4), "KL by chance": round(found.floor, 4)}  # fmt: skip


if __name__ == "__main__":
    main()
