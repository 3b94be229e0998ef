"""Alternating least squares against a solve user by user in NumPy, and against `implicit`.

    python -m benchmarks.recommender [--threads 2] [--repeats 5] [--only explicit64,large]

Generated tables of the shapes of MovieLens 100K and 1M: the course downloads nothing. Each row's `error_over_best` is
its final loss over the lowest of the contest; compare times at equal loss only. `implicit` is raced where it is
installed. Then ten million ratings, in a process of its own, whose largest size is recorded.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from importlib import metadata, util
from typing import Any

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from benchmarks import contest
from companion.matrix import recommender

SWEEPS = 15
BY_HAND = "NumPy, user by user"
PEER = "implicit, 3 steps of CG"
RIDGE = 0.08  # a rating
IMPLICIT_RIDGE = 1.0


def sparse(users: int, items: int, count: int, seed: int = 0) -> sp.csr_array:
    """Ratings of rank 10 with noise at random places; users' and items' popularity is skewed."""
    rng = np.random.default_rng(seed)
    by_user, by_item = rng.lognormal(0, 1, users), (1 + np.arange(items)) ** -0.8
    keys = np.unique(_drawn(rng, by_user, 2 * count) * items + _drawn(rng, by_item, 2 * count))
    u, i = np.divmod(np.sort(rng.permutation(keys)[:count]), items)
    values = 3.5 + 0.4 * rng.standard_normal(users)[u] + 0.4 * rng.standard_normal(items)[i]
    for _ in range(10):
        values += 0.3 * rng.standard_normal(users)[u] * rng.standard_normal(items)[i]
    values += 0.7 * rng.standard_normal(len(u))
    return sp.csr_array((values.clip(0.5, 5), (u, i)), shape=(users, items))


def _drawn(rng, weights, count) -> np.ndarray:
    return np.searchsorted(np.cumsum(weights / weights.sum())[:-1], rng.random(count))


def by_hand(R: sp.csr_array, rank: int, start: np.ndarray) -> float:
    """What als does, as one would write it: a loop over users, one solve each. The final loss."""
    columns, mean = R.T.tocsr(), R.data.mean()
    X, Y = np.zeros((R.shape[0], rank + 1), R.dtype), start.copy()
    users = np.repeat(np.arange(R.shape[0]), np.diff(R.indptr))
    for _ in range(SWEEPS):
        _half(R, mean, X, Y)
        _half(columns, mean, Y, X)
        loss = _loss(R, mean, X, Y, users)
    return float(loss)


def _half(R, mean, X, Y) -> None:
    eye = np.eye(Y.shape[1], dtype=Y.dtype)
    for u in range(R.shape[0]):
        first, last = R.indptr[u], R.indptr[u + 1]
        if first < last:
            some = Y[R.indices[first:last]]
            D, bias = np.column_stack([some[:, :-1], np.ones(last - first, Y.dtype)]), some[:, -1]
            target = R.data[first:last] - mean - bias
            X[u] = np.linalg.solve(D.T @ D + R.dtype.type(RIDGE * (last - first)) * eye, D.T @ target)


def _loss(R, mean, X, Y, users) -> float:
    """The objective; als records it after every sweep too."""
    P, Q = X[users], Y[R.indices]
    errors = R.data - mean - P[:, -1] - Q[:, -1] - np.einsum("kr,kr->k", P[:, :-1], Q[:, :-1])
    by_user, by_item = np.diff(R.indptr), np.bincount(R.indices, minlength=R.shape[1])
    return np.sum(errors**2) + RIDGE * (by_user @ np.sum(X**2, axis=1) + by_item @ np.sum(Y**2, axis=1))


def explicit(repeats: int, dtype: str) -> list[dict[str, Any]]:
    """MovieLens 100K's shape, rank 50, 15 sweeps from the same start."""
    R, rank = sparse(943, 1682, 100_000).astype(dtype), 50
    start = np.random.default_rng(0).standard_normal((1682, rank + 1), dtype=R.dtype) / R.dtype.type((rank + 1) ** 0.5)
    start *= (np.bincount(R.indices, minlength=1682) > 0)[:, None]
    start[:, -1] = 0

    def als(tol):
        return recommender.als(R, rank, ridge=RIDGE, sweeps=SWEEPS, tol=tol, rng=0).losses[-1]

    runs = {BY_HAND: lambda: by_hand(R, rank, start)}
    runs |= {f"als, tol={tol:g}": lambda tol=tol: float(als(tol)) for tol in (1e-5, 1e-6, 1e-8)}
    return _raced(runs, repeats, BY_HAND)


def implicit(repeats: int, users: int, items: int, count: int, rank: int) -> list[dict[str, Any]]:
    """Counts in float32; `implicit` takes c = 1 + αr itself as what is stored, so the two objectives are one."""
    counts = sparse(users, items, count).astype("float32")
    counts.data = np.rint(counts.data)
    counts.data[counts.data == 0] = 1
    confidence = sp.csr_matrix((1 + counts.data, counts.indices, counts.indptr), counts.shape)

    def ours(steps):
        F = recommender.implicit_als(counts, rank, ridge=IMPLICIT_RIDGE, alpha=1.0, sweeps=SWEEPS, steps=steps, rng=0)
        return _implicit_loss(confidence, F.users, F.items)

    runs = {
        f"implicit_als, steps={steps}": lambda s=steps: ours(s)
        for steps in ((1, 2, 3, None) if count < 10**6 else (1, 2, 3))
    }
    return _raced(
        _peers(confidence, rank, count < 10**6) | runs,
        repeats,
        PEER if util.find_spec("implicit") else next(iter(runs)),
    )


def _peers(confidence, rank, exact) -> dict[str, Any]:
    if not util.find_spec("implicit"):
        return {}
    from implicit.als import AlternatingLeastSquares

    def theirs(cg):
        with threadpool_limits(1, "blas"):  # as implicit asks for: its own threads share the rows
            model = AlternatingLeastSquares(
                rank, IMPLICIT_RIDGE, iterations=SWEEPS, use_cg=cg, num_threads=THREADS, random_state=0
            )
            model.fit(confidence, show_progress=False)
        return _implicit_loss(confidence, model.user_factors, model.item_factors)

    return {PEER: lambda: theirs(True)} | ({"implicit, solved exactly": lambda: theirs(False)} if exact else {})


def _implicit_loss(C, X, Y) -> float:
    """Σ c(p − xy)² + λ(‖X‖² + ‖Y‖²) in double precision; the same code, and time, for every entry."""
    X, Y = X.astype(float), Y.astype(float)
    total = np.sum((X.T @ X) * (Y.T @ Y)) + IMPLICIT_RIDGE * (np.sum(X**2) + np.sum(Y**2))
    users = np.repeat(np.arange(C.shape[0]), np.diff(C.indptr))
    for k in range(0, C.nnz, 2**16):
        s = np.einsum("kr,kr->k", X[users[k : k + 2**16]], Y[C.indices[k : k + 2**16]])
        total += np.sum(C.data[k : k + 2**16] * (1 - s) ** 2 - s**2)
    return float(total)


def _raced(runs, repeats, peer) -> list[dict[str, Any]]:
    losses: dict[str, float] = {}

    def kept(name, run):
        losses[name] = run()

    seconds = contest.race({n: lambda n=n, run=run: kept(n, run) for n, run in runs.items()}, repeats=repeats)
    return contest.table(seconds, {name: loss / min(losses.values()) for name, loss in losses.items()}, peer)


def large() -> None:
    """100,000 × 20,000 with 10 million ratings, rank 32, float32: seconds and memory of one sweep."""
    start = time.perf_counter()
    R = sparse(100_000, 20_000, 10_000_000).astype("float32")
    made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = {"data": time.perf_counter() - start}
    for sweeps in (1, 2):
        start = time.perf_counter()
        F = recommender.als(R, 32, ridge=RIDGE, sweeps=sweeps, rng=0)
        seconds[f"{sweeps} sweep(s) and the sorting"] = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    first, second = list(seconds.values())[1:]
    print(json.dumps({
        "ratings": R.nnz, "rank": 32, "dtype": "float32", "one_sweep_s": round(second - first, 2),
        "sorting_s": round(2 * first - second, 2), "peak_MB": round(peak / 1024),
        "peak_while_making_the_data_MB": round(made / 1024),
        "loss": [float(x) for x in F.losses],
    }))  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--only", default="explicit64,explicit32,implicit100k,implicit1m,large")
    given = options.parse_args()
    globals()["THREADS"] = given.threads
    path = contest.RESULTS / "recommender.json"
    record = json.loads(path.read_text()) if path.exists() else {"contests": {}}
    record |= {"seed": 0, "sweeps": SWEEPS, "machine": contest.machine(given.threads)}
    if util.find_spec("implicit"):
        record["machine"]["packages"]["implicit"] = metadata.version("implicit")
    title = "ratings, 943 × 1,682, 100,000 known, rank 50"
    contests = {
        "explicit64": (f"{title}, float64", lambda: explicit(given.repeats, "float64")),
        "explicit32": (f"{title}, float32", lambda: explicit(given.repeats, "float32")),
        "implicit100k": ("counts, 943 × 1,682, 100,000 known, rank 50, float32",
                         lambda: implicit(given.repeats, 943, 1682, 100_000, 50)),
        "implicit1m": ("counts, 6,040 × 3,706, 1,000,000 known, rank 64, float32",
                       lambda: implicit(given.repeats, 6040, 3706, 1_000_000, 64)),
    }  # fmt: skip
    with threadpool_limits(given.threads):
        for name in set(given.only.split(",")) & set(contests):
            heading, run = contests[name]
            record["contests"][heading] = run()
    if "large" in given.only:
        code = "from benchmarks.recommender import large; large()"
        child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        record["large"] = json.loads(child.stdout)
        print(record["large"])
    contest.write("recommender", record)


if __name__ == "__main__":
    main()
