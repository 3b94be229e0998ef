"""Images a second of our loop, the usual one, plain DDP and Lightning Fabric; and what a loop costs beside its step.

    python -m benchmarks.loop [usual | step | engines] [--threads 2] [--repeats 5]

"The usual loop" is that of pytorch/examples' mnist/main.py: torchvision's data set, ToTensor and Normalize for every
picture, a DataLoader, `for batch_idx, (data, target) in enumerate(loader)`, the loss printed every tenth batch. All
entries of a contest train the same network with the same optimizer and batch, at the same number of threads. Needs
COMPANION_DATA with MNIST's files.
"""

import argparse
import copy
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn
from torchvision import datasets, transforms

from benchmarks import contest
from companion import data, train
from companion.data.batches import Batches
from companion.nets.cnn import Classifier
from companion.nets.mlp import MLP

USUAL = "the usual loop"
NETS: dict[str, Callable[[], nn.Module]] = {"MLP 784-128-10": lambda: MLP(784, 128, 10), "CNN, 93,322": Classifier}
LAST = {"memory_format": torch.channels_last}
BATCH, STEPS = 64, {"MLP 784-128-10": 200, "CNN, 93,322": 30}


def usual(net: nn.Module, loader: torch.utils.data.DataLoader, steps: int) -> None:
    """As in pytorch/examples, cut off after so many steps; what it would print goes nowhere."""
    optimizer, said = torch.optim.Adam(net.parameters()), io.StringIO()
    net.train()
    for batch_idx, (images, target) in enumerate(loader):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images), target)
        loss.backward()
        optimizer.step()
        if batch_idx % 10 == 0:
            print(f"Train [{batch_idx * len(images)}/{len(loader.dataset)}]\tLoss: {loss.item():.6f}", file=said)
        if batch_idx + 1 == steps:
            return


def ours(net: nn.Module, batches: Batches, run: train.Runtime, steps: int, **options: bool) -> None:
    """The loop of the chapter."""
    update = train.Update(net, torch.optim.Adam(net.parameters(), **options), run=run)

    def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        loss = F.cross_entropy(net(x), y)
        update(loss)
        return loss

    for _ in train.fit(step, batches, run=run, steps=steps):
        pass


def against_the_usual(repeats: int) -> dict[str, list[dict]]:
    """One contest for each network. All run after `launch`, so that the usual loop has its memory setting too."""
    root = os.environ["COMPANION_DATA"]
    scale = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    loader = torch.utils.data.DataLoader(datasets.MNIST(root, transform=scale), batch_size=BATCH, shuffle=True)
    images, run, tables = data.images("mnist"), train.launch("cpu"), {}
    for title, build in NETS.items():
        steps, batches = STEPS[title], Batches(images, BATCH)
        entries = {
            USUAL: lambda b=build, n=steps: usual(b(), loader, n),
            "ours": lambda b=build, n=steps, s=batches: ours(b(), s, run, n),
        }
        if title.startswith("CNN"):
            entries["the usual loop, channels_last"] = lambda n=steps: usual(Classifier().to(**LAST), loader, n)
            entries["ours, channels_last, fused Adam"] = lambda n=steps, s=batches: ours(
                Classifier().to(**LAST), s, run, n, fused=True
            )
        tables[f"{title}, batch {BATCH}"] = rates(contest.race(entries, repeats=repeats), steps * BATCH, USUAL)
    return tables


def rates(seconds: dict[str, list[float]], images: int, peer: str) -> list[dict]:
    """One row an entry: images a second, median and extremes, and how many times the peer's."""
    reference = statistics.median(seconds[peer])
    return [
        {
            "entry": name,
            "images_per_s": round(images / statistics.median(runs)),
            "slowest": round(images / max(runs)),
            "fastest": round(images / min(runs)),
            f"times {peer}": round(reference / statistics.median(runs), 3),
        }
        for name, runs in seconds.items()
    ]


def overhead(rounds: int = 300) -> list[dict]:
    """Seconds of a CNN step: forward, backward and optimizer on one batch that lies there; and within our loop.

    The two take turns step by step, so that both meet the same machine. In between nothing is measured.
    """
    run, images = train.launch("cpu"), data.images("mnist")
    net = Classifier().to(**LAST)
    batches = Batches(images, 100)
    x, y = next(batches.stream())
    bare_net = copy.deepcopy(net)
    bare_optimizer = torch.optim.Adam(bare_net.parameters(), fused=True)
    update = train.Update(net, torch.optim.Adam(net.parameters(), fused=True), run=run)

    def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        loss = F.cross_entropy(net(x), y)
        update(loss)
        return loss

    seconds: dict[str, list[float]] = {"forward, backward, optimizer": [], "the same in our loop": []}
    loop = iter(train.fit(step, batches, run=run, steps=rounds))
    for _ in range(rounds):
        begun = time.perf_counter()
        F.cross_entropy(bare_net(x), y).backward()
        bare_optimizer.step()
        bare_optimizer.zero_grad()
        between = time.perf_counter()
        next(loop)
        seconds["the same in our loop"].append(time.perf_counter() - between)
        seconds["forward, backward, optimizer"].append(between - begun)
    rows = contest.table(
        {k: v[20:] for k, v in seconds.items()}, dict.fromkeys(seconds, 0.0), "forward, backward, optimizer"
    )
    return [{k: v for k, v in row.items() if k != "error_over_best"} for row in rows]


# --- ours, DDP, Fabric: under torchrun, on one process and on two ----------------------------------------------------


def engines(run: train.Runtime, batches: Batches, fabric) -> dict[str, Callable[[int], None]]:
    """The same step three times, each with its own copy of the network."""

    def fresh() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        net = Classifier().to(**LAST)
        return net, torch.optim.Adam(net.parameters(), fused=True)

    net, optimizer = fresh()
    update = train.Update(net, optimizer, run=run)

    def our_step(x, y):
        loss = F.cross_entropy(net(x), y)
        update(loss)
        return loss

    inner, ddp_optimizer = fresh()
    ddp = nn.parallel.DistributedDataParallel(inner)

    def ddp_step(x, y):
        loss = F.cross_entropy(ddp(x), y)
        loss.backward()
        ddp_optimizer.step()
        ddp_optimizer.zero_grad()
        return loss

    fabric_net, fabric_optimizer = fabric.setup(*fresh())

    def fabric_step(x, y):
        loss = F.cross_entropy(fabric_net(x), y)
        fabric.backward(loss)
        fabric_optimizer.step()
        fabric_optimizer.zero_grad()
        return loss

    def by_hand(step):
        def go(steps: int) -> None:
            for _, (x, y) in zip(range(steps), batches.stream(), strict=False):
                step(x, y)

        return go

    def by_fit(steps: int) -> None:
        for _ in train.fit(our_step, batches, run=run, steps=steps):
            pass

    return {"ours": by_fit, "DDP": by_hand(ddp_step), "Lightning Fabric": by_hand(fabric_step)}


def worker(repeats: int, steps: int) -> None:
    """What each process under torchrun does; the first prints the seconds of all entries as JSON."""
    from lightning_fabric import Fabric

    torch.set_num_threads(1)
    world = int(os.environ["WORLD_SIZE"])
    torch.distributed.init_process_group("gloo")
    run = train.launch("cpu")
    fabric = Fabric(accelerator="cpu", devices=world, strategy="ddp")
    fabric.launch()
    batches = Batches(data.images("mnist"), 100 // world, rank=run.rank, world=world)
    entries = engines(run, batches, fabric)
    seconds = contest.race({name: lambda go=go: go(steps) for name, go in entries.items()}, repeats=repeats)
    if run.first:
        print(json.dumps(seconds))
    torch.distributed.destroy_process_group()


def beside_others(repeats: int, steps: int = 30) -> dict[str, list[dict]]:
    tables = {}
    for world in (1, 2):
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={world}"]
        command += ["-m", "benchmarks.loop", "--worker", "--repeats", str(repeats), "--steps", str(steps)]
        done = subprocess.run(
            command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        seconds = json.loads(done.stdout.strip().splitlines()[-1])
        name = f"CNN, batch 100 over {world} process{'es' if world > 1 else ''} of one thread"
        tables[name] = rates(seconds, steps * 100, "DDP")
    return tables


PARTS: dict[str, Callable[[int], dict[str, list[dict]]]] = {
    "usual": against_the_usual,
    "step": lambda repeats: {"one CNN step, batch 100": overhead()},
    "engines": beside_others,
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", nargs="?", choices=list(PARTS), help="measure this one only, keep the record's others")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--steps", type=int, default=30)
    options.add_argument("--worker", action="store_true", help="for torchrun, which this program calls itself")
    given = options.parse_args()
    if given.worker:
        return worker(given.repeats, given.steps)
    torch.set_num_threads(given.threads)
    contests = contest.so_far("loop") if given.part else {}
    for part in [given.part] if given.part else PARTS:
        contests |= PARTS[part](given.repeats)
    contest.write("loop", {"machine": contest.machine(given.threads), "contests": contests})


if __name__ == "__main__":
    main()
