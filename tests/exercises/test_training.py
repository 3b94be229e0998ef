"""The checkers of the chapter on training: right answers pass, each wrong one is told its own mistake."""

import itertools

import checkers
import numpy as np
import pytest

from companion.exercises import training

# --- right -----------------------------------------------------------------------------------------------------------


def share_of_the_row(orders, size, step, rank, world):
    return orders.reshape(-1)[(step * world + rank) * size :][:size]


def share_by_turns(orders, size, step, rank, world):
    """Picture by picture, like cards that are dealt."""
    row = [picture for epoch in orders for picture in epoch]
    return [row[step * world * size + i * world + rank] for i in range(size)]


def share_by_companion(orders, size, step, rank, world):
    """The engine's own, with these orders in place of its own."""
    batches = pytest.importorskip("companion.data.batches")
    torch = pytest.importorskip("torch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "order", lambda n, seed, epoch: torch.tensor(orders[epoch]))
        return next(batches.Share(orders.shape[1], size, rank=rank, world=world).steps(step))


def ema_plain(average, weights, images, half_life):
    beta = 0.5 ** (images / half_life)
    return beta * average + (1 - beta) * weights


def ema_lerp(average, weights, images, half_life):
    return average + (weights - average) * -np.expm1(-np.log(2) * images / half_life)


def ema_by_companion(average, weights, images, half_life):
    torch = pytest.importorskip("torch")
    train = pytest.importorskip("companion.train")
    net = torch.nn.Module()
    net.w = torch.nn.Parameter(torch.tensor(average))
    ema = train.EMA(net, half_life=half_life, ramp=1e9)
    net.w.data = torch.tensor(weights)
    ema.update(images)
    return ema.net.w


def combine_by_loop(gradients, counts):
    total = 0
    for gradient, count in zip(gradients, counts, strict=True):
        total = total + count * gradient
    return total / sum(counts)


RIGHT = {
    "check_share": [share_of_the_row, share_by_turns, share_by_companion],
    "check_ema": [ema_plain, ema_lerp, ema_by_companion],
    "check_combine": [combine_by_loop, lambda gradients, counts: np.average(gradients, axis=0, weights=counts)],
    "check_seed": [
        lambda seed, rank, step: np.random.SeedSequence((seed, rank, step)).generate_state(1)[0],
        lambda seed, rank, step: (seed * 10**6 + rank) * 10**9 + step,
        lambda seed, rank, step: int(f"{seed + 1}{rank:05d}{step:09d}"),
    ],
}


# --- wrong -----------------------------------------------------------------------------------------------------------


def share_within_the_epoch(orders, size, step, rank, world):
    place = (step * world + rank) * size
    epoch, first = divmod(place, orders.shape[1])
    return orders[epoch, first : first + size]


def beta(formula, *, old=lambda b: b, new=lambda b: 1 - b):
    """An average with another β, or other shares."""

    def student(average, weights, images, half_life):
        b = formula(images, half_life)
        return old(b) * average + new(b) * weights

    return student


def right_beta(images, half_life):
    return 2 ** (-images / half_life)


_ticks = itertools.count()

WRONG = {
    "check_share": {
        "every process the same pictures": lambda o, size, step, rank, world: (
            o.reshape(-1)[step * size * world :][:size]
        ),
        "you took the pictures of step 0 again": lambda o, size, step, rank, world: o.reshape(-1)[rank * size :][:size],
        "not the pictures that stand there": lambda o, size, step, rank, world: (
            (step * world + rank) * size + np.arange(size)
        ),
        "you used the order of the first epoch again": lambda o, size, step, rank, world: (
            o[0][((step * world + rank) * size + np.arange(size)) % o.shape[1]]
        ),
        "to two processes": lambda o, size, step, rank, world: o.reshape(-1)[step * size * world + rank :][:size],
        "The next step begins world·size places on": lambda o, size, step, rank, world: (
            o.reshape(-1)[(step + rank) * size :][:size]
        ),
        "the slice ended with the epoch": share_within_the_epoch,
        "cut it by rank": lambda o, size, step, rank, world: o.reshape(-1)[step * size * world :][: size * world],
    },
    "check_ema": {
        "the weights did not enter": lambda a, w, images, half_life: a + 0,
        "You returned the weights themselves": lambda a, w, images, half_life: w + 0,
        "The two shares are exchanged": beta(lambda i, h: 1 - right_beta(i, h)),
        "Use powers of 2": beta(lambda i, h: np.exp(-i / h)),
        "which is 0 after one half-life": beta(lambda i, h: 1 - i / h),
        "the number of images does not enter": beta(lambda i, h: 1 - 1 / h),
        "that of one image": beta(lambda i, h: 2 ** (-1 / h)),
        "turn the fraction around": beta(lambda i, h: 2 ** (-h / i)),
        "You forgot 1 − β": beta(right_beta, new=lambda b: 1),
        "You forgot β before": beta(right_beta, old=lambda b: 1),
        "of the old average. Print your β": beta(lambda i, h: 0.8),
        "entry by entry": lambda a, w, images, half_life: (
            ema_plain(a, w, images, half_life) + np.arange(a.size).reshape(a.shape)
        ),
        "Your function changed the average": lambda a, w, images, half_life: a.__imul__(0.5) + w,
        "You returned the number": lambda a, w, images, half_life: right_beta(images, half_life),
    },
    "check_combine": {
        "You took the sum over": lambda g, c: g.sum(0),
        "You took the plain mean": lambda g, c: g.mean(0),
        "You forgot to divide by the number of all": lambda g, c: c @ g,
        "not of pictures": lambda g, c: c @ g / len(c),
        "where you should multiply": lambda g, c: (g / c[:, None]).sum(0),
        "it is the larger share": lambda g, c: (g / c[:, None]).sum(0) / (1 / c).sum(),
        "You divided the plain sum": lambda g, c: g.sum(0) / c.sum(),
        "every process must end with the same": lambda g, c: g * c[:, None] / c.sum(),
        "Think of every picture's own": lambda g, c: c @ g / c.sum() + 1,
    },
    "check_seed": {
        "in which rank plays no part": lambda seed, rank, step: seed * 10**9 + step,
        "in which step plays no part": lambda seed, rank, step: seed * 10**9 + rank,
        "in which seed plays no part": lambda seed, rank, step: rank * 10**9 + step,
        "Likely cause: the three are added": lambda seed, rank, step: seed + rank + step,
        "no clock": lambda seed, rank, step: next(_ticks),
        "You returned the number 0.5": lambda seed, rank, step: 0.5,
        "You returned the number -1": lambda seed, rank, step: -1,
        "a vector of length 3": lambda seed, rank, step: [seed, rank, step],
    },
}  # fmt: skip


TestCheckers = checkers.of(training, RIGHT, WRONG, calls={"check_ema": 3, "check_combine": 3, "check_share": 46})


@pytest.mark.parametrize(
    ("multiply", "words"), [(lambda s, r, t: s * 100 + r * 10 + t, "and for"), (lambda s, r, t: s * r * t, "and for")]
)
def test_other_collisions_are_shown(multiply, words):
    message = training.check_seed(multiply).message
    assert words in message
    assert "Keep them apart" in message
