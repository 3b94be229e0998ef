"""The checkers of the chapter on tri-factorization: right answers pass, each wrong one is told its own mistake."""

import checkers
import numpy as np
import pytest

from companion.exercises import _tricases, trifactor
from companion.matrix import trifactor as matrix_trifactor

# --- right -----------------------------------------------------------------------------------------------------------


def gradients(X, K, W, H, b):
    R = K * (X - W @ H @ W.T - b)
    return -2 * (R @ W @ H.T + R.T @ W @ H), -2 * W.T @ R @ W, -2 * np.sum(R)


def gradients_by_entries(X, K, W, H, b):
    R = np.where(K, X - W @ H @ W.T - b, 0)
    return (
        -2 * (np.einsum("ij,jb,ab->ia", R, W, H) + np.einsum("ij,ia,ab->jb", R, W, H)),
        -2 * np.einsum("ia,ij,jb->ab", W, R, W),
        np.array([-2 * R.sum()]).sum(),
    )


def gradients_by_autograd(X, K, W, H, b):
    torch = pytest.importorskip("torch")
    X, K, W, H, b = (torch.tensor(x, dtype=torch.float32) for x in (X, K, W, H, b))
    leaves = [x.requires_grad_() for x in (W, H, b)]
    (K * (X - W @ H @ W.T - b) ** 2).sum().backward()
    return [x.grad for x in leaves]


def gradients_of_a_filled_table(X, K, W, H, b):
    """Unknown entries taken from the model have no residual: the gradients of the whole table are those asked for."""
    return matrix_trifactor.gradients(np.where(K, X, W @ H @ W.T + b), W, H, b)


def loss(XW, total, energy, W, H, b):
    G, q = W.T @ W, W.sum(axis=0)
    cross = np.sum(XW * (W @ H)) + b * total
    return energy - 2 * cross + np.sum((G @ H) * (H @ G)) + 2 * b * (q @ H @ q) + b**2 * len(W) ** 2


def loss_of_the_model(XW, total, energy, W, H, b):
    M = W @ H @ W.T + b
    return energy - 2 * (np.trace(H.T @ W.T @ XW) + b * total) + np.linalg.norm(M) ** 2


def backtrack(loss, fall, t):
    while loss(t) >= loss(0) - 1e-4 * t * fall:
        t = t / 2
    return t


def backtrack_by_search(loss, fall, t):
    return next(t / 2**k for k in range(60) if loss(0) - loss(t / 2**k) > 1e-4 * fall * t / 2**k)


def canonical(W, H):
    Q, T = np.linalg.qr(W)
    C = T @ H @ T.T
    values, V = np.linalg.eigh((C + C.T) / 2)
    V = V[:, np.argsort(-np.abs(values))]
    return Q @ V, V.T @ C @ V


def canonical_by_svd(W, H):
    Q, s, Vh = np.linalg.svd(W, full_matrices=False)
    T = s[:, None] * Vh
    values, V = np.linalg.eigh(T @ (H + H.T) @ T.T)
    V = -V[:, np.argsort(-np.abs(values))]
    return [Q @ V, V.T @ T @ H @ T.T @ V]


RIGHT = {
    "check_gradients": [gradients, gradients_by_entries, gradients_by_autograd, gradients_of_a_filled_table],
    "check_loss": [loss, loss_of_the_model],
    "check_backtracking": [backtrack, backtrack_by_search],
    "check_canonical": [canonical, canonical_by_svd,
                        lambda W, H: matrix_trifactor.TriFactors(W, H, np.zeros(()), np.zeros(1)).canonical()[:2]],
}  # fmt: skip

# --- wrong -----------------------------------------------------------------------------------------------------------


def with_part(which, change):
    """The gradients with one of them changed: change(its right value, X, W, H, R)."""

    def student(X, K, W, H, b):
        answer, R = list(gradients(X, K, W, H, b)), K * (X - W @ H @ W.T - b)
        answer[which] = change(answer[which], X, W, H, R)
        return tuple(answer)

    return student


def unmasked(which, half=False):
    """The gradients with one of them made from a residual that has not, or not wholly, been masked."""

    def student(X, K, W, H, b):
        answer, everywhere = list(gradients(X, K, W, H, b)), np.ones_like(K)
        answer[which] = gradients(K * X if half else X, everywhere, W, H, b)[which]
        return tuple(answer)

    return student


def by_w(change):
    return with_part(0, lambda right, X, W, H, R: change(X, W, H, R))


def with_loss(change):
    """The loss plus change(XW, W, H, b)."""

    def student(XW, total, energy, W, H, b):
        return loss(XW, total, energy, W, H, b) + change(XW, total, W, H, b)

    return student


def met(W, H, b):
    q = W.sum(axis=0)
    return b * (q @ H @ q)


def any_decrease(loss, fall, t):
    while loss(t) >= loss(0):
        t = t / 2
    return t


def asking(promise):
    """The first of t, t/2, … where the loss falls by more than promise(t) times the slope."""

    def student(loss, fall, t):
        while loss(t) > loss(0) - promise(t) * fall:
            t = t / 2
        return t

    return student


def halved(change):
    """Q and C from W = QT by C = change(H, T)."""

    def student(W, H):
        Q, T = np.linalg.qr(W)
        return Q, change(H, T)

    return student


def turned(order, *, Q_too=True, transpose=False):
    def student(W, H):
        Q, T = np.linalg.qr(W)
        C = T @ H @ T.T
        values, V = np.linalg.eigh((C + C.T) / 2)
        V = V[:, order(values)]
        C = V.T @ C @ V
        return Q @ V if Q_too else Q, C.T if transpose else C

    return student


def exchanged(W, H):
    Q, C = halved(lambda H, T: T @ H @ T.T)(W, H)
    values, V = np.linalg.eigh((C + C.T) / 2)
    V = V[:, by_size(values)]
    return Q @ V, V @ C @ V.T


def by_size(values):
    return np.argsort(-np.abs(values))


WRONG = {
    "check_gradients": {
        "a second term is missing: RᵀWH": by_w(lambda X, W, H, R: -2 * R @ W @ H.T),
        "a second term is missing: RWHᵀ": with_part(0, lambda right, X, W, H, R: -2 * R.T @ W @ H),
        "right for symmetric X and H only": by_w(lambda X, W, H, R: -4 * R @ W @ H.T),
        "the sign is wrong. R holds −WHWᵀ: more W": by_w(lambda X, W, H, R: 2 * (R @ W @ H.T + R.T @ W @ H)),
        "your ∂W is wrong: the factor 2": by_w(lambda X, W, H, R: -(R @ W @ H.T + R.T @ W @ H)),
        "the transposes of H are exchanged": by_w(lambda X, W, H, R: -2 * (R @ W @ H + R.T @ W @ H.T)),
        "both terms hold H: R goes with Hᵀ": by_w(lambda X, W, H, R: -2 * (R + R.T) @ W @ H),
        "you have R in both": by_w(lambda X, W, H, R: -2 * (R @ W @ H.T + R @ W @ H)),
        "your ∂H is wrong: the bias is missing": lambda X, K, W, H, b: (
            gradients(X, K, W, H, b)[0],
            *gradients(X, K, W, H, 0)[1:],
        ),
        "your ∂W is wrong: the bias is missing": lambda X, K, W, H, b: gradients(X, K, W, H, 0),
        "made from X where R belongs": lambda X, K, W, H, b: (
            -2 * ((K * X) @ W @ H.T + (K * X).T @ W @ H),
            *gradients(X, K, W, H, b)[1:],
        ),
        "your ∂W is wrong: what X holds where it is unknown takes part": unmasked(0),
        "your ∂W is wrong: K is applied to X alone": unmasked(0, half=True),
        "your ∂H is wrong: what X holds where it is unknown takes part": unmasked(1),
        "your ∂H is wrong: K is applied to X alone": unmasked(1, half=True),
        "your ∂b is -27.6412: what X holds": unmasked(2),
        "your ∂W is wrong: it is a mean. The": lambda X, K, W, H, b: [g / X.size for g in gradients(X, K, W, H, b)],
        "your ∂W is wrong: it is a mean over the known entries": lambda X, K, W, H, b: [
            g / K.sum() for g in gradients(X, K, W, H, b)
        ],
        "Move one entry of W by 1e-6": by_w(lambda X, W, H, R: W),
        "your ∂H is wrong: the factor 2": with_part(1, lambda right, *_: right / 2),
        "your ∂H is wrong: the sign": with_part(1, lambda right, *_: -right),
        "it is transposed: −2WᵀRW": with_part(1, lambda right, *_: right.T),
        "your ∂H is wrong: it is a mean": with_part(1, lambda right, X, *_: right / X.size),
        "Move one entry of H": with_part(1, lambda right, X, W, H, R: H),
        "multiply by Wᵀ from the left": with_part(1, lambda right, X, W, H, R: R),
        "your ∂b is 25.1689: the sign": with_part(2, lambda right, *_: -right),
        "your ∂b is -12.5845: the factor 2": with_part(2, lambda right, *_: right / 2),
        "b is in all known entries: add them up": with_part(2, lambda right, X, W, H, R: -2 * R.mean()),
        "it has the sum of |R|": with_part(2, lambda right, X, W, H, R: -2 * np.abs(R).sum()),
        "b enters every known entry of R": with_part(2, lambda right, *_: 0.0),
        "for one b that all entries share, must be one number": with_part(
            2, lambda right, X, W, H, R: -2 * R.sum(axis=1)
        ),
        "are the gradients in the order W, H, b?": lambda X, K, W, H, b: (*gradients(X, K, W, H, b)[1::-1], 0.0),
        "asks for 3 things": lambda X, K, W, H, b: gradients(X, K, W, H, b)[0],
        "shapes that do not fit": lambda X, K, W, H, b: (W @ H.T @ W, H, b),
        "changed the W it was given": lambda X, K, W, H, b: W.__isub__(1) is W and gradients(X, K, W, H, b),
    },
    "check_loss": {
        "that is the root": lambda *given: loss(*given) ** 0.5,
        "that is the mean": lambda *given: loss(*given) / len(given[0]) ** 2,
        "the bias is missing": lambda *given: loss(*given[:-1], 0.0),
        "the factor 2 before ⟨X, WHWᵀ + b⟩": with_loss(lambda XW, total, W, H, b: np.sum(XW * (W @ H)) + b * total),
        "b·ΣX, the part": with_loss(lambda XW, total, W, H, b: 2 * b * total),
        "the sign of 2⟨X, WHWᵀ + b⟩": with_loss(lambda XW, total, W, H, b: 4 * (np.sum(XW * (W @ H)) + b * total)),
        "‖WHWᵀ + b‖² is missing": with_loss(lambda XW, total, W, H, b: -np.sum((W @ H @ W.T + b) ** 2)),
        "the term 2b·qᵀHq": with_loss(lambda XW, total, W, H, b: -2 * met(W, H, b)),
        "the factor 2 of the term b·qᵀHq": with_loss(lambda XW, total, W, H, b: -met(W, H, b)),
        "not once, or n times": with_loss(lambda XW, total, W, H, b: b**2 * (len(W) - len(W) ** 2)),
        "yours counts once": with_loss(lambda XW, total, W, H, b: b**2 * (1 - len(W) ** 2)),
        "with Hᵀ in its place": with_loss(lambda XW, total, W, H, b: 2 * np.sum(XW * (W @ (H - H.T)))),
        "that holds for orthonormal W only": with_loss(
            lambda XW, total, W, H, b: np.sum(H**2) - np.linalg.norm(W @ H @ W.T) ** 2
        ),
        "Yours is Σ (GH)∘(GH)": with_loss(
            lambda XW, total, W, H, b: np.sum((W.T @ W @ H) ** 2) - np.linalg.norm(W @ H @ W.T) ** 2
        ),
        "Work with b = 0 first": lambda *given: given[2],
        "must be one number": lambda *given: given[0],
    },
    "check_backtracking": {
        "there the loss is 1524, higher than 4 at 0": lambda loss, fall, t: t,
        "by 9.83e-05 only, less than": any_decrease,
        "by 0.000726 only, less than": asking(lambda t: 1e-5 * t),
        "you returned 0.25: right, but too short": asking(lambda t: 1e-3 * t),
        "The promise grows with t": asking(lambda t: 1e-4),
        "you returned 0.5: right, but too short": lambda loss, fall, t: backtrack(loss, fall, t) / 2,
        "that is the loss at the end": lambda loss, fall, t: loss(backtrack(loss, fall, t)),
        "you returned 0.3: that is none of 1, 0.5, 0.25": lambda loss, fall, t: 0.3,
        "you returned 2: that is none of": lambda loss, fall, t: 2 * t,
        "a step's length is positive": lambda loss, fall, t: -t,
        "there the loss is 5.25, higher than 4": lambda loss, fall, t: (
            2 * backtrack(loss, fall, t) if t == 1 and fall > 2 else backtrack(loss, fall, t)
        ),
        "must be one number": lambda loss, fall, t: [t, t / 2],
        "`return` is missing": lambda loss, fall, t: None,
    },
    "check_canonical": {
        "You returned W as it is": lambda W, H: (W, H),
        "each was divided by its own length": lambda W, H: (W / np.linalg.norm(W, axis=0), H),
        "Your Q is not orthonormal: QᵀQ": lambda W, H: (2 * W, H / 4),
        "C is H as it was": halved(lambda H, T: H),
        "only the left factor": halved(lambda H, T: T @ H),
        "only the right factor": halved(lambda H, T: H @ T.T),
        "the transposes are exchanged: C = THTᵀ": halved(lambda H, T: T.T @ H @ T),
        "C is transposed": halved(lambda H, T: T @ H.T @ T.T),
        "only the symmetric part was kept": halved(lambda H, T: T @ (H + H.T) @ T.T / 2),
        "the inverse of T entered": halved(lambda H, T: np.linalg.inv(T) @ H @ np.linalg.inv(T).T),
        "the transposes of V are exchanged": exchanged,
        "C was turned and Q was not": turned(by_size, Q_too=False),
        "WB goes with B⁻¹HB⁻ᵀ": halved(lambda H, T: np.eye(len(H))),
        "spans something else than W": lambda W, H: (np.eye(*W.shape), H),
        "off its diagonal; there it must be zero": halved(lambda H, T: T @ H @ T.T),
        "they must fall": turned(np.argsort),
        "mode='reduced'": lambda W, H: (np.linalg.qr(W, mode="complete")[0], H),
        "not the product": lambda W, H: (np.linalg.qr(W)[0], W @ H @ W.T),
        "asks for 2 things": lambda W, H: np.linalg.qr(W)[0],
    },
}


TestCheckers = checkers.of(
    trifactor,
    RIGHT,
    WRONG,
    calls={"check_gradients": 4, "check_loss": 4, "check_backtracking": 8, "check_canonical": 4},
)


def test_each_case_of_a_step_is_right():
    for loss_along, fall, first, right in _tricases.WAYS:
        assert backtrack(loss_along, fall, first) == right
        h = 1e-7
        assert (loss_along(0) - loss_along(h)) / h == pytest.approx(fall, rel=1e-2)
