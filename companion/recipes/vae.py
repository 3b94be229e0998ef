"""Train the variational autoencoders of the chapter: by default 784-200-200-50, on pixels drawn anew in each step.

python -m companion.recipes.vae --images mnist --out runs/vae                              # half an hour on two cores
python -m companion.recipes.vae --images mnist --z-dim 2 --out runs/vae2                   # a code to draw a map by
python -m companion.recipes.vae --images mnist --samples 50 --dreg --epochs 100 --out runs/iwae
python -m companion.recipes.vae --images cifar10 --model conv --hidden 64 128 --likelihood continuous --out runs/conv

What is maximized:
  (neither)  the ELBO with the KL in closed form, --beta times; with --samples k it is a mean over k codes a picture
  --iwae     the importance-weighted bound of --samples codes
  --dreg     the same bound, with the encoder's gradient that does not drown in noise as --samples grows

What a pixel is:
  bernoulli   ink or none: grey values are probabilities, drawn anew in each step ("dynamic binarization")
  continuous  a grey value in [0, 1] by the continuous Bernoulli density
  gaussian    a grey value with normal noise, one standard deviation for all pixels, learned along

grid.png is drawn from the same codes at each report, by the running average of the weights; walk.png goes between test
pictures, or over the plane of a code with two numbers. result.json holds the ELBO of the test set, and its NLL: minus
the importance-weighted bound with --test-samples codes for each of --test-pictures, evenly spaced, in nats.
"""

import argparse
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import torch

from companion import data, plot, train
from companion.data.batches import Batches
from companion.evaluate.likelihood import importance_bound
from companion.nets import vae
from companion.recipes import _run


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    p = _run.parser(__doc__, epochs=500, batch=200, lr=5e-3)
    p.set_defaults(report=1000, save=3000)
    p.add_argument("--images", help="data set or folder (default: COMPANION_IMAGES, or glyphs)")
    p.add_argument("--n", type=int, help="train on the first n pictures only")
    p.add_argument("--model", choices=["mlp", "conv"], default="mlp", help="default mlp")
    p.add_argument("--hidden", type=int, nargs="+", help="widths of the encoder's layers (default 200 200; conv 32 64)")
    p.add_argument("--z-dim", type=int, default=50, help="numbers in a code (default 50)")
    p.add_argument("--likelihood", choices=list(vae.LIKELIHOODS), default="bernoulli", help="default bernoulli")
    p.add_argument("--conditional", action="store_true", help="tell encoder and decoder the class")
    p.add_argument("--beta", type=float, default=1.0, help="weight of the KL (default 1, the ELBO)")
    p.add_argument("--warmup", type=float, default=0.0, help="epochs in which the weight rises from 0 (default 0)")
    p.add_argument("--free", type=float, default=0.0, help="nats that each code number costs nothing (default 0)")
    p.add_argument("--samples", type=int, default=1, help="codes for each picture and step (default 1)")
    p.add_argument("--half-life", type=float, default=1.0, help="of the weights' average, in epochs (default 1)")
    p.add_argument("--test-pictures", type=int, default=1000, help="evenly spaced, for the NLL (default 1000)")
    p.add_argument("--test-samples", type=int, default=5000, help="codes for each of them (default 5000)")
    bound = p.add_mutually_exclusive_group()
    bound.add_argument("--iwae", action="store_true", help="maximize the importance-weighted bound")
    bound.add_argument("--dreg", action="store_true", help="the same with doubly reparameterized gradients")
    return p.parse_args(arguments)


@_run.stopped()
def main(arguments: list[str] | None = None) -> None:
    given = options(arguments)
    with train.launch(given.device, precision=given.precision, seed=given.seed) as run:
        folder = _run.Folder(given, run)
        images, test = data.images(given.images, n=given.n), data.images(given.images, "test")
        net = network(images, given, run)
        steps = _run.steps_of(len(images.x), given)
        step, kept = training(net, given, run, steps, len(images.x))
        ema, tests = kept["ema"], Batches(test, 500, device=run.device)
        for _ in _run.go(step, stream(images, net, given, run), given, run, folder, steps=steps, **kept):
            for name, figure in pictures(ema.net, tests, given).items():
                folder.picture(name, figure)
        folder.write("result.json", {**examine(ema.net, tests, given), "steps": steps})


def network(images: data.Images, given: argparse.Namespace, run: train.Runtime) -> vae.VAE:
    """The model for these pictures, its weights a function of the seed alone; it begins with their mean."""
    torch.manual_seed(given.seed)
    classes = int(images.y.max()) + 1 if given.conditional else 0
    hidden = tuple(given.hidden) if given.hidden else None
    net = vae.VAE(images.x.shape[1:], given.z_dim, net=given.model, hidden=hidden, likelihood=given.likelihood,
                  classes=classes)  # fmt: skip
    net.begin(torch.as_tensor(images.x[:10_000]) / 255)
    return _run.placed(net, given, run)


def stream(images: data.Images, net: vae.VAE, given: argparse.Namespace, run: train.Runtime) -> Batches:
    """This process's share of the pictures, as the likelihood observes them: binary ones are drawn anew each time."""
    return _run.batches(images, given, run, augment=net.likelihood.observe)


def training(net: vae.VAE, given: argparse.Namespace, run: train.Runtime, steps: int, n: int) -> tuple[Callable, dict]:
    """The step, and what of it must survive: Adam, its rate rising for 1 % of the run, then falling to nothing."""
    optimizer = torch.optim.Adam(net.parameters(), given.lr, fused=True)
    update = train.Update(net, optimizer, run=run)
    rate = _run.one_cycle(optimizer, given.lr, steps, rise=0.01, cycle_momentum=False)
    ema = train.EMA(net, half_life=given.half_life * n)
    warmup = given.warmup * n / given.batch  # in steps

    def step(x: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        beta = given.beta * min(1, (rate.last_epoch + 1) / warmup if warmup else 1)
        with run.autocast():
            losses = objective(net, x, y if net.classes else None, given, beta)
        update(losses["loss"])
        rate.step()
        ema.update(given.batch)
        return losses

    return step, {"net": net, "update": update, "rate": rate, "ema": ema}


def objective(
    net: vae.VAE, x: torch.Tensor, y: torch.Tensor | None, given: argparse.Namespace, beta: float
) -> dict[str, torch.Tensor]:
    """Minus the bound that the options ask for; beside the ELBO its two parts."""
    if given.iwae or given.dreg:
        return {"loss": -(vae.dreg if given.dreg else vae.iwae)(net, x, given.samples, y)}
    bound = vae.elbo(net, x, y, k=given.samples, beta=beta, free=given.free)
    return {"loss": -bound.total, "reconstruction": bound.reconstruction, "kl": bound.kl}


@torch.no_grad()
def examine(net: vae.VAE, test: Batches, given: argparse.Namespace) -> dict[str, float]:
    """The ELBO of the test pictures and its parts, active code numbers, and the NLL; the same draws for every run."""
    torch.manual_seed(2**40)
    bounds, codes, seen = [], [], []
    for x, labels in test.once():
        x, y = net.likelihood.observe(x), labels if net.classes else None
        bounds.append(torch.stack(vae.elbo(net, x, y)) * len(x))
        codes.append(net.encode(x, y))
        seen.append(x)
    x = torch.cat(seen)
    elbo, reconstruction, kl = (torch.stack(bounds).sum(0) / len(x)).tolist()
    q = vae.Posterior(*(torch.cat(part) for part in zip(*codes, strict=True)))
    found = {"elbo": elbo, "reconstruction": reconstruction, "kl": kl, "active": int(vae.activity(q).active.sum())}
    if count := min(given.test_pictures, len(x)):
        spaced = torch.arange(count, device=x.device) * len(x) // count  # the first of MNIST's are the easier ones
        y = test.y[spaced] if net.classes else None
        bound = importance_bound(net, x[spaced], given.test_samples, labels=y)
        found |= {"nll": -bound.mean, "nll error": bound.error}
        found |= {"nll pictures": count, "nll samples": given.test_samples}
    return {**found, "parameters": sum(p.numel() for p in net.parameters())}


@torch.no_grad()
def pictures(net: vae.VAE, test: Batches, given: argparse.Namespace) -> dict[str, Any]:
    """A hundred samples, ten of each class if there are classes, and a walk through the codes; always the same ones."""
    dice = torch.Generator().manual_seed(given.seed)
    z = torch.randn(100, net.z_dim, generator=dice).to(test.x.device)
    y = torch.arange(100, device=z.device) % net.classes if net.classes else None
    return {"grid": _sheet(net.pictures(z, y)), "walk": _sheet(net.pictures(*walk(net, test)))}


def walk(net: vae.VAE, test: Batches) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Codes of 10 × 10 pictures: over the plane by equal shares of N(0, I), or from each of ten pictures to another."""
    share = torch.linspace(0, 1, 10, device=test.x.device)
    x, y = next(test.once())
    here, there = ((torch.arange(10, device=x.device) + shift) % len(x) for shift in (0, 10))
    classes = y[here].repeat_interleave(10) if net.classes else None
    if net.z_dim == 2:
        quantiles = torch.special.ndtri(share * 0.98 + 0.01)
        return torch.cartesian_prod(quantiles, quantiles), classes
    start, end = (net.encode(x[part], y[part] if net.classes else None).mean for part in (here, there))
    return (start[:, None] + share[:, None] * (end - start)[:, None]).flatten(0, 1), classes


def _sheet(x: torch.Tensor) -> Any:
    with plt.rc_context(plot.STYLE):  # type: ignore[arg-type]  # its keys are literals there
        return plot.images(x.cpu().numpy(), ax=plt.figure(figsize=(6.4, 6.4)).add_subplot()).figure


if __name__ == "__main__":
    main()
