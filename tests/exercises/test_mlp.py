"""The checkers of the chapter on multilayer perceptrons: right answers pass, each wrong one is told its own mistake."""

import checkers
import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp, softmax

from companion.exercises import mlp

torch = pytest.importorskip("torch")
from companion.nets import mlp as nets_mlp  # noqa: E402

# --- right -----------------------------------------------------------------------------------------------------------


def loss_by_scipy(logits, y):
    log_p = log_softmax(logits, axis=1)
    return -log_p[np.arange(len(y)), y].mean(), (np.exp(log_p) - np.eye(logits.shape[1])[y]) / len(y)


def loss_in_a_loop(logits, y):
    loss, gradient = 0.0, np.zeros(logits.shape)
    for i, (z, label) in enumerate(zip(logits, y, strict=True)):
        loss += (logsumexp(z) - z[label]) / len(y)
        gradient[i] = np.exp(z - logsumexp(z)) / len(y)
        gradient[i, label] -= 1 / len(y)
    return loss, gradient


def loss_by_autograd(logits, y):
    z = torch.tensor(logits, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(z, torch.tensor(y))
    loss.backward()
    return loss, z.grad


def loss_by_companion(logits, y):
    return nets_mlp.cross_entropy(torch.tensor(logits), torch.tensor(y))


def back_plain(x, W1, b1, W2, b2, G):
    a = np.maximum(x @ W1.T + b1, 0)
    delta = (G @ W2) * (a > 0)
    return delta.T @ x, delta.sum(0), G.T @ a, G.sum(0)


def back_by_companion(x, W1, b1, W2, b2, G):
    layers = [(torch.tensor(W1), torch.tensor(b1)), (torch.tensor(W2), torch.tensor(b2))]
    (dW1, db1), (dW2, db2) = nets_mlp.backward(nets_mlp.forward(torch.tensor(x), layers), torch.tensor(G), layers)
    return dW1, db1, dW2, db2


def back_by_autograd(x, *given):
    *weights, G = (torch.tensor(array, requires_grad=True) for array in given)
    W1, b1, W2, b2 = weights
    logits = torch.relu(torch.tensor(x) @ W1.T + b1) @ W2.T + b2
    return torch.autograd.grad((G.detach() * logits).sum(), weights)


def back_row_by_row(x, W1, b1, W2, b2, G):
    found = [np.zeros_like(w) for w in (W1, b1, W2, b2)]
    for row, g in zip(x, G, strict=True):
        s = W1 @ row + b1
        down = np.where(s > 0, W2.T @ g, 0)
        for total, part in zip(found, (np.outer(down, row), down, np.outer(g, np.maximum(s, 0)), g), strict=True):
            total += part
    return found


def saw(n):
    return np.ones((n, n)), -np.arange(n), [1, *(2 * (-1) ** j for j in range(1, n))], 0


def a_unit_for_each_odd_corner(n):
    corners = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    odd = corners[corners.sum(1) % 2 == 1]
    return 2 * odd - 1, 1 - odd.sum(1), np.ones(len(odd)), 0.0


def saw_in_torch(n):
    W, b, v, c = saw(n)
    return torch.tensor(W), torch.tensor(b), torch.tensor(v), torch.tensor(float(c))


def he_normal(inputs, outputs, rng):
    return rng.standard_normal((outputs, inputs)) * np.sqrt(2 / inputs)


def he_uniform(inputs, outputs, rng):
    return rng.uniform(-1, 1, (outputs, inputs)) * np.sqrt(6 / inputs)


def he_signs(inputs, outputs, rng):
    return rng.choice([-1, 1], (outputs, inputs)) * np.sqrt(2 / inputs)


def he_by_companion(inputs, outputs, rng):
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    return nets_mlp.start(inputs, outputs, generator=generator)[0][0]


RIGHT = {
    "check_cross_entropy": [loss_by_scipy, loss_in_a_loop, loss_by_autograd, loss_by_companion],
    "check_backward": [back_plain, back_by_companion, back_by_autograd, back_row_by_row],
    "check_parity": [saw, a_unit_for_each_odd_corner, saw_in_torch],
    "check_start": [he_normal, he_uniform, he_signs, he_by_companion],
}


# --- wrong -----------------------------------------------------------------------------------------------------------


def one_hot(logits, y):
    return np.eye(logits.shape[1])[y]


def rows(y):
    return np.arange(len(y))


def the_loss(change):
    """A right gradient, and what `change` makes of the logarithms, the labels and the logits."""
    return lambda logits, y: (change(log_softmax(logits, axis=1), y, logits), loss_by_scipy(logits, y)[1])


def the_gradient(change):
    def student(logits, y):
        return loss_by_scipy(logits, y)[0], change(softmax(logits, axis=1), one_hot(logits, y), len(y), logits)

    return student


def naive(logits, y):
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return -np.log(p)[rows(y), y].mean(), (p - one_hot(logits, y)) / len(y)


def shifted_naive(logits, y):
    p = softmax(logits, axis=1)
    return -np.log(p)[rows(y), y].mean(), (p - one_hot(logits, y)) / len(y)


def with_epsilon(logits, y):
    p = softmax(logits, axis=1)
    return -np.log(p + 1e-9)[rows(y), y].mean(), (p - one_hot(logits, y)) / len(y)


def twice(p, hot):
    q = softmax(p, axis=1) - hot
    return p * (q - (q * p).sum(1, keepdims=True))


def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))


def back_with(change):
    """The right backward pass with what `change` puts in place of some gradients."""

    def student(x, W1, b1, W2, b2, G):
        right = dict(zip(("dW1", "db1", "dW2", "db2"), back_plain(x, W1, b1, W2, b2, G), strict=True))
        sums = x @ W1.T + b1
        return tuple((right | change(x, sums, np.maximum(sums, 0), G, W2)).values())

    return student


def back_delta(change):
    def gradients(x, sums, a, G, W2):
        delta = change(x, sums, a, G, W2)
        return {"dW1": delta.T @ x, "db1": delta.sum(0)}

    return back_with(gradients)


def bias_delta(change):
    return back_with(lambda x, sums, a, G, W2: {"db1": change(x, sums, a, G, W2).sum(0)})


def square_only(wrong):
    """Wrong only where shapes do not tell."""

    def student(x, W1, b1, W2, b2, G):
        right = back_plain(x, W1, b1, W2, b2, G)
        return wrong(x, W1, b1, W2, b2, G) if x.shape == W1.shape == W2.shape else right

    return student


def transposed_w2(x, W1, b1, W2, b2, G):
    a = np.maximum(x @ W1.T + b1, 0)
    delta = (G @ W2.T) * (a > 0)
    return delta.T @ x, delta.sum(0), G.T @ a, G.sum(0)


def parity_with(change):
    return lambda n: change(n, *map(np.asarray, saw(n)))


def by_variance(variance):
    return lambda inputs, outputs, rng: rng.standard_normal((outputs, inputs)) * np.sqrt(variance(inputs, outputs))


WRONG = {
    "check_cross_entropy": {
        "You exchanged the two": lambda logits, y: loss_by_companion(logits, y)[::-1],
        "infinity (nan); the loss must be finite": naive,
        "infinity (inf); the loss must be finite": shifted_naive,
        "hides how wrong the network is": with_epsilon,
        "you added over the rows. Take the mean": the_loss(lambda p, y, z: -p[rows(y), y].sum()),
        "the sign is turned: the logarithm": the_loss(lambda p, y, z: p[rows(y), y].mean()),
        "divided by all n·k entries": the_loss(lambda p, y, z: -(one_hot(z, y) * p).mean()),
        "to base 2": the_loss(lambda p, y, z: -p[rows(y), y].mean() / np.log(2)),
        "the logarithm is missing.": the_loss(lambda p, y, z: (1 - np.exp(p[rows(y), y])).mean()),
        "you averaged the probabilities.": the_loss(lambda p, y, z: -np.exp(p[rows(y), y]).mean()),
        "averaged the probabilities before": the_loss(lambda p, y, z: -np.log(np.exp(p[rows(y), y]).mean())),
        "that is softmax twice": the_loss(lambda p, y, z: -log_softmax(np.exp(p), axis=1)[rows(y), y].mean()),
        "softmax over the rows. For each": the_loss(lambda p, y, z: -log_softmax(z, axis=0)[rows(y), y].mean()),
        "sigmoid of its own. The softmax": the_loss(lambda p, y, z: np.logaddexp(0, -z[rows(y), y]).mean()),
        "averaged over all classes": the_loss(lambda p, y, z: -p.mean()),
        "log Σ exp is missing": the_loss(lambda p, y, z: -z[rows(y), y].mean()),
        "minus the mean of log p at each row's class": the_loss(lambda p, y, z: 7.0),
        "it points uphill": the_gradient(lambda p, hot, n, z: (hot - p) / n),
        "sum over the rows. Divide by n": the_gradient(lambda p, hot, n, z: p - hot),
        "the one-hot row is missing": the_gradient(lambda p, hot, n, z: p / n),
        "minus the one-hot row alone": the_gradient(lambda p, hot, n, z: -hot / n),
        "you divided by n·k. The loss": the_gradient(lambda p, hot, n, z: (p - hot) / z.size),
        "the gradient by the probabilities": the_gradient(lambda p, hot, n, z: -hot / p / n),
        "it is that of softmax twice": the_gradient(lambda p, hot, n, z: twice(p, hot) / n),
        "softmax over the rows: axis=1": the_gradient(lambda p, hot, n, z: (softmax(z, axis=0) - hot) / n),
        "you subtracted 1 everywhere": the_gradient(lambda p, hot, n, z: (p - 1) / n),
        "your gradient is wrong: each logit went": the_gradient(lambda p, hot, n, z: (sigmoid(z) - hot) / n),
        "Its rows sum to 0": the_gradient(lambda p, hot, n, z: p * p),
        "not only for that of the class": the_gradient(lambda p, hot, n, z: (p - hot).sum(1)),
        "the exercise asks for 2 things: return the loss, the gradient": lambda logits, y: 1.0,
    },
    "check_backward": {
        "your ∂W1 is wrong: the bend is missing": back_delta(lambda x, s, a, G, W2: G @ W2),
        "bent the gradient itself": back_delta(lambda x, s, a, G, W2: np.maximum(G @ W2, 0)),
        "you multiplied by a.": back_delta(lambda x, s, a, G, W2: (G @ W2) * a),
        "the bend is turned round": back_delta(lambda x, s, a, G, W2: (G @ W2) * (a == 0)),
        "you took the sign of the sums": back_delta(lambda x, s, a, G, W2: (G @ W2) * np.sign(s)),
        "∂W1 is wrong: you divided by": back_delta(lambda x, s, a, G, W2: (G @ W2) * (s > 0) / len(G)),
        "the slope is that of tanh": back_delta(lambda x, s, a, G, W2: (G @ W2) * (1 - a**2)),
        "W2 is transposed": square_only(transposed_w2),
        "it is transposed: δᵀx": square_only(lambda *given: (back_plain(*given)[0].T, *back_plain(*given)[1:])),
        "hidden values in place of x.": square_only(
            back_with(lambda x, s, a, G, W2: {"dW1": ((G @ W2) * (a > 0)).T @ a})
        ),
        "you looked at x > 0": square_only(back_with(lambda x, s, a, G, W2: {"dW1": ((G @ W2) * (x > 0)).T @ x})),
        "it must be δᵀx": back_with(lambda x, s, a, G, W2: {"dW1": np.ones((s.shape[1], x.shape[1]))}),
        "your ∂b1 is wrong: the bend is missing": bias_delta(lambda x, s, a, G, W2: G @ W2),
        "your ∂b1 is wrong: you divided by the number of rows": bias_delta(
            lambda x, s, a, G, W2: (G @ W2) * (s > 0) / len(G)
        ),
        "you added the columns of δ": square_only(
            back_with(lambda x, s, a, G, W2: {"db1": ((G @ W2) * (a > 0)).sum(1)})
        ),
        "it must be Σδ": back_with(lambda x, s, a, G, W2: {"db1": np.ones(s.shape[1])}),
        "it is transposed: Gᵀa": square_only(back_with(lambda x, s, a, G, W2: {"dW2": a.T @ G})),
        "sums before the bend": back_with(lambda x, s, a, G, W2: {"dW2": G.T @ s}),
        "[a > 0] in place of a": back_with(lambda x, s, a, G, W2: {"dW2": G.T @ (a > 0)}),
        "∂W2 is wrong: you divided": back_with(lambda x, s, a, G, W2: {"dW2": G.T @ a / len(x)}),
        "you took x in place": square_only(back_with(lambda x, s, a, G, W2: {"dW2": G.T @ x})),
        "it must be Gᵀa, a =": back_with(lambda x, s, a, G, W2: {"dW2": np.ones_like(W2)}),
        "you took the mean of the rows": back_with(lambda x, s, a, G, W2: {"db2": G.mean(0)}),
        "you added the columns. Add": square_only(back_with(lambda x, s, a, G, W2: {"db2": G.sum(1)})),
        "every bias the sum of all": back_with(lambda x, s, a, G, W2: {"db2": np.full(G.shape[1], G.sum())}),
        "it is 1 for every row": back_with(lambda x, s, a, G, W2: {"db2": np.full(G.shape[1], len(G))}),
        "the sum of the rows of G": back_with(lambda x, s, a, G, W2: {"db2": 3 * G.sum(0)}),
        "Sum it over the rows, axis=0": back_with(lambda x, s, a, G, W2: {"db2": G.sum(1)}),
        "in the order ∂W1, ∂b1, ∂W2, ∂b2": lambda *given: back_plain(*given)[2:] + back_plain(*given)[:2],
        "rows and columns exchanged": lambda *given: tuple(np.transpose(g) for g in back_plain(*given)),
    },
    "check_parity": {
        "it says the same at every corner": lambda n: (np.zeros((1, n)), np.zeros(1), np.ones(1), 0.5),
        "odd and even are exchanged": parity_with(lambda n, W, b, v, c: (W, b, -v, 1 - c)),
        "your border is 0": parity_with(lambda n, W, b, v, c: (W, b, v, c - 0.5)),
        "a weighted sum, without a bend": parity_with(lambda n, W, b, v, c: (W, np.abs(b), v, c)),
        "that is OR": parity_with(lambda n, W, b, v, c: (W[:2], b[:2], [1, -1], c)),
        "that is AND": lambda n: (np.ones((1, n)), [1 - n], [1], 0),
        "up to two ones it is right. For 3 bits": lambda n: (np.ones((2, n)), [0, -1], [1, -2], 0),
        "see where it should turn": lambda n: (np.eye(n)[:1] - np.eye(n)[1:2], [0], [1], 0),
        "a vector with one entry per hidden unit": parity_with(lambda n, W, b, v, c: (W, W, v, c)),
        "W for 2 bits and your 2 hidden units must be": parity_with(lambda n, W, b, v, c: (W[:, :1], b, v, c)),
        "v for your 2 hidden units": parity_with(lambda n, W, b, v, c: (W, b, v[:1], c)),
        "c must be one number": parity_with(lambda n, W, b, v, c: (W, b, v, b)),
        "return W, b, v, c": lambda n: saw(n)[:3],
    },
    "check_start": {
        "All your weights are 0. Then": lambda i, o, rng: np.zeros((o, i)),
        "All your weights are 0.1": lambda i, o, rng: np.full((o, i), 0.1),
        "the same weights for two different generators": lambda i, o, rng: he_normal(i, o, np.random.default_rng(0)),
        "all rows are the same": lambda i, o, rng: np.tile(he_normal(i, 1, rng), (o, 1)),
        "all columns are the same": lambda i, o, rng: np.tile(rng.standard_normal((o, 1)), (1, i)),
        "the mean must be 0": lambda i, o, rng: np.abs(he_normal(i, o, rng)),
        "that is 1/inputs": by_variance(lambda i, o: 1 / i),
        "2/inputs as the standard deviation": by_variance(lambda i, o: 4 / i**2),
        "you counted the outputs": by_variance(lambda i, o: 2 / o),
        "that is Glorot's": by_variance(lambda i, o: 2 / (i + o)),
        "variance a²/3": lambda i, o, rng: rng.uniform(-1, 1, (o, i)) * np.sqrt(2 / i),
        "torch's default": lambda i, o, rng: rng.uniform(-1, 1, (o, i)) / np.sqrt(i),
        "that is 1. Each sum": lambda i, o, rng: rng.standard_normal((o, i)),
        "the root once too often": by_variance(lambda i, o: np.sqrt(2 / i)),
        "the variance must be 2/inputs = 0.005": by_variance(lambda i, o: 1e-4),
        "rows and columns exchanged": lambda i, o, rng: he_normal(i, o, rng).T,
    },
}


TestCheckers = checkers.of(
    mlp,
    RIGHT,
    WRONG,
    calls={"check_cross_entropy": 5, "check_backward": 3, "check_parity": 3},
)
