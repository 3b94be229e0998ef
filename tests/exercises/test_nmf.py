"""The checkers of the chapter on NMF: right answers pass, each wrong one is told its own mistake."""

import checkers
import numpy as np
import pytest

from companion.exercises import _factors, nmf
from companion.matrix import nmf as matrix_nmf

# --- right -----------------------------------------------------------------------------------------------------------


def mu_by_lines(X, W, H):
    return H * (W.T @ X) / (W.T @ W @ H + 1e-16)


def mu_by_loops(X, W, H):
    above, below, new = W.T @ X, (W.T @ W) @ H, H.copy()
    for i, j in np.ndindex(*H.shape):
        new[i, j] *= above[i, j] / below[i, j]
    return new


def mu_in_torch(X, W, H):
    torch = pytest.importorskip("torch")
    X, W, H = (torch.as_tensor(a) for a in (X, W, H))
    return H * (W.T @ X) / (W.T @ W @ H)


def hals_by_residual(X, W, H):
    H = H.copy()
    for row in range(len(H)):
        rest = X - W @ H + np.outer(W[:, row], H[row])
        H[row] = np.maximum(W[:, row] @ rest / (W[:, row] @ W[:, row]), 0)
    return H


def scaled_by_lines(W, H):
    s = H.sum(axis=1)
    s[s == 0] = 1
    return W * s, H / s[:, None]


def scaled_with_diagonals(W, H):
    D = np.diag(np.where(H.any(1), H.sum(1), 1))
    return [W @ D, np.linalg.inv(D) @ H]


def half_by_lines(u, sigma, v):
    halves = [(np.maximum(e * u, 0), np.maximum(e * v, 0)) for e in (1, -1)]
    a, b = max(halves, key=lambda pair: np.linalg.norm(pair[0]) * np.linalg.norm(pair[1]))
    return sigma * a, b


def half_by_the_matrix(u, sigma, v):
    """By what is left of the matrix itself, in the scale of NNDSVD."""
    T = sigma * np.outer(u, v)
    halves = [T * np.outer(e * u > 0, e * v > 0) for e in (1, -1)]
    U, s, Vh = np.linalg.svd(max(halves, key=np.linalg.norm))
    return np.abs(U[:, 0]) * s[0] ** 0.5, np.abs(Vh[0]) * s[0] ** 0.5


RIGHT = {
    "check_multiplicative_step": [
        mu_by_lines, mu_by_loops, mu_in_torch,
        lambda X, W, H: matrix_nmf.multiplicative(X.T, H.shape[0], init=(H.T.copy(), W.T.copy()), extrapolate=False,
                                                  max_iter=1, tol=0).W.T,
    ],
    "check_hals_step": [hals_by_residual, matrix_nmf.hals_step, _factors.swept],
    "check_normalized": [scaled_by_lines, scaled_with_diagonals],
    "check_signless_term": [half_by_lines, half_by_the_matrix],
}  # fmt: skip

# --- wrong -----------------------------------------------------------------------------------------------------------


def slope(X, W, H):
    return W.T @ X - W.T @ W @ H


def squares(W):
    return np.diag(W.T @ W)[:, None]


def scale_rows(scale, *, back=True):
    """H over some scale, W times it."""

    def student(W, H):
        s = scale(H)
        return (W * np.ravel(s) if back and np.size(s) == len(H) else W), H / s

    return student


def sums(H):
    return np.where(H.any(1), H.sum(1), 1)[:, None]


def safe(scale):
    return lambda H: np.where(H.any(1, keepdims=True), scale(H), 1)


def half(pick, *, power=1.0, u_of=np.asarray, rescale=False):
    def student(u, sigma, v):
        halves = [(np.maximum(e * u, 0), np.maximum(e * v, 0)) for e in (1, -1)]
        a, b = pick(halves, u, v)
        if rescale:
            a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
        return sigma**power * a, b

    return student


def larger(halves, u, v):
    return max(halves, key=lambda pair: np.linalg.norm(pair[0]) * np.linalg.norm(pair[1]))


WRONG = {
    "check_multiplicative_step": {
        "upside down": lambda X, W, H: H * (W.T @ W @ H) / (W.T @ X),
        "H itself is missing": lambda X, W, H: (W.T @ X) / (W.T @ W @ H),
        "with a root": lambda X, W, H: H * np.sqrt((W.T @ X) / (W.T @ W @ H)),
        "the Kullback–Leibler divergence": lambda X, W, H: H * (W.T @ (X / (W @ H))) / W.sum(0)[:, None],
        "you added the quotient": lambda X, W, H: H + (W.T @ X) / (W.T @ W @ H),
        "H is missing in the denominator": lambda X, W, H: H * (W.T @ X) / (W.T @ W).sum(1, keepdims=True),
        "with a step of 1": lambda X, W, H: H + slope(X, W, H),
        "H unchanged": lambda X, W, H: H,
        "one step of HALS": hals_by_residual,
        "entry by entry. It is 1": lambda X, W, H: H * 2,
        "never shrink": lambda X, W, H: H * np.maximum((W.T @ X) / (W.T @ W @ H), 1),
        "the new H alone": lambda X, W, H: (W, mu_by_lines(X, W, H)),
        "That is the shape of W": lambda X, W, H: W * (X @ H.T) / (W @ H @ H.T),
        "multiplied by Wᵀ": lambda X, W, H: X / (W @ H),
        "changed the H it was given": lambda X, W, H: np.multiply(H, (W.T @ X) / (W.T @ W @ H), out=H),
        "shapes that do not fit": lambda X, W, H: H @ (W.T @ X),
        "rows and columns exchanged": lambda X, W, H: mu_by_lines(X, W, H).T,
        "NaN or infinity": lambda X, W, H: H * np.log(-(W.T @ X)),
    },
    "check_hals_step": {
        "computed from the old ones": lambda X, W, H: np.maximum(H + slope(X, W, H) / squares(W), 0),
        "the maximum with 0 is missing": lambda X, W, H: _factors.swept(X, W, H, low=-np.inf),
        "from the last row to the first": lambda X, W, H: _factors.swept(X, W, H, order=-1),
        "division by (WᵀW)_ll is missing": lambda X, W, H: np.maximum(H + slope(X, W, H), 0),
        "a length where its square": lambda X, W, H: np.maximum(H + slope(X, W, H) / squares(W) ** 0.5, 0),
        "sign of the gradient": lambda X, W, H: np.maximum(H - slope(X, W, H) / squares(W), 0),
        "solved for all rows at once": lambda X, W, H: np.maximum(np.linalg.pinv(W) @ X, 0),
        "H unchanged": lambda X, W, H: H,
        "a multiplicative update": mu_by_lines,
        "own part is missing": lambda X, W, H: _factors.swept(X, W, H, own=0.0),
        "once, at the end": lambda X, W, H: np.maximum(_factors.swept(X, W, H, low=-np.inf), 0),
        "half of the way": lambda X, W, H: _factors.swept(X, W, H, share=0.5),
        "forgot to divide": lambda X, W, H: _factors.swept(X, W, H, divide=False),
        "two sweeps": lambda X, W, H: hals_by_residual(X, W, hals_by_residual(X, W, H)),
        "negative entries. Take the maximum": lambda X, W, H: np.linalg.pinv(W) @ X,
        "what the last row must be": lambda X, W, H: 2 * hals_by_residual(X, W, H),
        "the new H alone": lambda X, W, H: (W, hals_by_residual(X, W, H)),
        "That is the shape of W": lambda X, W, H: matrix_nmf.hals_step(X.T, H.T.copy(), W.T.copy()).T,
    },
    "check_normalized": {
        "W was left as it was": scale_rows(sums, back=False),
        "you divided the columns of W too": lambda W, H: (W / sums(H)[:, 0], H / sums(H)),
        "normalized by themselves": lambda W, H: (W / W.sum(0), H / sums(H)),
        "whatever divides row l": lambda W, H: (W * sums(H)[::-1, 0], H / sums(H)),
        "the largest entry of each row": scale_rows(safe(lambda H: H.max(1, keepdims=True))),
        "the length of each row": scale_rows(safe(lambda H: np.linalg.norm(H, axis=1, keepdims=True))),
        "normalized the columns of H": scale_rows(lambda H: H.sum(0, keepdims=True)),
        "the sum of all entries": scale_rows(lambda H: H.sum()),
        "H as it was": lambda W, H: (W, H),
        "Print H.sum(axis=1)": lambda W, H: (W / 3, 3 * H),
        "a dead component": lambda W, H: (W * H.sum(1), H / H.sum(1, keepdims=True)),
        "filled a row of H": lambda W, H: (W * sums(H)[:, 0], np.where(H.any(1, keepdims=True), H / sums(H), 0.25)),
        "2 things": lambda W, H: H / sums(H),
        "Yours is transposed": lambda W, H: (W * sums(H)[:, 0], (H / sums(H)).T),
    },
    "check_signless_term": {
        "sigma is missing": half(larger, power=0),
        "sigma entered twice": half(larger, power=2),
        "sigma entered three times": half(larger, power=3),
        "sigma entered as its root": half(larger, power=0.5),
        "you took absolute values": lambda u, sigma, v: (sigma * np.abs(u), np.abs(v)),
        "that is the smaller half": half(lambda halves, u, v: halves[0]),
        "to the size of the whole term": half(larger, rescale=True),
        "positive part of one vector with the negative": half(lambda halves, u, v: (halves[0][0], halves[1][1])),
        "negative part of one vector with the positive": half(lambda halves, u, v: (halves[1][0], halves[0][1])),
        "negative entries; both": lambda u, sigma, v: (sigma * u, v),
        "the four norms": lambda u, sigma, v: (np.ones_like(u), np.ones_like(v)),
        "2 things": lambda u, sigma, v: sigma * np.outer(np.maximum(u, 0), np.maximum(v, 0)),
        "a vector of length 4; w must be": lambda u, sigma, v: (np.maximum(v, 0), np.maximum(u, 0)),
    },
}  # fmt: skip


TestCheckers = checkers.of(
    nmf,
    RIGHT,
    WRONG,
    calls={"check_multiplicative_step": 4, "check_hals_step": 4, "check_normalized": 4, "check_signless_term": 5},
)


@pytest.mark.parametrize("case", range(4))
def test_the_starts_tell_growing_from_shrinking(case):
    X, W, H = _factors.FITS[case]
    quotient = (W.T @ X) / (W.T @ W @ H)
    assert 0.2 < np.mean(quotient > 1) < 0.8


def test_choosing_by_one_vector_alone_is_caught():
    for which in (0, 1):
        verdict = nmf.check_signless_term(
            half(lambda halves, u, v, which=which: max(halves, key=lambda pair: np.linalg.norm(pair[which])))
        )
        assert "smaller half" in verdict.message
