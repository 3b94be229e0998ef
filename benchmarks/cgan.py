"""A finished run of the conditional GAN's recipe on MNIST: does it obey, does it vary, and can one learn from it?

    COMPANION_DATA=… python -m companion.recipes.cgan --images mnist --epochs 30 --classifier cnn-mnist --out runs/cgan
    COMPANION_DATA=… python -m benchmarks.cgan runs/cgan [--seeds 3] [--record cgan-mnist]

Three figures, by the averaged weights of the checkpoint:
  conditional accuracy   of 10,000 pictures, a thousand of each digit, read by the shipped classifier (trained on real
                         training pictures); beside it the same classifier on the 10,000 real test pictures
  train on synthetic     60,000 pictures drawn with the training set's labels train a new classifier of 93,322 weights,
  test on real           which reads the real test pictures; beside it the same with the real training pictures
  within-class spread    mean squared distance from the class's mean picture, over that of the real test pictures; mean
                         and least of the ten

`--record` also writes them into the record of the shipped weights of that name.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from benchmarks import contest
from companion import data, train
from companion.data.augment import warp
from companion.data.batches import Batches
from companion.data.cache import write_atomically
from companion.data.weights import FOLDER
from companion.evaluate import by_classifier
from companion.nets import cgan
from companion.nets.cnn import Classifier
from tools.shipped import the_cnn

LAST = {"memory_format": torch.channels_last}


def generator(folder: Path) -> tuple[Any, dict]:
    """The averaged generator of the run, and the options it was trained with."""
    given = json.loads((folder / "options.json").read_text())
    body = {"backbone": given["backbone"], "embed": given["embed"], "norm": given["norm"]}
    G = cgan.Generator(10, given["z_dim"], (1, 28, 28), given["width"], **body)
    G.load_state_dict(torch.load(folder / "last.pt", weights_only=True)["states"]["ema"]["net"])
    return G.eval().requires_grad_(False), given


def drawn(G: Any, c: torch.Tensor, seed: int) -> data.Images:
    """A picture for each label, as bytes, like the data."""
    z = torch.randn(len(c), G.z_dim, generator=torch.Generator().manual_seed(seed))
    x = [G(*part).add(1).mul(127.5).round().clamp(0, 255) for part in zip(z.split(1000), c.split(1000), strict=True)]
    return data.Images(torch.cat(x).byte().numpy(), c.numpy())


@torch.no_grad()
def accuracy(net: Any, images: data.Images) -> float:
    """How many of the pictures `net` reads as their labels say."""
    logits = torch.cat([net(x) for x, _ in Batches(images, 1000).once()])
    return by_classifier.conditional(logits, torch.as_tensor(images.y)).share


def learned_from(images: data.Images, seed: int, epochs: float) -> Classifier:
    """The chapter's classifier, trained as in recipes.cnn, on pictures moved by up to a pixel."""
    torch.manual_seed(seed)
    net, steps = Classifier().to(**LAST), round(epochs * len(images.x) / 100)
    adam = torch.optim.Adam(net.parameters(), 4e-3, fused=True)
    rate = torch.optim.lr_scheduler.OneCycleLR(adam, 4e-3, total_steps=steps, pct_start=0.2)
    update = train.Update(net, adam)

    def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        loss = F.cross_entropy(net(x), y)
        update(loss)
        rate.step()
        return loss

    for _ in train.fit(
        step, Batches(images, 100, seed=seed, augment=warp(shift=1)), run=train.launch("cpu", seed=seed), steps=steps
    ):
        pass
    return net.eval()


def spread(images: data.Images) -> torch.Tensor:
    x, y = torch.as_tensor(images.x) / 255, torch.as_tensor(images.y)
    return torch.stack([x[y == k].var(0, correction=0).sum() for k in range(10)])


def measured(G: Any, seeds: int, epochs: float) -> dict[str, Any]:
    real, test = data.images("mnist"), data.images("mnist", "test")
    judge = the_cnn("cnn-mnist")
    made = drawn(G, torch.arange(10_000) % 10, 0)
    ratio = spread(made) / spread(test)
    sources = {"synthetic": lambda seed: drawn(G, torch.as_tensor(real.y), 1 + seed), "real": lambda seed: real}
    to_real = {
        name: [accuracy(learned_from(pictures(seed), seed, epochs), test) for seed in range(seeds)]
        for name, pictures in sources.items()
    }
    return {
        "conditional accuracy": accuracy(judge, made),
        "the judge on real test pictures": accuracy(judge, test),
        "trained on synthetic, tested on real": round(statistics.mean(to_real["synthetic"]), 5),
        "trained on real, tested on real": round(statistics.mean(to_real["real"]), 5),
        "seeds": seeds,
        "epochs of the classifiers": epochs,
        "within-class spread": round(float(ratio.mean()), 3),
        "least within-class spread": round(float(ratio.min()), 3),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, help="the --out of a finished run")
    options.add_argument(
        "--seeds", type=int, default=1, help="classifiers to train on each kind of pictures (default 1)"
    )
    options.add_argument("--epochs", type=float, default=3, help="of each of these classifiers (default 3)")
    options.add_argument("--record", help="write the figures into this record too")
    given = options.parse_args()
    G, trained_with = generator(given.folder)
    last = contest.last_line(given.folder)
    found = measured(G, given.seeds, given.epochs)
    row = {"minutes": round(last["seconds"] / 60, 1), "images_per_s": last["images/s"], **found}
    title = " ".join(f"{k}={trained_with[k]}" for k in ("backbone", "how", "norm", "width", "epochs", "batch", "lr"))
    contest.write("cgan", {"machine": contest.machine(torch.get_num_threads()), "contests": {f"MNIST, {title}": [row]}})
    if given.record:
        path = FOLDER / f"{given.record}.json"
        kept = json.loads(path.read_text())
        kept["metrics"] |= {k: v for k, v in row.items() if k not in ("minutes", "images_per_s")}
        write_atomically(path, (json.dumps(kept, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
