"""Time until scikit-learn's error after 200 iterations is reached, from the same start, on 10,000 digits of 784 pixels.

    COMPANION_IMAGES=mnist python -m benchmarks.nmf [--threads 2] [--repeats 5] [--ranks 16 49] [--losses frobenius kl]

Each contest is one loss and one rank. The peer runs its 200 iterations; the others run until their error is the peer's,
as many iterations as a run without a clock has found that to take. The start is
scikit-learn's NNDSVDa; time includes everything but that.
`error_over_the_peers` is from the factors in float64.
"""

import argparse
import os
from collections.abc import Callable

import numpy as np
import torch
from sklearn.decomposition import non_negative_factorization
from sklearn.decomposition._nmf import _initialize_nmf
from threadpoolctl import threadpool_limits

from benchmarks import contest
from companion import data
from companion.matrix import nmf

PEERS = {"frobenius": ("scikit-learn cd, 200", "cd"), "kl": ("scikit-learn mu, 200", "mu")}


def digits() -> tuple[str, np.ndarray]:
    name = os.environ.get("COMPANION_IMAGES", "glyphs")
    x = data.images(n=10_000).x
    return f"{name}, 10,000 × 784, float32", (x.reshape(len(x), -1) / 255).astype(np.float32)


def peer(X: np.ndarray, rank: int, loss: str, start: tuple) -> tuple:
    name = "frobenius" if loss == "frobenius" else "kullback-leibler"
    W, H = (F.copy() for F in start)
    return non_negative_factorization(
        X, W, H, n_components=rank, init="custom", solver=PEERS[loss][1], beta_loss=name, max_iter=200, tol=0
    )[:2]


def error(X: np.ndarray, W: np.ndarray, H: np.ndarray, loss: str) -> float:
    """‖X − WH‖_F/‖X‖_F or D(X‖WH)/ΣX in float64, by rows."""
    above = below = 0.0
    H64 = np.asarray(H, np.float64)
    for x, w in zip(np.array_split(X, 20), np.array_split(np.asarray(W, np.float64), 20), strict=True):
        x, wh = x.astype(np.float64), w @ H64
        if loss == "frobenius":
            above, below = above + np.sum((x - wh) ** 2), below + np.sum(x**2)
        else:
            ratio = np.where(x > 0, x / np.maximum(wh, 1e-300), 1)
            above, below = above + np.sum(x * np.log(ratio) - x + wh), below + np.sum(x)
    return float((above / below) ** 0.5 if loss == "frobenius" else above / below)


def variants(X: np.ndarray, rank: int, loss: str, start: tuple) -> dict[str, Callable]:
    """max_iter -> NMF, each variant of ours."""
    T, torch_start = torch.from_numpy(X), tuple(map(torch.from_numpy, start))
    common = {"tol": 0}
    if loss == "frobenius":
        return {
            "hals": lambda n: nmf.hals(X, rank, init=start, max_iter=n, **common),
            "hals, plain": lambda n: nmf.hals(X, rank, init=start, extrapolate=False, max_iter=n, **common),
            "hals on torch": lambda n: nmf.hals(T, rank, init=torch_start, max_iter=n, **common),
        }
    return {
        "multiplicative": lambda n: nmf.multiplicative(X, rank, loss="kl", init=start, max_iter=n, **common),
        "multiplicative, plain": lambda n: nmf.multiplicative(
            X, rank, loss="kl", init=start, extrapolate=False, max_iter=n, **common
        ),
        "multiplicative on torch": lambda n: nmf.multiplicative(
            T, rank, loss="kl", init=torch_start, max_iter=n, **common
        ),
    }


def needed(run: Callable, target: float, most: int) -> int:
    """After how many iterations the run's error is at most `target`; the answer holds for every repetition."""
    length = 1
    while length < most:
        length = min(2 * length, most)
        for n in _reached(run(length).errors, target):
            return n + _rejected(run, n)
    raise RuntimeError(f"the error {target:.6f} is not reached in {most} iterations")


def _reached(errors, target: float) -> list[int]:
    return np.flatnonzero(np.asarray(errors) <= target)[:1].tolist()


def _rejected(run: Callable, n: int) -> int:
    """Iterations that extrapolated too far leave no error behind; add them."""
    extra = 0
    while len(run(n + extra).errors) - 1 < n:
        extra += 1
    return extra


def race(X: np.ndarray, rank: int, loss: str, repeats: int) -> list[dict]:
    start = _initialize_nmf(X, rank, init="nndsvda", random_state=0)
    name = PEERS[loss][0]
    target = error(X, *peer(X, rank, loss, start), loss)
    runs: dict[str, Callable] = {name: lambda: peer(X, rank, loss, start)}
    for label, run in variants(X, rank, loss, start).items():
        n = needed(run, target * (1 - 2e-5), 400)
        runs[f"{label}, {n}"] = lambda run=run, n=n: run(n)
    quality = {label: error(X, *run()[:2], loss) / target for label, run in runs.items()}
    return contest.table(contest.race(runs, repeats=repeats), quality, name, "error_over_the_peers")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--ranks", type=int, nargs="+", default=[16, 49])
    options.add_argument("--losses", nargs="+", default=list(PEERS), choices=list(PEERS))
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    record = {"seed": 0, "machine": contest.machine(given.threads), "contests": {}}
    with threadpool_limits(given.threads):
        title, X = digits()
        for loss in given.losses:
            for rank in given.ranks:
                record["contests"][f"{title}, {loss}, rank {rank}"] = race(X, rank, loss, given.repeats)
    contest.write("nmf", record)


if __name__ == "__main__":
    main()
