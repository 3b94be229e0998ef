"""Rank 50 of two matrices: 60,000 digits of 784 pixels, and 4,000 × 4,000 with a slowly falling spectrum.

    python -m benchmarks.svd [--threads 2] [--repeats 5]

COMPANION_IMAGES=mnist takes real MNIST for the first. Each row's `error_over_best` is its relative Frobenius error over
that of the best approximation (Eckart & Young); compare times at equal error only.
"""

import argparse
import os

import numpy as np
import torch
from scipy.sparse.linalg import svds
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from benchmarks import contest
from companion import data
from companion.matrix import svd

RANK = 50
PEER = "scikit-learn randomized_svd"


def digits() -> tuple[str, np.ndarray]:
    """The default data set as a 60,000 × 784 matrix in float32."""
    name = os.environ.get("COMPANION_IMAGES", "glyphs")
    x = data.images(n=60_000).x
    return f"{name}, 60,000 × 784, float32", (x.reshape(len(x), -1) / 255).astype(np.float32)


def slow() -> tuple[str, np.ndarray]:
    """Singular values 1/√i between random orthonormal bases."""
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.standard_normal((4000, 4000)))[0] for _ in range(2))
    return "σᵢ = 1/√i, 4,000 × 4,000, float32", (left / np.sqrt(np.arange(1, 4001)) @ right.T).astype(np.float32)


def entries(A: np.ndarray) -> dict:
    """Every route and peer at the settings whose errors can be compared; each returns U, s, Vh."""
    T = torch.from_numpy(A)
    runs = {PEER: lambda: randomized_svd(A, RANK, random_state=0)}
    for n_iter in (2, 4):
        runs[f"scikit-learn, n_iter={n_iter}"] = lambda n=n_iter: randomized_svd(A, RANK, n_iter=n, random_state=0)
    for niter in (2, 4, 7):
        runs[f"torch svd_lowrank, niter={niter}"] = lambda n=niter: _lowrank(T, n)
    runs["SciPy svds"] = lambda: svds(A, RANK, random_state=0)
    runs["NumPy, all terms"] = lambda: _first(*np.linalg.svd(A, full_matrices=False))
    for power in (1, 2, 3, 4):
        runs[f"randomized, power={power}"] = lambda p=power: svd.randomized(A, RANK, power=p, rng=0)
    runs["randomized on torch, power=2"] = lambda: svd.randomized(T, RANK, rng=0)
    runs["gram"] = lambda: svd.gram(A, RANK)
    return runs


def _first(U: np.ndarray, s: np.ndarray, Vh: np.ndarray) -> tuple:
    return U[:, :RANK], s[:RANK], Vh[:RANK]


def _lowrank(T: torch.Tensor, niter: int) -> tuple:
    torch.manual_seed(0)
    U, s, V = torch.svd_lowrank(T, q=RANK + 10, niter=niter)
    return U[:, :RANK], s[:RANK], V[:, :RANK].T


def quality(A: np.ndarray, runs: dict) -> dict[str, float]:
    """‖A − U diag(s) Vh‖_F of each entry over the best possible, formed in float64 from the factors."""
    total = float(np.sum(A.astype(np.float64) ** 2))
    values = np.linalg.eigvalsh(_gram64(A))[::-1]
    best = np.sqrt(values[RANK:].clip(0).sum())
    errors = {}
    for name, run in runs.items():
        U, s, Vh = (np.asarray(part, dtype=np.float64) for part in run())
        cross = np.sum((A @ (Vh.T * s)) * U)
        square = total - 2 * cross + np.sum((U * s).T @ (U * s) * (Vh @ Vh.T))
        errors[name] = float(np.sqrt(max(square, 0)) / best)
    return errors


def _gram64(A: np.ndarray) -> np.ndarray:
    A64 = A.astype(np.float64)
    return A64.T @ A64


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--repeats", type=int, default=5)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    record = {"seed": 0, "rank": RANK, "machine": contest.machine(given.threads), "contests": {}}
    with threadpool_limits(given.threads):
        for title, A in (digits(), slow()):
            runs = entries(A)
            seconds = contest.race(runs, repeats=given.repeats)
            record["contests"][title] = contest.table(seconds, quality(A, runs), PEER)
    contest.write("svd", record)


if __name__ == "__main__":
    main()
