"""The classifier with fewer products: accuracy, size and time; and a table completed by networks beside ALS.

    COMPANION_DATA=… python -m benchmarks.lowrank curve [--seed 0]     # needs MNIST: split, fine-tune, test
    COMPANION_DATA=… python -m benchmarks.lowrank ways                 # one convolution, four ways to split it
    COMPANION_DATA=… python -m benchmarks.lowrank time  [--threads 1]  # seconds a picture, alone and in batches
    python -m benchmarks.lowrank completion [--only als,embeddings]  # generated ratings; settings chosen on validation

Each part adds to benchmarks/results/lowrank.json what it has measured. A network's products are counted by hooks.
Fine-tuning sees the training pictures, moved by up to a pixel as in the recipe, and never the test set; its rate and
length are the same for all. Times say what this machine does: products are not seconds.
"""

import argparse
import itertools
import json
import statistics
import time
from typing import Any

import torch
import torch.nn.functional as F

from benchmarks import contest
from benchmarks.cgan import accuracy
from companion import data, train
from companion.data.augment import warp
from companion.data.batches import Batches
from companion.matrix import recommender
from companion.nets import cnn, lowrank
from tools.shipped import the_cnn

SHAPE = (1, 28, 28)
WAYS = {"convs.1": "spatial", "convs.2": "spatial", "dense": "channels"}
FEWER = (2, 3, 4, 6, 8)  # times fewer products
EPOCHS, RATE = 1, 4e-4  # a tenth of the rate that the recipe began with


def trained() -> cnn.Classifier:
    return the_cnn("cnn-mnist").requires_grad_()


def products(net: torch.nn.Module) -> int:
    return sum(row.products for row in cnn.costs(net, SHAPE))


def weights(net: torch.nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


# --- the networks ----------------------------------------------------------------------------------------------------


def thinner(net: cnn.Classifier, fewer: float, x: torch.Tensor) -> lowrank.Thin:
    """`net` with at most 1/`fewer` of its products; the first convolution is left whole, and the last layer."""
    return lowrank.thin(net, x, WAYS, fewer=fewer)


def tuned(net: torch.nn.Module, images: data.Images, seed: int) -> torch.nn.Module:
    """One epoch of Adam, the rate falling to nothing; in place."""
    run = train.launch("cpu", seed=seed)
    steps = EPOCHS * len(images.x) // 100
    net.train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), RATE)
    update = train.Update(net, optimizer)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.1)

    def step(x: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        loss = F.cross_entropy(net(x), y)
        update(loss)
        rate.step()
        return {"loss": loss}

    for _ in train.fit(step, Batches(images, 100, seed=seed, augment=warp(shift=1)), run=run, steps=steps):
        pass
    return net.eval()


def curve(given: argparse.Namespace) -> tuple[str, list[dict[str, Any]]]:
    images, test = data.images("mnist"), data.images("mnist", "test")
    x = torch.tensor(images.x[:2000]) / 255
    net = trained()
    whole, right = products(net), accuracy(net, test)
    rows = [row("as trained", net, whole, right, right, {})]
    for fewer in FEWER if given.fewer is None else [given.fewer] * (given.fewer > 1):
        small, ranks = thinner(net, fewer, x)
        before = accuracy(small, test)
        tuned(small, images, given.seed)
        rows.append(row(f"{fewer:g}, seed {given.seed}", small, whole, before, accuracy(small, test), ranks))
        print(rows[-1], flush=True)
    if given.fewer is None or given.fewer == 1:
        same = tuned(trained(), images, given.seed)  # what one more epoch does to the network as it is
        rows.append(row(f"whole, tuned on, seed {given.seed}", same, whole, right, accuracy(same, test), {}))
    return f"curve: MNIST, {EPOCHS} epoch of fine-tuning, {data.record('cnn-mnist')['sha256'][:12]}", rows


def row(entry: str, net: torch.nn.Module, whole: int, before: float, after: float, ranks: dict) -> dict:
    return {
        "entry": entry,
        "products": products(net),
        "fewer": round(whole / products(net), 3),
        "weights": weights(net),
        "ranks": " ".join(f"{name}:{rank}" for name, rank in ranks.items()) or "whole",
        "split": round(before, 4),
        "fine_tuned": round(after, 4),
    }


# --- one layer, four ways --------------------------------------------------------------------------------------------


def ways(given: argparse.Namespace) -> tuple[str, list[dict[str, Any]]]:
    """The second convolution alone, split without fine-tuning; ranks as large as its share of the products allows."""
    test, seen = data.images("mnist", "test"), torch.tensor(data.images("mnist", n=500).x) / 255
    net = trained()
    conv, name, size = net.convs[1], "convs.1", (13, 13)
    o, c, x = conv.out_channels, conv.in_channels, F.max_pool2d(F.relu(lowrank.outputs(net, "convs.0", seen)), 2)
    y = lowrank.outputs(net, name, seen)
    made = {
        "channels": lambda r: lowrank.channels(conv, r),
        "channels, by outputs": lambda r: lowrank.channels(conv, r, outputs=y),
        "spatial": lambda r: lowrank.spatial(conv, r),
        "tucker": lambda r: lowrank.tucker(conv, *r),
    }
    rows = []
    for fewer, way in itertools.product((2, 4, 6), made):
        ladder = [(r, min(2 * r, o)) for r in range(1, c + 1)] if way == "tucker" else range(1, o + 1)
        budget = lowrank.counts(conv, size=size).products / fewer
        rank = [r for r in ladder if lowrank.counts(conv, way.split(",")[0], r, size).products <= budget][-1]
        piece = made[way](rank)
        with torch.no_grad():
            error = (piece(x) - y).norm() / (y - y.mean((0, 2, 3), keepdim=True)).norm()
        right = accuracy(lowrank.split(net, {name: piece}), test)
        rows.append({"entry": f"{fewer} times fewer, {way}", "error": round(float(error), 3), "right": round(right, 4)})
    return f"ways: the second convolution alone, MNIST, {data.record('cnn-mnist')['sha256'][:12]}", rows


# --- seconds ---------------------------------------------------------------------------------------------------------


def seconds(given: argparse.Namespace) -> tuple[str, list[dict[str, Any]]]:
    torch.set_num_threads(given.threads)
    net, x = trained(), torch.rand(1000, *SHAPE)
    seen = torch.tensor(data.images("mnist", n=2000).x) / 255
    nets = {"as trained": net} | {f"{fewer} × fewer": thinner(net, fewer, seen)[0] for fewer in (3, 8)}
    rows = []
    for batch in (1, 100, 1000):
        calls = {name: asked(n.to(memory_format=torch.channels_last), x[:batch]) for name, n in nets.items()}
        measured = contest.table(contest.race(calls, repeats=9), dict.fromkeys(nets, 0.0), "as trained", "unused")
        for name, told in zip(nets, measured, strict=True):
            del told["unused"]
            fewer = round(products(net) / products(nets[name]), 2)
            rows.append({**told, "entry": f"batch {batch}, {name}", "times_fewer_products": fewer})
    return f"time: {given.threads} threads, batches of 1, 100, 1,000", rows


def asked(net: torch.nn.Module, x: torch.Tensor) -> Any:
    turns = max(1, 200 // len(x))

    def call() -> None:
        with torch.inference_mode():
            for _ in range(turns):
                net(x)

    return call


# --- completion ------------------------------------------------------------------------------------------------------

GRIDS = {
    "ALS": [{"rank": r, "ridge": c} for r in (2, 3, 6) for c in (0.003, 0.01, 0.03)],
    "embeddings, Adam": [{"rank": r, "ridge": c} for r in (2, 3, 6) for c in (0.003, 0.01, 0.03)],
    "perceptron on embeddings": [{"rank": r, "ridge": c} for r in (3, 8, 16) for c in (0.003, 0.01, 0.03)],
    "AutoRec, items": [{"hidden": h, "ridge": c} for h in (5, 10, 30) for c in (3.0, 10.0, 30.0)],
}


def completion(given: argparse.Namespace) -> tuple[str, list[dict[str, Any]]]:
    made = data.ratings.generate()
    ratings = recommender.Ratings(made.users, made.items, made.values, made.shape)
    rest, test = recommender.split_random(ratings, 0.2, rng=0)
    known, validation = recommender.split_random(rest, 0.2, rng=1)
    rows = []
    for name, grid in GRIDS.items():
        if given.only and not any(word in name.lower() for word in given.only.split(",")):
            continue
        tried = {json.dumps(how): complete(name, known, validation, seed=0, **how) for how in grid}
        best = min(tried, key=tried.get)  # type: ignore[arg-type]
        begun = time.perf_counter()
        errors = [complete(name, rest, test, seed=seed, **json.loads(best)) for seed in range(3)]
        rows.append({
            "entry": name, "chosen": best, "of": len(grid), "validation_rmse": round(tried[best], 4),
            "test_rmse": round(statistics.mean(errors), 4), "test_min": round(min(errors), 4),
            "test_max": round(max(errors), 4), "noise": made.noise,
            "seconds": round((time.perf_counter() - begun) / 3, 2),
        })  # fmt: skip
        print(rows[-1], flush=True)
    return "completion: 2,000 users, 800 items, 30 % known", rows


def complete(name: str, known: Any, held: Any, *, seed: int, ridge: float, rank: int = 0, hidden: int = 0) -> float:
    """RMSE on `held` of a fit to `known`."""
    if name == "ALS":
        factors = recommender.als(known, rank, ridge=ridge, sweeps=10, rng=seed)
        return float(recommender.rmse(recommender.predict(factors, held.users, held.items), held.values))
    torch.manual_seed(seed)
    mean = float(known.values.mean())
    u, i, r = (torch.tensor(t) for t in known[:3])
    asked = torch.tensor(held.users), torch.tensor(held.items)
    if hidden:
        told = autorec(known, hidden, ridge, mean)[asked[1], asked[0]] + mean
    else:
        kind = lowrank.Perceptron if name.startswith("perceptron") else lowrank.Embeddings
        net = kind(known.shape, rank, mean=mean)
        descend(net, u, i, r.float(), ridge, epochs=40 if kind is lowrank.Perceptron else 20)
        with torch.no_grad():
            told = net(*asked)
    return float(recommender.rmse(told.double(), torch.tensor(held.values)))


def descend(net: Any, u: torch.Tensor, i: torch.Tensor, r: torch.Tensor, ridge: float, *, epochs: int) -> None:
    """Adam on batches of 4,096 ratings, the rate falling to nothing."""
    batches = epochs * -(-len(r) // 4096)
    optimizer = torch.optim.Adam(net.parameters(), 0.03)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.03, total_steps=batches, pct_start=0.2)
    for _ in range(epochs):
        for some in torch.randperm(len(r)).split(4096):
            loss = lowrank.objective(net, u[some], i[some], r[some], ridge=ridge) / len(some)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()


def autorec(known: Any, hidden: int, ridge: float, mean: float, *, epochs: int = 150) -> torch.Tensor:
    """items × users as AutoRec fills them, trained on batches of 100 items."""
    m, n = known.shape
    x, there = torch.zeros(n, m), torch.zeros(n, m, dtype=torch.bool)
    where = torch.tensor(known.items), torch.tensor(known.users)
    x[where], there[where] = torch.tensor(known.values - mean).float(), True
    net = lowrank.AutoRec(m, hidden)
    optimizer = torch.optim.Adam(net.parameters(), 0.003)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.003, total_steps=epochs * -(-n // 100), pct_start=0.2)
    for _ in range(epochs):
        for rows in torch.randperm(n).split(100):
            loss = lowrank.masked(net, x[rows], there[rows], ridge=ridge * len(rows) / n) / len(rows)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()
    with torch.no_grad():
        return net(x)


PARTS = {"curve": curve, "ways": ways, "time": seconds, "completion": completion}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", choices=list(PARTS))
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--fewer", type=float, help="this budget only; 1: the whole network, tuned on")
    options.add_argument("--only", help="completion: methods whose names hold one of these words")
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    title, rows = PARTS[given.part](given)
    contests = contest.so_far("lowrank")
    part = given.part + ":"  # what was measured with other weights, or threads, goes
    contests = {name: old for name, old in contests.items() if name == title or not name.startswith(part)}
    fresh = {entry["entry"] for entry in rows}
    contests[title] = sorted(
        [*(old for old in contests.get(title, []) if old["entry"] not in fresh), *rows],
        key=lambda entry: (-entry["products"], entry["entry"]) if "products" in entry else (0, ""),
    )
    contest.write("lowrank", {"machine": contest.machine(given.threads), "contests": contests})


if __name__ == "__main__":
    main()
