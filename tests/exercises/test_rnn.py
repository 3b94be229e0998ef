"""The checkers of the chapter on recurrent networks: right answers pass, each wrong one is told its own mistake."""

import checkers
import numpy as np
import torch
from torch import nn

from companion.exercises import rnn
from companion.nets import rnn as nets_rnn

# --- right -----------------------------------------------------------------------------------------------------------


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def unroll_plain(x, W, U, b, h):
    states = [h]
    for x_t in x:
        states.append(np.tanh(x_t @ W.T + states[-1] @ U.T + b))
    return np.stack(states)


def unroll_in_place(x, W, U, b, h):
    states = np.empty((len(x) + 1, *h.shape))
    states[0] = h
    for t in range(len(x)):
        for i in range(len(h)):
            states[t + 1, i] = np.tanh(W @ x[t, i] + U @ states[t, i] + b)
    return states


def unroll_by_companion(x, W, U, b, h):
    cell = nets_rnn.Elman(*(torch.tensor(w) for w in (W, U, b)))
    return nets_rnn.unroll(torch.tensor(x), cell, torch.tensor(h))


def unroll_by_torch(x, W, U, b, h):
    layer = nn.RNN(W.shape[1], len(b)).double()
    with torch.no_grad():
        for parameter, value in zip(layer.parameters(), (W, U, b, 0 * b), strict=True):
            parameter.copy_(torch.tensor(value))
    out, _ = layer(torch.tensor(x), torch.tensor(h)[None])
    return np.concatenate([h[None], out.detach().numpy()])


def back_plain(x, states, W, U, g):
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros(len(U))
    for t in reversed(range(len(x))):
        delta = g * (1 - states[t + 1] ** 2)
        dW, dU, db, g = dW + delta.T @ x[t], dU + delta.T @ states[t], db + delta.sum(axis=0), delta @ U
    return dW, dU, db, g


def back_by_companion(x, states, W, U, g):
    x, states, W, U, g = map(torch.tensor, (x, states, W, U, g))
    gradient = torch.zeros_like(states[1:])
    gradient[-1] = g
    found = nets_rnn.through_time(x, states, nets_rnn.Elman(W, U, torch.zeros(len(U)).double()), gradient)
    return [*found.cell, found.h0]


def back_by_autograd(x, states, W, U, g):
    """b is not given: the states tell it."""
    x, states, g = map(torch.tensor, (x, states, g))
    W, U, h = (torch.tensor(w, requires_grad=True) for w in (W, U, states[0].numpy()))
    b = (torch.atanh(states[1]) - x[0] @ W.T - h @ U.T)[0].detach().requires_grad_()
    last = h
    for x_t in x:
        last = torch.tanh(x_t @ W.T + last @ U.T + b)
    return torch.autograd.grad((last * g).sum(), (W, U, b, h))


def clip_plain(gradients, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    return [g * min(1, max_norm / norm) if norm > 0 else g for g in gradients]


def clip_with_epsilon(gradients, max_norm):
    """As torch does, whose 1e-6 shortens a little more than needed."""
    norm = np.linalg.norm([np.linalg.norm(g) for g in gradients])
    return tuple(g * np.minimum(1, max_norm / (norm + 1e-6)) for g in gradients)


def clip_by_torch(gradients, max_norm):
    parameters = [nn.Parameter(torch.zeros(g.shape).double()) for g in gradients]
    for parameter, g in zip(parameters, gradients, strict=True):
        parameter.grad = torch.tensor(g)
    nn.utils.clip_grad_norm_(parameters, max_norm)
    return [parameter.grad for parameter in parameters]


def lstm_plain(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W.T + h @ U.T + b, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def lstm_by_companion(*given):
    x, h, c, W, U, b = map(torch.tensor, given)
    return nets_rnn.lstm_step(x, h, c, (W, U, b))


def lstm_by_torch(x, h, c, W, U, b):
    cell = nn.LSTMCell(W.shape[1], h.shape[1]).double()
    with torch.no_grad():
        for parameter, value in zip(cell.parameters(), (W, U, b, 0 * b), strict=True):
            parameter.copy_(torch.tensor(value))
    return cell(torch.tensor(x), (torch.tensor(h), torch.tensor(c)))


RIGHT = {
    "check_unroll": [unroll_plain, unroll_in_place, unroll_by_companion, unroll_by_torch],
    "check_through_time": [back_plain, back_by_companion, back_by_autograd],
    "check_clip": [clip_plain, clip_with_epsilon, clip_by_torch],
    "check_lstm_step": [lstm_plain, lstm_by_companion, lstm_by_torch],
}


# --- wrong -----------------------------------------------------------------------------------------------------------


def unroll(*, start=lambda h: h, bend=np.tanh, W=lambda W: W.T, U=lambda U: U.T, b=1, order=1, keep=0):
    """A recurrence with one part of it wrong."""

    def student(x, W_, U_, b_, h):
        states = [start(h)]
        for x_t in x[::order]:
            states.append(keep * states[-1] + bend(x_t @ W(W_) + states[-1] @ U(U_) + b * b_))
        return np.stack(states)

    return student


def unroll_from_first(x, W, U, b, h):
    return np.stack([h, *(np.tanh(x_t @ W.T + h @ U.T + b) for x_t in x)])


def unroll_across(x, W, U, b, h):
    """Sequences taken for moments, where the shapes allow it."""
    return unroll_plain(x.swapaxes(0, 1) if x.shape[0] == x.shape[1] else x, W, U, b, h)


def unroll_square(x, W, U, b, h):
    return unroll_plain(x, W.T if W.shape[0] == W.shape[1] else W, U, b, h)


def unroll_noisy(x, W, U, b, h):
    states = unroll_plain(x, W, U, b, h)
    states[-1] += 0.1
    return states


def back(*, slope=lambda before, after: 1 - after**2, previous=lambda before, after: before,
         through=lambda delta, U: delta @ U, divide=lambda x: 1, again=0):  # fmt: skip
    """Gradients through time with one part of them wrong."""

    def student(x, states, W, U, g):
        dW, dU, db, first = np.zeros_like(W), np.zeros_like(U), np.zeros(len(U)), g
        for t in reversed(range(len(x))):
            delta = g * slope(states[t], states[t + 1])
            dW += delta.T @ x[t] / divide(x)
            dU += delta.T @ previous(states[t], states[t + 1]) / divide(x)
            db += delta.sum(axis=0) / divide(x)
            g = through(delta, U) + (again * first if t else 0)
        return dW, dU, db, g

    return student


def back_at(t):
    """The weights' gradients of one moment only; the state's of that moment, too, for the last one."""

    def student(x, states, W, U, g):
        for s in reversed(range(len(x))):
            delta = g * (1 - states[s + 1] ** 2)
            found, g = (delta.T @ x[s], delta.T @ states[s], delta.sum(0)), delta @ U
            if s == t % len(x):
                break
        return *found, g

    return student


def back_early(x, states, W, U, g):
    """dh without the last multiplication by U."""
    found = back_plain(x, states, W, U, g)
    for t in reversed(range(len(x))):
        delta = g * (1 - states[t + 1] ** 2)
        g = delta @ U
    return *found[:3], delta


def part(k, change):
    """The right gradients but for one."""

    def student(x, states, W, U, g):
        found = list(back_plain(x, states, W, U, g))
        found[k] = change(found[k], g)
        return found

    return student


def by_moment(x, states, W, U, g):
    found = [back_plain(x[t : t + 1], states[t : t + 2], W, U, g)[0] for t in range(len(x))]
    return np.stack(found), *back_plain(x, states, W, U, g)[1:]


def scaled(factor):
    def student(gradients, max_norm):
        norm = np.linalg.norm(np.concatenate([g.ravel() for g in gradients]))
        return [g * factor(norm, max_norm, gradients) if norm > 0 else g for g in gradients]

    return student


def flat(gradients):
    return np.concatenate([g.ravel() for g in gradients])


def each_alone(gradients, max_norm):
    return [g * min(1, max_norm / max(np.linalg.norm(g), 1e-12)) for g in gradients]


def clip_nan(gradients, max_norm):
    norm = np.linalg.norm(flat(gradients))
    return [g * np.minimum(1, np.float64(max_norm) / norm * (norm / norm)) for g in gradients]


def lstm(order="ifgo", i=sigmoid, f=sigmoid, g=np.tanh, o=sigmoid, keep=lambda f, c: f * c,
         write=lambda i, f, g: i * g, show=lambda o, new, old: o * np.tanh(new), W=1, U=1, b=1,
         back=lambda h, c: (h, c)):  # fmt: skip
    """A cell with one part of it wrong."""

    def student(x, h, c, W_, U_, b_):
        blocks = np.split(W * x @ W_.T + U * h @ U_.T + b * b_, 4, axis=1)
        gates = {name: {"i": i, "f": f, "g": g, "o": o}[name](a) for name, a in zip(order, blocks, strict=True)}
        new = keep(gates["f"], c) + write(gates["i"], gates["f"], gates["g"])
        return back(show(gates["o"], new, c), new)

    return student


WRONG = {
    "check_unroll": {
        "One is missing: the first": lambda *given: unroll_plain(*given)[1:],
        "Keep all of them, one for each": lambda *given: unroll_plain(*given)[-1],
        "Moments come first": lambda *given: unroll_plain(*given).swapaxes(0, 1),
        "Keep the sequences apart": lambda *given: unroll_plain(*given).mean(1),
        "you began with zeros": unroll(start=lambda h: 0 * h),
        "you forgot the tanh": unroll(bend=lambda a: a),
        "you took a sigmoid": unroll(bend=sigmoid),
        "you took ReLU": unroll(bend=lambda a: np.maximum(a, 0)),
        "you multiplied by U where": unroll(U=lambda U: U),
        "your bias is missing": unroll(b=0),
        "U is missing": unroll(U=lambda U: 0 * U),
        "W is missing": unroll(W=lambda W: 0 * W.T),
        "you made every state from the first": unroll_from_first,
        "you read the sequence from its end": unroll(order=-1),
        "your states are in the reverse order": lambda *given: unroll_plain(*given)[::-1],
        "you added the old state": unroll(keep=1),
        "you took sequences for moments": unroll_across,
        "you multiplied by W where": unroll_square,
        "your first state is not the h": unroll(start=lambda h: h + 1),
        "your first state is right and a later": unroll_noisy,
    },
    "check_through_time": {
        "your slope of the tanh is missing": back(slope=lambda before, after: 1),
        "your slope is that of the state before": back(slope=lambda before, after: 1 - before**2),
        "your slope is 1 − h. The square": back(slope=lambda before, after: 1 - after),
        "your slope is that of the sigmoid": back(slope=lambda before, after: after * (1 - after)),
        "your dU takes the states after": back(previous=lambda before, after: after),
        "you went back through U transposed": back(through=lambda delta, U: delta @ U.T),
        "you went back without U": back(through=lambda delta, U: delta),
        "those of the last moment alone": back_at(-1),
        "those of the first moment alone": back_at(0),
        "you added g at every moment": back(again=1),
        "you divided by the number of sequences": back(divide=lambda x: x.shape[1]),
        "you took means over the moments": back(divide=len),
        "your dU is transposed": part(1, lambda dU, g: dU.T),
        "your dh is g as it was given": part(3, lambda dh, g: g),
        "your dh stops one step early": back_early,
        "your signs are turned": lambda *given: tuple(-a for a in back_plain(*given)),
        "your dU is wrong, the rest is right: dW, db, dh": part(1, lambda dU, g: dU + 1),
        "your dW and db are wrong, the rest": lambda *given: (
            lambda dW, dU, db, dh: (dW + 1, dU, db + 1, dh)
        )(*back_plain(*given)),
        "Begin with a sequence of one moment": lambda *given: tuple(a + 1 for a in back_plain(*given)),
        "Sum over the moments": by_moment,
        "Sum over the sequences too": part(2, lambda db, g: np.tile(db / len(g), (len(g), 1))),
        "the exercise asks for 4 things": lambda *given: back_plain(*given)[:3],
    },
    "check_clip": {
        "you returned them unchanged": lambda gradients, max_norm: gradients,
        "you cut every entry": lambda gradients, max_norm: [g.clip(-max_norm, max_norm) for g in gradients],
        "you clipped each array on its own": each_alone,
        "you scaled up what was short": scaled(lambda norm, limit, gradients: limit / norm),
        "you scaled to length 1": scaled(lambda norm, limit, gradients: 1 / norm),
        "you forgot the root": scaled(lambda norm, limit, gradients: min(1, limit / norm**2)),
        "you added the norms": scaled(
            lambda norm, limit, gradients: min(1, limit / sum(np.linalg.norm(g) for g in gradients))
        ),
        "you took the largest entry": scaled(lambda norm, limit, gradients: min(1, limit / abs(flat(gradients)).max())),
        "the largest of the arrays' norms": scaled(
            lambda norm, limit, gradients: min(1, limit / max(np.linalg.norm(g) for g in gradients))
        ),
        "the sum of the absolute values": scaled(
            lambda norm, limit, gradients: min(1, limit / abs(flat(gradients)).sum())
        ),
        "the root of the mean square": scaled(
            lambda norm, limit, gradients: min(1, limit / np.sqrt((flat(gradients) ** 2).mean()))
        ),
        "the quotient is upside down": scaled(lambda norm, limit, gradients: max(1, norm / limit)),
        "gradients that are all zero you returned NaN": clip_nan,
        "all must be multiplied by the same": scaled(lambda norm, limit, gradients: min(0.9, 0.9 * limit / norm)),
        "the exercise asks for 2 things": lambda gradients, max_norm: flat(clip_plain(gradients, max_norm)),
        "gradient 1 must be a 2 × 2": lambda gradients, max_norm: [g.ravel() for g in clip_plain(gradients, max_norm)],
    },
    "check_lstm_step": {
        "you returned c before h": lstm(back=lambda h, c: (c, h)),
        "you exchanged input and forget gate": lstm("figo"),
        "you exchanged candidate and output gate": lstm("ifog"),
        "in the order f, i, o, g": lstm("fiog"),
        "your candidate has a sigmoid": lstm(g=sigmoid),
        "your candidate has no bend": lstm(g=lambda a: a),
        "your gates have tanh": lstm(i=np.tanh, f=np.tanh, o=np.tanh),
        "your gates have no sigmoid": lstm(i=lambda a: a, f=lambda a: a, o=lambda a: a),
        "The tanh of c is missing": lstm(show=lambda o, new, old: o * new),
        "The output gate is missing": lstm(show=lambda o, new, old: np.tanh(new)),
        "your h is made from the old c": lstm(show=lambda o, new, old: o * np.tanh(old)),
        "your forget gate is turned round": lstm(keep=lambda f, c: (1 - f) * c),
        "the forget gate is missing": lstm(keep=lambda f, c: c),
        "the input gate is missing": lstm(write=lambda i, f, g: g),
        "you took 1 − f for the input gate": lstm(write=lambda i, f, g: (1 - f) * g),
        "your old c is lost": lstm(keep=lambda f, c: 0 * c),
        "your bias is missing": lstm(b=0),
        "your gates do not see h": lstm(U=0),
        "your gates do not see x": lstm(W=0),
        "your c is right and your h is not": lstm(show=lambda o, new, old: o * sigmoid(new)),
        "Print i, f, g and o one by one": lstm("ogfi"),
        "Sequences come first": lambda *given: tuple(np.tile(a.T, (4, 1)) for a in lstm_plain(*given)),
        "Split the four blocks": lambda x, h, c, W, U, b: (x @ W.T + h @ U.T + b, c),
        "the exercise asks for 2 things": lambda *given: lstm_plain(*given)[0],
    },
}  # fmt: skip


TestCheckers = checkers.of(
    rnn, RIGHT, WRONG, calls={"check_unroll": 4, "check_through_time": 4, "check_clip": 5, "check_lstm_step": 3}
)
