"""The checkers of the chapter on low rank: right answers pass, each wrong one is told its own mistake."""

import itertools

import checkers
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from companion.exercises import _lowrank_cases, lowrank  # noqa: E402
from companion.nets import lowrank as nets_lowrank  # noqa: E402

# --- right -----------------------------------------------------------------------------------------------------------


def split(W, rank):
    U, s, Vh = np.linalg.svd(W, full_matrices=False)
    return U[:, :rank] * s[:rank], Vh[:rank]


def split_balanced(W, rank):
    U, s, Vh = np.linalg.svd(W)
    root = np.sqrt(s[:rank])
    return [U[:, :rank] * root, root[:, None] * Vh[:rank]]


def split_by_projection(W, rank):
    B = np.linalg.eigh(W @ W.T)[1][:, -rank:]
    return B, B.T @ W


def split_by_companion(W, rank):
    layer = torch.nn.Linear(*W.shape[::-1], dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(W))
    made = nets_lowrank.dense(layer, rank)
    return made[1].weight, made[0].weight


def on_data(W, X, rank):
    V = np.linalg.svd(X @ W.T, full_matrices=False)[2][:rank].T
    return V, V.T @ W


def on_data_by_whitening(W, X, rank):
    """The SVD of W C^½, and back by the pseudo-inverse."""
    values, Q = np.linalg.eigh(X.T @ X)
    root = (Q * np.sqrt(np.maximum(values, 0))) @ Q.T
    U, s, Vh = np.linalg.svd(W @ root, full_matrices=False)
    return U[:, :rank] * s[:rank], Vh[:rank] @ np.linalg.pinv(root, rcond=1e-6)


def on_data_in_torch(W, X, rank):
    W, X = (torch.tensor(t, dtype=torch.float32) for t in (W, X))
    V = torch.linalg.svd(X @ W.T, full_matrices=False)[2][:rank].T
    return V, V.T @ W


def products(c, o, k, rank, size):
    return (size - k + 1) ** 2 * rank * (c * k * k + o)


def products_by_counting(c, o, k, rank, size):
    total = 0
    for _ in itertools.product(range(size - k + 1), repeat=2):
        total += rank * c * k**2 + o * rank
    return total


def products_by_companion(c, o, k, rank, size):
    return nets_lowrank.counts(torch.nn.Conv2d(c, o, k), "channels", rank, (size, size)).products


def gradients(W, A, B, x, g, scale):
    M = g.T @ x
    return scale * B.T @ M, scale * M @ A.T


def gradients_thin(W, A, B, x, g, scale):
    """Without ever making a matrix of W's size."""
    return scale * (g @ B).T @ x, scale * g.T @ (x @ A.T)


def gradients_by_autograd(W, A, B, x, g, scale):
    W, A, B, x, g = (torch.tensor(t) for t in (W, A, B, x, g))
    A.requires_grad_()
    B.requires_grad_()
    return torch.autograd.grad((x @ (W + scale * B @ A).T * g).sum(), (A, B))


RIGHT = {
    "check_split": [split, split_balanced, split_by_projection, split_by_companion],
    "check_on_data": [on_data, on_data_by_whitening, on_data_in_torch],
    "check_products": [products, products_by_counting, products_by_companion, lambda *a: float(products(*a))],
    "check_update_gradients": [gradients, gradients_thin, gradients_by_autograd],
}


# --- wrong -----------------------------------------------------------------------------------------------------------


def of_svd(rule):
    """rule(U, s, Vh, rank) of W's SVD."""

    def student(W, *rest):
        return rule(*np.linalg.svd(W, full_matrices=False), rest[-1])

    return student


def of_outputs(rule):
    """rule(V, W, rank), V the right singular vectors of XWᵀ as rows."""
    return lambda W, X, rank: rule(np.linalg.svd(X @ W.T, full_matrices=False)[2], W, rank)


def on_inputs(W, X, rank):
    Z = np.linalg.svd(X, full_matrices=False)[2][:rank]
    return W @ Z.T, Z


def on_centred(W, X, rank):
    V = np.linalg.svd((X - X.mean(0)) @ W.T, full_matrices=False)[2][:rank].T
    return V, V.T @ W


def counted(rule):
    """rule(places, c, o, k, r, size)."""
    return lambda c, o, k, r, size: rule((size - k + 1) ** 2, c, o, k, r, size)


def changed(in_a=lambda a: a, in_b=lambda b: b):
    """The right gradients, changed."""

    def student(W, A, B, x, g, scale):
        a, b = gradients(W, A, B, x, g, scale)
        return in_a(a), in_b(b)

    return student


def changes_w(W, rank):
    W -= W.mean()
    return split(W, rank)


WRONG = {
    "check_split": {
        "the singular values are missing": of_svd(lambda U, s, Vh, r: (U[:, :r], Vh[:r])),
        "stand in both B and A": of_svd(lambda U, s, Vh, r: (U[:, :r] * s[:r], s[:r, None] * Vh[:r])),
        "in one of the two only": of_svd(lambda U, s, Vh, r: (U[:, :r] * s[:r] ** 0.5, Vh[:r])),
        "you kept the smallest": of_svd(lambda U, s, Vh, r: (U[:, -r:] * s[-r:], Vh[-r:])),
        "you took columns of W": lambda W, r: (W[:, :r], np.eye(r, W.shape[1])),
        "you took rows of W": lambda W, r: (np.eye(len(W), r), W[:r]),
        "A is not right": lambda W, r: (split(W, r)[0], split(W, r)[1][:, ::-1]),
        "is possible": lambda W, r: split(W[::-1], r),
        "B and A are exchanged": lambda W, r: split(W, r)[::-1],
        "rows of Vh, not columns": lambda W, r: (split(W, r)[0], split(W, r)[1].T),
        "Cut Vh to its first": lambda W, r: (split(W, r)[0], np.linalg.svd(W)[2]),
        "Cut U to its first": lambda W, r: (np.linalg.svd(W)[0], split(W, r)[1]),
        "return B, A": lambda W, r: split(W, r)[0] @ split(W, r)[1],
        "changed the W": changes_w,
        "returned None": lambda W, r: None,
    },
    "check_on_data": {
        "the data make no difference": lambda W, X, r: split(W, r),
        "principal directions of the inputs": on_inputs,
        "you kept the last directions": of_outputs(lambda V, W, r: (V[-r:].T, V[-r:] @ W)),
        "you took the mean off first": on_centred,
        "multiply it by W": of_outputs(lambda V, W, r: (V[:r].T, V[:r] @ np.eye(*W.shape))),
        "your outputs miss by": of_outputs(lambda V, W, r: (V[:r].T, 0.9 * V[:r] @ W)),
        "B and A are exchanged": lambda W, X, r: on_data(W, X, r)[::-1],
        "return B, A": lambda W, X, r: np.linalg.multi_dot(on_data(W, X, r)),
        "returned None": lambda W, X, r: None,
    },
    "check_products": {
        "that is the whole layer": counted(lambda n, c, o, k, r, size: n * c * o * k * k),
        "you count weights, for one place": counted(lambda n, c, o, k, r, size: r * (c * k * k + o)),
        "size − k + 1 places along a side, not size": counted(
            lambda n, c, o, k, r, size: size**2 * r * (c * k * k + o)
        ),
        "the + 1 is missing": counted(lambda n, c, o, k, r, size: (size - k) ** 2 * r * (c * k * k + o)),
        "the places lie in a plane": counted(lambda n, c, o, k, r, size: (size - k + 1) * r * (c * k * k + o)),
        "the second layer is missing": counted(lambda n, c, o, k, r, size: n * r * c * k * k),
        "the first layer is missing": counted(lambda n, c, o, k, r, size: n * r * o),
        "no k² there": counted(lambda n, c, o, k, r, size: n * r * k * k * (c + o)),
        "k² weights for each channel": counted(lambda n, c, o, k, r, size: n * r * (c * k + o)),
        "add their costs": counted(lambda n, c, o, k, r, size: n * r * c * k * k * o),
        "as two": counted(lambda n, c, o, k, r, size: 2 * n * r * (c * k * k + o)),
        "on the maps of the first": counted(lambda n, c, o, k, r, size: n * r * c * k * k + size**2 * r * o),
        "biases are no products": counted(lambda n, c, o, k, r, size: n * (r * (c * k * k + o) + o)),
        "Count what one place costs": lambda c, o, k, r, size: c + o + k + r + size,
        "near, but not exact": lambda *a: products(*a) + 1,
        "must be one number": counted(lambda n, c, o, k, r, size: (n, r)),
        "returned None": lambda *given: None,
    },
    "check_update_gradients": {
        "Your ∂A is wrong: the scale is missing": lambda W, A, B, x, g, s: gradients(W, A, B, x, g, 1.0),
        "Your ∂B is wrong: the scale is missing": lambda W, A, B, x, g, s: (
            gradients(W, A, B, x, g, s)[0],
            g.T @ x @ A.T,
        ),
        "the scale stands there twice": lambda W, A, B, x, g, s: gradients(W, A, B, x, g, s * s),
        "Your ∂A is wrong: the sign": changed(np.negative),
        "Your ∂B is wrong: the sign": changed(in_b=np.negative),
        "twice too large": changed(lambda a: 2 * a, lambda b: 2 * b),
        "no mean over the rows": lambda W, A, B, x, g, s: gradients(W, A, B, x, g / len(g), s),
        "not at B = 0": changed(np.zeros_like),
        "W plays no part": lambda W, A, B, x, g, s: (
            gradients(W, A, B, x, g, s)[0] + A,
            gradients(W, A, B, x, g, s)[1],
        ),
        "yours are exchanged": lambda W, A, B, x, g, s: gradients(W, A, B, x, g, s)[::-1],
        "A transpose is missing": lambda W, A, B, x, g, s: [t.T for t in gradients(W, A, B, x, g, s)][::-1],
        "the gradient by W": lambda W, A, B, x, g, s: (g.T @ x, g.T @ x),
        "by finite differences": changed(lambda a: a + 1),
        "return ∂A, ∂B": lambda W, A, B, x, g, s: gradients(W, A, B, x, g, s)[0],
        "returned None": lambda *given: None,
    },
}


TestCheckers = checkers.of(
    lowrank,
    RIGHT,
    WRONG,
    calls={"check_split": 4, "check_on_data": 3, "check_products": 4, "check_update_gradients": 3},
)


def test_every_case_of_the_data_tells_the_mistakes_apart():
    """Whoever ignores the data, or looks at the inputs, misses in each case."""
    for W, X, rank in _lowrank_cases.SEEN:
        errors = [
            np.linalg.norm(X @ (W - np.linalg.multi_dot(rule(W, X, rank))).T)
            for rule in (on_data, on_inputs, lambda W, X, r: split(W, r))
        ]
        assert min(errors[1:]) > 1.01 * errors[0]
