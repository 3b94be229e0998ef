"""Images a second against pytorch/examples' VAE loop with the same network.

    COMPANION_DATA=… python -m benchmarks.vae speed  --threads 2
    COMPANION_DATA=… python -m benchmarks.vae record --threads 2 --out runs [--seeds 1]

"The usual loop" is that of pytorch/examples' vae/main.py: torchvision's data set with ToTensor, a DataLoader with
shuffle=True, a sigmoid at the end of the network, binary_cross_entropy with reduction="sum" on grey pixels, Adam; the
loss printed every tenth batch and added up with loss.item(). Ours draws binary pixels besides, which that one does not.
`record` runs the recipe as it is, half an hour on two cores, and puts its NLL beside the paper's.
"""

import argparse
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torchvision import datasets, transforms

from benchmarks import contest
from benchmarks.loop import rates
from companion import data, train
from companion.data.batches import Batches
from companion.nets import vae

BATCH, STEPS, USUAL = 128, 100, "the usual loop"
PAPER = {"entry": "Burda, Grosse & Salakhutdinov 2016, Table 1: VAE, k = 1, 3,280 epochs", "nll": 86.76}
RECORD = ["--images", "mnist", "--device", "cpu"]


class Example(nn.Module):
    """The network of the example: 784-400-20 and back, ReLU, a sigmoid at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.fc3, self.fc4 = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        h = F.relu(self.fc1(x.view(-1, 784)))
        mean, log_var = self.fc21(h), self.fc22(h)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_var)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mean, log_var


class Ours(nn.Module):
    """VAE() with a sigmoid at the end, as the usual loop wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.net = vae.VAE()

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        q = self.net.encode(x)
        z = q.mean + torch.randn_like(q.mean) * torch.exp(0.5 * q.log_var)
        return torch.sigmoid(self.net.decode(z)).view(-1, 784), q.mean, q.log_var


def example_as_ours() -> vae.VAE:
    """The example's network in our class: one hidden layer of 400 with ReLU, a code of 20."""
    net = vae.VAE(z_dim=20, hidden=(400,))
    net.encoder.layers[1] = net.decoder.layers[1] = nn.ReLU()
    return net


def usual(net: nn.Module, loader: torch.utils.data.DataLoader, steps: int) -> None:
    """As in pytorch/examples, cut off after so many steps; what it would print goes nowhere."""
    optimizer, said, total = torch.optim.Adam(net.parameters(), lr=1e-3), io.StringIO(), 0.0
    net.train()
    for batch_idx, (images, _) in enumerate(loader):
        optimizer.zero_grad()
        recon, mean, log_var = net(images)
        bce = F.binary_cross_entropy(recon, images.view(-1, 784), reduction="sum")
        loss = bce - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
        loss.backward()
        total += loss.item()
        optimizer.step()
        if batch_idx % 10 == 0:
            print(f"Train [{batch_idx * len(images)}/{len(loader.dataset)}]\tLoss: {loss.item()}", file=said)
        if batch_idx + 1 == steps:
            return


def ours(net: vae.VAE, images: data.Images, run: train.Runtime, steps: int) -> None:
    """The loop of the recipe."""
    update = train.Update(net, torch.optim.Adam(net.parameters(), 1e-3, fused=True), run=run)

    def step(x: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        bound = vae.elbo(net, x)
        update(-bound.total)
        return {"loss": -bound.total, "kl": bound.kl}

    for _ in train.fit(step, Batches(images, BATCH, augment=net.likelihood.observe), run=run, steps=steps):
        pass


def speed(repeats: int) -> dict[str, list[dict]]:
    """One contest for each network; both entries run after `launch`, so that both have its memory setting."""
    folder, run, images = os.environ["COMPANION_DATA"], train.launch("cpu"), data.images("mnist")
    loader = torch.utils.data.DataLoader(
        datasets.MNIST(folder, transform=transforms.ToTensor()), batch_size=BATCH, shuffle=True
    )
    pairs: dict[str, tuple[Callable, Callable]] = {
        "the example's 784-400-20": (Example, example_as_ours),
        "ours, 784-200-200-50": (Ours, vae.VAE),
    }
    tables = {}
    for title, (theirs, own) in pairs.items():
        entries = {
            USUAL: lambda build=theirs: usual(build(), loader, STEPS),
            "companion": lambda build=own: ours(build(), images, run, STEPS),
        }
        tables[f"{title}, batch {BATCH}"] = rates(contest.race(entries, repeats=repeats), BATCH * STEPS, USUAL)
    return tables


def record(out: Path, seeds: int, threads: int, extra: list[str]) -> dict[str, list[dict]]:
    """The recipe's NLL on 1,000 test pictures with 5,000 codes each; a run that was cut off goes on."""
    rows = []
    for seed in range(seeds):
        folder = out / f"vae-{seed}"
        if not (folder / "result.json").exists():
            command = [sys.executable, "-m", "companion.recipes.vae", *RECORD, *extra, "--seed", str(seed)]
            command += ["--out", str(folder), "--resume"]
            subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": str(threads)}, check=True)
        result = json.loads((folder / "result.json").read_text())
        last = contest.last_line(folder)
        options = json.loads((folder / "options.json").read_text())
        row = {"entry": f"companion, seed {seed}, {options['epochs']:g} epochs"}
        row |= {name: round(result[name], 3) for name in ("nll", "nll error", "elbo", "kl", "active")}
        rows.append(row | {"minutes": round(last["seconds"] / 60, 1), "images_per_s": last["images/s"]})
    return {"MNIST, dynamic binarization, 784-200-200-50": [PAPER | dict.fromkeys(list(rows[0])[2:], ""), *rows]}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", choices=["speed", "record"])
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--seeds", type=int, default=1, help="how many runs of the recipe (default 1)")
    options.add_argument("--out", type=Path, help="folder for the runs' own folders")
    given, extra = options.parse_known_args()
    if given.part == "record" and given.out is None:
        options.error("record needs --out, a folder for the runs' own folders")
    torch.set_num_threads(given.threads)
    contests = contest.so_far("vae")
    contests |= speed(given.repeats) if given.part == "speed" else record(given.out, given.seeds, given.threads, extra)
    contest.write("vae", {"machine": contest.machine(given.threads), "contests": contests})


if __name__ == "__main__":
    main()
