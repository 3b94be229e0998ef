"""The checkers of the chapter on the SVD: right answers pass, each wrong one is told its own mistake."""

import itertools

import checkers
import numpy as np
import pytest

from companion.exercises import _cases, _explained, svd
from companion.matrix import svd as matrix_svd


def thin(A):
    return np.linalg.svd(A, full_matrices=False)


# --- right -----------------------------------------------------------------------------------------------------------


def truncate_slices(A, rank):
    U, s, Vh = thin(A)
    return (U[:, :rank] * s[:rank]) @ Vh[:rank]


def truncate_sum_of_terms(A, rank):
    U, s, Vh = np.linalg.svd(A)
    return sum(s[i] * np.outer(U[:, i], Vh[i]) for i in range(rank))


def truncate_by_projection(A, rank):
    V = np.linalg.eigh(A.T @ A)[1][:, -rank:]
    return A @ V @ V.T


def truncate_in_torch(A, rank):
    torch = pytest.importorskip("torch")
    U, s, Vh = torch.linalg.svd(torch.as_tensor(A, dtype=torch.float32), full_matrices=False)
    return U[:, :rank] @ torch.diag(s[:rank]) @ Vh[:rank]


def range_by_qr(A, size, rng):
    return np.linalg.qr(A @ rng.standard_normal((A.shape[1], size)))[0]


def range_by_gram_schmidt(A, size, rng):
    Q = np.zeros((A.shape[0], 0))
    for _ in range(size):
        q = A @ rng.normal(size=A.shape[1])
        for _ in range(2):
            q = q - Q @ (Q.T @ q)
        Q = np.column_stack([Q, q / np.linalg.norm(q)])
    return Q


def range_with_a_power(A, size, rng):
    return thin(A @ (A.T @ (A @ rng.uniform(-1, 1, (A.shape[1], size)))))[0]


def pca_by_svd(X, rank):
    mean = X.mean(axis=0)
    _, s, Vh = thin(X - mean)
    return mean, Vh[:rank], s[:rank] ** 2 / (len(X) - 1)


def pca_by_covariance(X, rank):
    variances, V = np.linalg.eigh(np.cov(X, rowvar=False))
    return [X.mean(0, keepdims=True), -V[:, ::-1][:, :rank].T, variances[::-1][:rank]]


def pca_by_scikit_learn(X, rank):
    fitted = pytest.importorskip("sklearn.decomposition").PCA(rank).fit(X)
    return fitted.mean_, fitted.components_, fitted.explained_variance_


def rank_by_loop(s, share):
    total, found = sum(s**2), 0.0
    for r, value in enumerate(s, start=1):
        found += value**2
        if found >= share * total:
            return r
    return len(s)


def rank_by_tail(s, share):
    errors = matrix_svd.truncation_errors(s)
    return np.flatnonzero(errors**2 <= 1 - share)[0]


RIGHT = {
    "check_truncation": [truncate_slices, truncate_sum_of_terms, truncate_by_projection, truncate_in_torch,
                         lambda A, rank: matrix_svd.exact(A).truncate(rank).reconstruct()],
    "check_range_finder": [range_by_qr, range_by_gram_schmidt, range_with_a_power,
                           lambda A, size, rng: thin(A)[0][:, :size],
                           lambda A, size, rng: matrix_svd.range_finder(A, size, power=0, rng=rng)],
    "check_pca": [pca_by_svd, pca_by_covariance, pca_by_scikit_learn, matrix_svd.pca],
    "check_explained_rank": [rank_by_loop, rank_by_tail,
                             lambda s, share: float(np.sum(np.cumsum(s**2) / np.sum(s**2) < share) + 1),
                             lambda s, share: np.argmax(np.cumsum(s**2) >= share * np.sum(s**2)) + 1,
                             lambda s, share: min(r for r in range(1, len(s) + 1)
                                                  if np.linalg.norm(s[:r]) >= np.sqrt(share) * np.linalg.norm(s))],
}  # fmt: skip


# --- wrong -----------------------------------------------------------------------------------------------------------


def kept(select, *, power=1):
    """Some terms of the SVD: `select` turns rank into a slice; the values enter to a power."""

    def student(A, rank):
        U, s, Vh = thin(A)
        k = select(rank)
        return (U[:, k] * s[k] ** power) @ Vh[k]

    return student


def truncate_v_for_vh(A, rank):
    U, s, V = thin(A)
    return (U[:, :rank] * s[:rank]) @ V[:, :rank].T


def truncate_zeroes(A, rank):
    B = A.copy()
    B[:, rank:] = 0
    return B


def truncate_shrinks(A, rank):
    U, s, Vh = thin(A)
    return (U * np.maximum(s - 0.1, 0)) @ Vh


def truncate_spoils_a(A, rank):
    A[:] = truncate_slices(A, rank)
    return A


def random_q(A, size, rng):
    return np.linalg.qr(rng.standard_normal((A.shape[0], size)))[0]


def product(A, size, rng):
    return A @ rng.standard_normal((A.shape[1], size))


def rows(A, size, rng):
    return np.linalg.qr(A.T @ rng.standard_normal((A.shape[0], size)))[0]


def normalized(A, size, rng):
    Y = product(A, size, rng)
    return Y / np.linalg.norm(Y, axis=0)


def last_columns_of_u(A, size, rng):
    return thin(A)[0][:, -size:]


def pca(*, centre=lambda X: X.mean(0), mean=lambda X: X.mean(0), components=lambda X, s, Vh, r: Vh[:r],
        variances=lambda X, s, r: s[:r] ** 2 / (len(X) - 1)):  # fmt: skip
    """A PCA with one part of it wrong."""

    def student(X, rank):
        _, s, Vh = thin(X - centre(X))
        return mean(X), components(X, s, Vh, rank), variances(X, s, rank)

    return student


def by_row(X):
    return X.mean(1, keepdims=True)


def no_centre(X):
    return 0


def right_variances(X, s, r):
    return pca_by_svd(X, r)[2]


def pca_of_raw_over_m(X, s, r):
    return s[:r] ** 2 / len(X)


def first_with(energy, share):
    return np.argmax(np.cumsum(energy) >= share * np.sum(energy)) + 1


WRONG = {
    "check_truncation": {
        "you kept the smallest singular values": kept(lambda r: slice(-r, None)),
        "you returned what is cut off": kept(lambda r: slice(r, None)),
        "you returned A itself": lambda A, rank: A,
        "you multiplied U and Vh alone": kept(slice, power=0),
        "singular values twice": kept(slice, power=2),
        "you kept rank + 1 = 3 terms": kept(lambda r: slice(r + 1)),
        "you kept rank − 1 = 1 of": kept(lambda r: slice(r - 1)),
        "NumPy's Vh = Vᵀ": truncate_v_for_vh,
        "you set entries of A to 0": truncate_zeroes,
        "(a 6 × 5 matrix, a vector of length 5, a 5 × 5 matrix): the factors": lambda A, rank: thin(A),
        "multiply by the rows of Vh": lambda A, rank: thin(A)[0][:, :rank] * thin(A)[1][:rank],
        "a 5 × 6 matrix; the truncated A must be a 6 × 5 matrix": lambda A, rank: truncate_slices(A, rank).T,
        "your matrix has rank 5": truncate_shrinks,
        "is possible. Print which terms you keep": lambda A, rank: truncate_slices(A, rank) / 2,
        "NaN or infinity in 30 of the 30 entries": lambda A, rank: A / 0 * np.nan,
        "Your function changed the A it was given": truncate_spoils_a,
        "shapes that do not fit": lambda A, rank: thin(A)[0][:, :rank] @ thin(A)[2],
    },
    "check_range_finder": {
        "you returned AΩ itself": product,
        "two of them have the cosine": normalized,
        "you made a random matrix orthonormal": random_q,
        "You took the first columns of A": lambda A, size, rng: np.linalg.qr(A[:, :size])[0],
        "Your Q spans the rows of A": rows,
        "Is Ω Gaussian": last_columns_of_u,
        "np.linalg.qr gives Q and R": lambda A, size, rng: np.linalg.qr(product(A, size, rng)),
        "Cut it to `size` columns": lambda A, size, rng: np.linalg.qr(A)[0],
        "You returned a 6 × 14 matrix": lambda A, size, rng: range_by_qr(A, size, rng).T,
        "NaN or infinity in 84 of the 84": lambda A, size, rng: product(A, size, rng) * np.nan,
    },
    "check_pca": {
        "Your variances begin with 455.7: you did not centre X": pca(centre=no_centre),
        "Then divide by m − 1": pca(centre=no_centre, variances=pca_of_raw_over_m),
        "Your variances begin with 357.7: you took the mean of each row": pca(centre=by_row),
        "a 12 × 1 matrix; the mean of 12 samples must be a vector of length 4. Likely cause: you took": pca(
            centre=by_row, mean=by_row
        ),
        "X.mean() without an axis": pca(centre=np.mean, mean=np.mean),
        "it is the mean after centring": pca(mean=lambda X: (X - X.mean(0)).mean(0)),
        "add the rows, divide by their number": pca(mean=lambda X: np.median(X, axis=0)),
        "they are s²/m. Nearly": pca(variances=lambda X, s, r: s[:r] ** 2 / len(X)),
        "they are the singular values s": pca(variances=lambda X, s, r: s[:r]),
        "they are s², not yet divided": pca(variances=lambda X, s, r: s[:r] ** 2),
        "they are standard deviations": pca(variances=lambda X, s, r: s[:r] / np.sqrt(len(X) - 1)),
        "they are s²/n": pca(variances=lambda X, s, r: s[:r] ** 2 / X.shape[1]),
        "they are shares of the total": pca(variances=lambda X, s, r: s[:r] ** 2 / np.sum(s**2)),
        "they ascend": pca(variances=lambda X, s, r: right_variances(X, s, r)[::-1]),
        "Then turn their order round": pca(variances=lambda X, s, r: s[-r:][::-1] ** 2 / (len(X) - 1)),
        "begin with 2.53: they are the smallest": pca(
            components=lambda X, s, Vh, r: Vh[-r:], variances=lambda X, s, r: s[-r:] ** 2 / (len(X) - 1)
        ),
        "Compare with np.var": pca(variances=lambda X, s, r: np.ones(r)),
        "Keep the first `rank`, 2 here": pca(variances=lambda X, s, r: s**2 / (len(X) - 1)),
        "a vector of length 3; the variances of 2": pca(variances=lambda X, s, r: np.ones(3)),
        "Your components stand in columns": pca(components=lambda X, s, Vh, r: Vh[:r].T),
        "Those are all of them": pca(components=lambda X, s, Vh, r: Vh),
        "each must be 1. Likely cause: they are mul": pca(components=lambda X, s, Vh, r: (s[:, None] * Vh)[:r]),
        "have length 1 but are not orthogonal": pca(components=lambda X, s, Vh, r: Vh[[0] * r]),
        "but not those of X, a 12 × 4 matrix: they are the smallest": pca(components=lambda X, s, Vh, r: Vh[-r:]),
        "but not those of X, a 12 × 4 matrix: you did not centre X": pca(components=lambda X, s, Vh, r: thin(X)[2][:r]),
        "but not those of X, a 12 × 4 matrix: you took the mean of each row": pca(
            components=lambda X, s, Vh, r: thin(X - by_row(X))[2][:r]
        ),
        "wrong order, or mixed": pca(components=lambda X, s, Vh, r: Vh[:r][::-1]),
        "rows and columns are exchanged": pca(components=lambda X, s, Vh, r: Vh[:, :r].T),
        "they are not the right singular vectors": pca(components=lambda X, s, Vh, r: np.eye(X.shape[1])[:r]),
        "You returned a 2 × 4 matrix; the exercise asks for 3 things": lambda X, rank: pca_by_svd(X, rank)[1],
        "You returned NaN": pca(mean=lambda X: X.mean(0) * np.nan),
    },
    "check_explained_rank": {
        "the singular values were added, not their squares": first_with,
        "one too few": lambda s, share: first_with(s**2, share) - 1,
        "one too many": lambda s, share: first_with(s**2, share) + 1,
        "counts: ≥, not >": lambda s, share: np.sum(np.cumsum(s**2) <= share * np.sum(s**2)) + 1,
        "compare by ≥, not by >": lambda s, share: np.argmax(np.cumsum(s**2) > share * np.sum(s**2)) + 1,
        "where the rest falls to `share`": lambda s, share: first_with(s**2, 1 - share),
        "the root was taken": lambda s, share: np.sum(np.sqrt(np.cumsum(s**2) / np.sum(s**2)) < share) + 1,
        "Divide by the total first": lambda s, share: np.argmax(np.cumsum(s**2) >= share) + 1,
        "share of the number of singular values": lambda s, share: int(np.ceil(share * len(s))),
        "add up the squares by hand": lambda s, share: 7,
        "a rank is a whole number": lambda s, share: (np.cumsum(s**2) / np.sum(s**2))[0],
        "length 4 of bool values; a rank": lambda s, share: np.cumsum(s**2) / np.sum(s**2) >= share,
        "You returned a vector of length 4; a rank": lambda s, share: np.cumsum(s**2),
        "index 4 is out of bounds": lambda s, share: s[[len(s)]],
    },
}  # fmt: skip


TestCheckers = checkers.of(
    svd,
    RIGHT,
    WRONG,
    calls={"check_truncation": 5, "check_range_finder": 9, "check_pca": 3, "check_explained_rank": 11},
)


def test_no_two_rank_mistakes_look_alike():
    answers = [[r for _, _, r in _cases.SHARES]]
    answers += [[rule(s, share) for s, share, _ in _cases.SHARES] for rule in _explained.RANK_MISTAKES.values()]
    assert not any(one == other for one, other in itertools.combinations(answers, 2))


def test_each_case_of_ranks_is_right():
    for s, share, r in _cases.SHARES:
        energy = np.cumsum(s**2)
        assert r == np.flatnonzero(energy >= share * energy[-1])[0] + 1
