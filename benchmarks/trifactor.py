"""Time to a loss within 1 % of the best, rank 20, for two affinity matrices of 1,000 digits.

    python -m benchmarks.trifactor [--threads 2] [--repeats 5]

The symmetric one, without bias, has a known best loss: that of the truncated eigendecomposition. The asymmetric one,
with one bias, has none; the least loss that any run has found stands for it. Each iterative entry takes as many steps
as it needs for 1 %, counted beforehand; `error_over_best` is the root of its loss over the best. COMPANION_IMAGES=mnist
takes real MNIST.
"""

import argparse
import os
from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse.linalg import eigsh
from threadpoolctl import threadpool_limits

from benchmarks import contest
from companion import data
from companion.matrix import svd, trifactor
from companion.matrix.trifactor import derivatives, descent
from companion.matrix.trifactor import starts as valleys

RANK, N, SEED = 20, 1000, 0
WITHIN = 1.01
PEER = "torch L-BFGS"
LONGEST = {"descent": 200, "adam": 2000, "lbfgs": 400, "full steps": 400}


def affinities() -> tuple[np.ndarray, np.ndarray]:
    """exp(−3·‖xᵢ − xⱼ‖²/mean), symmetric; and the 30 largest of each of its rows, divided by their sum."""
    x = data.images(n=N).x.reshape(N, -1) / 255
    square = np.sum(x**2, axis=1)
    distance = np.maximum(square[:, None] + square - 2 * x @ x.T, 0)
    X = np.exp(-3 * distance / distance.mean())
    X = (X + X.T) / 2
    thirtieth = np.partition(X, -30, axis=1)[:, [-30]]
    near = np.where(thirtieth <= X, X, 0)
    return X, near / near.sum(axis=1, keepdims=True)


def lbfgs(X: np.ndarray, bias: str | None, steps: int) -> tuple:
    """(W, H, b) by torch's L-BFGS and autograd, from companion's start, scaled as for companion's Adam."""
    p = descent.problem(np, X, bias)
    begin, T = descent.at(p, valleys.start(p, RANK, SEED)), torch.from_numpy(X)
    total, size = p.energy, (p.energy / X.size) ** 0.5
    parts = (N**0.5 * begin.W, begin.H / (N * size), np.asarray(begin.b) / size)
    leaves = [torch.tensor(part, requires_grad=bool(bias) or k < 2) for k, part in enumerate(parts)]
    free = [leaf for leaf in leaves if leaf.requires_grad]
    optimizer = torch.optim.LBFGS(
        free, max_iter=steps, history_size=10, line_search_fn="strong_wolfe", max_eval=4 * steps
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        W, H, b = leaves
        value = derivatives.expanded(torch, T, torch.tensor(total), W, size * H, size * b) / total
        value.backward()
        return value

    optimizer.step(closure)
    W, H, b = (leaf.detach().numpy() for leaf in leaves)
    return W, size * H, size * b


def full_steps(X: np.ndarray, bias: str | None, steps: int) -> tuple:
    """(W, H, b) by the full step of RESCAL and ASALSAN, without a test, the best H and b after each."""
    p = descent.problem(np, X, bias)
    point = descent.at(p, valleys.start(p, RANK, SEED))
    for _ in range(steps):
        D = descent.slope(p, point._replace(memory=None)).direction
        point = descent.at(p, np.linalg.qr(point.W + D)[0])
    return point.W, point.H, point.b


def by_fit(X: np.ndarray, bias: str | None, method: str, steps: int) -> tuple:
    return trifactor.fit(X, RANK, bias=bias, method=method, steps=steps, rng=SEED)[:3]


def iterative(X: np.ndarray, bias: str | None) -> dict[str, tuple[str, Callable[[int], tuple]]]:
    """name: (kind, the run of so many steps)."""
    T = torch.from_numpy(X)
    return {
        "companion, descent": ("descent", lambda steps: by_fit(X, bias, "descent", steps)),
        "companion, descent, torch": ("descent", lambda steps: by_fit(T, bias, "descent", steps)),
        "companion, Adam": ("adam", lambda steps: by_fit(X, bias, "adam", steps)),
        PEER: ("lbfgs", lambda steps: lbfgs(X, bias, steps)),
        "full steps (RESCAL)": ("full steps", lambda steps: full_steps(X, bias, steps)),
    }


def closed(X: np.ndarray) -> dict[str, Callable[[], tuple]]:
    """The peers for the symmetric matrix that are no descents."""

    def eigen(k: int) -> tuple:
        values, V = eigsh(X, k, v0=np.ones(len(X)))
        return V, np.diag(values), 0.0

    def all_of_them() -> tuple:
        values, V = np.linalg.eigh(X)
        order = np.argsort(-np.abs(values))[:RANK]
        return V[:, order], np.diag(values[order]), 0.0

    def randomized() -> tuple:
        U = svd.randomized(X, RANK, rng=SEED).U
        return U, U.T @ X @ U, 0.0

    return {"SciPy eigsh": lambda: eigen(RANK), "NumPy eigh, all": all_of_them, "companion, svd.randomized": randomized}


def loss(X: np.ndarray, factors: tuple) -> float:
    return float(trifactor.loss(X, *(np.asarray(part) for part in factors)))


def fewest(run: Callable[[int], tuple], X: np.ndarray, target: float, longest: int) -> int:
    """The first of 1, 2, 3, 4, 6, 9, … (each half more than the last) steps that reaches the target, or `longest`."""
    steps = 1
    while steps < longest and loss(X, run(steps)) > target:
        steps = steps + max(1, steps // 2)
    return min(steps, longest)


def compete(X: np.ndarray, bias: str | None, others: dict, repeats: int) -> list[dict]:
    """One contest's rows, each with its number of steps."""
    runs, steps = dict(others), dict.fromkeys(others, "none")
    best = min(loss(X, run()) for run in others.values()) if others else None
    if best is None:
        best = min(loss(X, trifactor.fit(X, RANK, bias=bias, steps=1000, rng=seed)[:3]) for seed in range(5))
    for name, (kind, run) in iterative(X, bias).items():
        steps[name] = fewest(run, X, WITHIN * best, LONGEST[kind])
        runs[name] = lambda run=run, k=steps[name]: run(k)
    seconds = contest.race(runs, repeats=repeats)
    quality = {name: (loss(X, run()) / best) ** 0.5 for name, run in runs.items()}
    return [row | {"steps": steps[row["entry"]]} for row in contest.table(seconds, quality, PEER)]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--repeats", type=int, default=5)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    name = os.environ.get("COMPANION_IMAGES", "glyphs")
    record = {"seed": SEED, "rank": RANK, "machine": contest.machine(given.threads), "contests": {}}
    with threadpool_limits(given.threads):
        X, near = affinities()
        record["contests"][f"{name}, symmetric, no bias"] = compete(X, None, closed(X), given.repeats)
        record["contests"][f"{name}, asymmetric, one bias"] = compete(near, "scalar", {}, given.repeats)
    contest.write("trifactor", record)


if __name__ == "__main__":
    main()
