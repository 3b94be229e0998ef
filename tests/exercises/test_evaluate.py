"""The checkers of the chapter on judging generators: right answers pass, each wrong one is told its own mistake."""

import itertools

import checkers
import numpy as np
import scipy.linalg
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from companion.evaluate import fid, kid, memorization, precision_recall
from companion.exercises import evaluate

# --- right -----------------------------------------------------------------------------------------------------------


def moments(x, ddof=1):
    return x.mean(0), np.atleast_2d(np.cov(x.T, ddof=ddof))


def frechet_by_sqrtm(real, fake):
    (m, S), (o, T) = moments(real), moments(fake)
    return np.sum((m - o) ** 2) + np.trace(S + T - 2 * scipy.linalg.sqrtm(S @ T).real)


def frechet_by_eigenvalues(real, fake):
    (m, S), (o, T) = moments(real), moments(fake)
    common = np.sqrt(np.linalg.eigvals(S @ T).real.clip(0)).sum()
    return (m - o) @ (m - o) + np.trace(S) + np.trace(T) - 2 * common


def mmd_in_loops(x, y):
    def k(a, b):
        return (a @ b / len(a) + 1) ** 3

    pairs = [np.mean([k(a, b) for a, b in itertools.permutations(z, 2)]) for z in (x, y)]
    return sum(pairs) - 2 * np.mean([k(a, b) for a in x for b in y])


def kernel(x, y):
    return (x @ y.T / x.shape[1] + 1) ** 3


def mmd_by_matrices(x, y):
    n, m = len(x), len(y)
    K, L = (kernel(z, z) for z in (x, y))
    np.fill_diagonal(K, 0)
    np.fill_diagonal(L, 0)
    return K.sum() / n / (n - 1) + L.sum() / m / (m - 1) - 2 * kernel(x, y).mean()


def balls_by_sorting(real, fake, k):
    reach, other = (np.sort(cdist(x, x), axis=1)[:, k] for x in (real, fake))
    d = cdist(real, fake)
    return (d < reach[:, None]).any(axis=0).mean(), (d < other).any(axis=1).mean()


def balls_by_neighbours(real, fake, k):
    def inside(x, centres):
        reach = NearestNeighbors(n_neighbors=k).fit(centres).kneighbors()[0][:, -1]
        return np.mean([np.any(np.linalg.norm(centres - row, axis=1) < reach) for row in x])

    return inside(fake, real), inside(real, fake)


def nearer_plain(fake, train, held_out):
    return np.mean(cdist(fake, train).min(1) < cdist(fake, held_out).min(1)), len(train) / (len(train) + len(held_out))


def nearer_by_all(fake, train, held_out):
    nearest = cdist(fake, np.concatenate([train, held_out])).argmin(1)
    return (nearest < len(train)).mean(), 1 / (1 + len(held_out) / len(train))


RIGHT = {
    "check_frechet": [frechet_by_sqrtm, frechet_by_eigenvalues, fid.frechet],
    "check_mmd": [mmd_in_loops, mmd_by_matrices, kid.mmd2],
    "check_precision_recall": [balls_by_sorting, balls_by_neighbours,
                               lambda real, fake, k: precision_recall.estimate(real, fake, k=k)[:2]],
    "check_nearer": [nearer_plain, nearer_by_all,
                     lambda f, t, h: memorization.compare(f, t, h, level=0.5)[:2]],
}  # fmt: skip


# --- wrong -----------------------------------------------------------------------------------------------------------


def root(S):
    w, V = np.linalg.eigh(S)
    return (V * np.sqrt(w.clip(0))) @ V.T


def frechet(means=lambda m: np.sum(m**2), spread=None, ddof=(1, 1), rest=1):
    """A Fréchet distance with one part of it wrong."""

    def student(real, fake):
        (m, S), (o, T) = moments(real, ddof[0]), moments(fake, ddof[1])
        right = np.trace(S + T) - 2 * np.linalg.svd(root(S) @ root(T), compute_uv=False).sum()
        return means(m - o) + rest * (spread(S, T) if spread else right)

    return student


def frechet_of_the_textbook(real, fake):
    """Right but on a line, where np.cov is a number."""
    S, T = np.cov(real.T), np.cov(fake.T)
    return np.sum((real.mean(0) - fake.mean(0)) ** 2) + np.trace(S + T - 2 * scipy.linalg.sqrtm(S @ T).real)


def common(S, T):
    return np.linalg.svd(root(S) @ root(T), compute_uv=False).sum()


def traces(S, T):
    return np.trace(S) + np.trace(T)


def mmd(x_pairs=True, y_pairs=True, factor=-2, k=kernel, pairs=lambda n: n * (n - 1), diagonal=False, change=None):
    """An MMD with one part of it wrong."""

    def student(x, y):
        total = factor * k(x, y).mean()
        for z, there in ((x, x_pairs), (y, y_pairs)):
            K = k(z, z)
            total += there * (K.sum() - (0 if diagonal else np.trace(K))) / pairs(len(z))
        return change(total) if change else total

    return student


def sums(x, y):
    K, L = kernel(x, x), kernel(y, y)
    return K.sum() - np.trace(K) + L.sum() - np.trace(L) - 2 * kernel(x, y).sum()


def mmd_by_rows(x, y):
    def k(a, b):
        return (a @ b.T / len(a) + 1) ** 3

    pairs = [(k(z, z).sum() - np.trace(k(z, z))) / len(z) / (len(z) - 1) for z in (x, y)]
    return sum(pairs) - 2 * k(x, y).mean()


def mmd_of_each_pair_once(x, y):
    pairs = [np.triu(kernel(z, z), 1).sum() / len(z) / (len(z) - 1) for z in (x, y)]
    return sum(pairs) - 2 * kernel(x, y).mean()


def balls(shift=0, change=None):
    """Precision and recall with one part of it wrong."""

    def student(real, fake, k):
        reach, other = (np.sort(cdist(x, x), axis=1)[:, k + shift] for x in (real, fake))
        d = cdist(real, fake)
        if change:
            return change(d, reach, other)
        return (d < reach[:, None]).any(axis=0).mean(), (d < other).any(axis=1).mean()

    return student


def nearest_ball(d, r, o):
    return (d.min(0) < r[d.argmin(0)]).mean(), (d.min(1) < o[d.argmin(1)]).mean()


def nearer(share=None, expected=lambda n, h: n / (n + h)):
    """The test for copies with one part of it wrong."""

    def student(fake, train, held_out):
        d, e = cdist(fake, train), cdist(fake, held_out)
        found = share(d, e) if share else np.mean(d.min(1) < e.min(1))
        return found, expected(len(train), len(held_out))

    return student


def against_held_out(fake, train, held_out):
    value = np.mean(cdist(fake, train).min(1)[:, None] < cdist(held_out, train).min(1))
    return value, len(train) / (len(train) + len(held_out))


def by_training_point(d, e):
    n = min(d.shape[1], e.shape[1])
    return np.mean(d.min(0)[:n] < e.min(0)[:n])


WRONG = {
    "check_frechet": {
        "that is the root of the distance": lambda real, fake: fid.frechet(real, fake) ** 0.5,
        "the part of the means is missing": frechet(means=lambda m: 0),
        "the part of the covariances is missing": frechet(rest=0),
        "the distance of the means is not squared": frechet(means=np.linalg.norm),
        "you took the mean of the squared differences": frechet(means=lambda m: np.mean(m**2)),
        "the factor 2 before the root": frechet(spread=lambda S, T: traces(S, T) - common(S, T)),
        "the root is added": frechet(spread=lambda S, T: traces(S, T) + 2 * common(S, T)),
        "you subtracted 2 tr ST": frechet(spread=lambda S, T: traces(S, T) - 2 * np.trace(S @ T)),
        "the root of each entry of ST": frechet(
            spread=lambda S, T: traces(S, T) - 2 * np.trace(np.sqrt(np.abs(S @ T)))
        ),
        "the trace of S^½ T^½": frechet(spread=lambda S, T: traces(S, T) - 2 * np.trace(root(S) @ root(T))),
        "the root of the trace of ST": frechet(
            spread=lambda S, T: traces(S, T) - 2 * np.linalg.norm(root(S) @ root(T), "fro")
        ),
        "there np.cov returns a plain number": frechet_of_the_textbook,
        "you compared variances alone": frechet(
            spread=lambda S, T: np.sum((np.diag(S) ** 0.5 - np.diag(T) ** 0.5) ** 2)
        ),
        "squared Frobenius distance": frechet(spread=lambda S, T: np.sum((S - T) ** 2)),
        "your covariances divide by n.": frechet(ddof=(0, 0)),
        "that of the real points": frechet(ddof=(0, 1)),
        "that of the fake points": frechet(ddof=(1, 0)),
        "Print the part of the means": lambda real, fake: 1.1 * fid.frechet(real, fake),
        "NaN or infinity": lambda real, fake: np.nan,
        "must be one number": lambda real, fake: real.mean(0),
    },
    "check_mmd": {
        "compared each point with itself": mmd(diagonal=True, pairs=lambda n: n * n),
        "but divided by n²": mmd(pairs=lambda n: n * n),
        "the factor 2 of the mixed mean": mmd(factor=-1),
        "the mixed mean is added": mmd(factor=2),
        "the mean within y is missing": mmd(y_pairs=False),
        "the mean within x is missing": mmd(x_pairs=False),
        "you returned sums": sums,
        "you did not divide xᵀy by d": mmd(k=lambda x, y: (x @ y.T + 1) ** 3),
        "you took the power 2": mmd(k=lambda x, y: (x @ y.T / x.shape[1] + 1) ** 2),
        "you left out the power 3": mmd(k=lambda x, y: x @ y.T / x.shape[1] + 1),
        "the 1 that is added before the cube": mmd(k=lambda x, y: (x @ y.T / x.shape[1]) ** 3),
        "divided xᵀy by the number of rows": mmd_by_rows,
        "you added up each pair within x and y once": mmd_of_each_pair_once,
        "you cut it off at 0": mmd(change=lambda v: max(v, 0.0)),
        "that is its root": mmd(change=lambda v: abs(v) ** 0.5),
        "the sign is turned": mmd(change=lambda v: -v),
        "Print the three means": mmd(k=lambda x, y: (x @ y.T / x.shape[1] + 2) ** 3),
    },
    "check_precision_recall": {
        "you counted the point itself": balls(shift=-1),
        "one neighbour too far": balls(shift=1),
        "precision and recall are exchanged": lambda real, fake, k: balls_by_sorting(real, fake, k)[::-1],
        "that is coverage. Ask each fake point": balls(
            change=lambda d, r, o: ((d < r[:, None]).any(1).mean(), (d < o).any(1).mean())
        ),
        "that is coverage. Take those of the fake": balls(
            change=lambda d, r, o: ((d < r[:, None]).any(0).mean(), (d < r[:, None]).any(1).mean())
        ),
        "the set that you ask about": balls(
            change=lambda d, r, o: ((d < o).any(0).mean(), (d < r[:, None]).any(1).mean())
        ),
        "the ball of the nearest only": balls(change=nearest_ball),
        "you counted the balls": balls(change=lambda d, r, o: ((d < r[:, None]).sum(0).mean(), (d < o).sum(1).mean())),
        "the share of pairs": balls(change=lambda d, r, o: ((d < r[:, None]).mean(), (d < o).mean())),
        "one radius for all": balls(
            change=lambda d, r, o: ((d < r.mean()).any(0).mean(), (d < o.mean()).any(1).mean())
        ),
        "squared on one side only": balls(
            change=lambda d, r, o: ((d**2 < r[:, None]).any(0).mean(), (d**2 < o).any(1).mean())
        ),
        "you returned counts": balls(change=lambda d, r, o: ((d < r[:, None]).any(0).sum(), (d < o).any(1).sum())),
        "Draw the balls": balls(change=lambda d, r, o: (0.123, 0.456)),
        "the exercise asks for 2 things": lambda real, fake, k: 0.5,
    },
    "check_nearer": {
        "nearer to the held-out points": nearer(share=lambda d, e: np.mean(d.min(1) > e.min(1))),
        "you compared mean distances": nearer(share=lambda d, e: np.mean(d.mean(1) < e.mean(1))),
        "the farthest points": nearer(share=lambda d, e: np.mean(d.max(1) < e.max(1))),
        "Ask each fake point": nearer(share=by_training_point),
        "Here one fake point is compared with two sets": against_held_out,
        "you returned a count": nearer(share=lambda d, e: np.sum(d.min(1) < e.min(1))),
        "that is in per cent": nearer(share=lambda d, e: 100 * np.mean(d.min(1) < e.min(1))),
        "the two are exchanged": lambda f, t, h: nearer_plain(f, t, h)[::-1],
        "print both distances": nearer(share=lambda d, e: 0.123),
        "sets of equal size only": nearer(expected=lambda n, h: 0.5),
        "the share of the held-out points": nearer(expected=lambda n, h: h / (n + h)),
        "Divide by all of them": nearer(expected=lambda n, h: n / h),
        "cannot avoid": nearer(expected=lambda n, h: 0),
        "30/(30 + 10) = 0.75 is right": nearer(expected=lambda n, h: 0.3),
    },
}  # fmt: skip


TestCheckers = checkers.of(
    evaluate, RIGHT, WRONG, calls={"check_frechet": 3, "check_mmd": 3, "check_precision_recall": 3, "check_nearer": 3}
)
