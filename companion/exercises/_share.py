"""Two of training's checkers: who takes which pictures, and which random numbers."""

import itertools
from collections import Counter
from typing import Any

import numpy as np

from companion.exercises._words import described, plain
from companion.exercises.answers import array, ask
from companion.exercises.verdict import Wrong, exercise

_rng = np.random.default_rng(6)


def _orders(epochs: int, n: int) -> np.ndarray:
    return np.stack([_rng.permutation(n) for _ in range(epochs)])


# (orders, size, world): batches that end with the epochs; that run across their ends; that are longer than an epoch.
SHARES = ((_orders(3, 12), 3, 2), (_orders(4, 10), 3, 2), (_orders(3, 10), 4, 1), (_orders(6, 5), 2, 3))


@exercise(
    "At each step your processes take different pictures, and together each picture once an epoch.",
    "Write all epochs in one row, one after the other. Which places of that row does step 0 use, over all processes?",
    "A step uses world·size places, so step t begins at t·world·size. Where in that stretch does a process begin?",
    "orders.reshape(-1) is the row; the process begins at (step·world + rank)·size and takes `size` entries.",
)
def check_share(student: Any) -> None:
    """student(orders, size, step, rank, world) -> the `size` pictures of that process at that step."""
    for orders, size, world in SHARES:
        steps = orders.size // (size * world)
        taken = np.stack(
            [[_taken(student, orders, size, step, rank, world) for rank in range(world)] for step in range(steps)]
        )
        row = orders.reshape(-1)[: taken.size].reshape(steps, -1)
        for step in range(steps):
            if Counter(taken[step].reshape(-1).tolist()) != Counter(row[step].tolist()):
                many = f"{world} process{'es' * (world > 1)} of {size} pictures"
                mistake = _share_mistake(taken, orders, row, step)
                raise Wrong(f"With {many}, {orders.shape[1]} an epoch, at step {step}: {mistake}")


def _taken(student: Any, orders: np.ndarray, size: int, step: int, rank: int, world: int) -> np.ndarray:
    answer = ask(student, orders=orders, size=size, step=step, rank=rank, world=world)
    cause = "Likely cause: the slice ended with the epoch. Let the batch run on into the next one."
    if (x := plain(answer)) is not None and x.ndim == 1 and len(x) < size:
        raise Wrong(f"You returned {described(answer)} at step {step}; {size} pictures are needed. {cause}")
    return array(answer, "what a process takes", (size,), {(size * world,): "That is the whole step: cut it by rank."})


def _share_mistake(taken: np.ndarray, orders: np.ndarray, row: np.ndarray, step: int) -> str:
    got, n = taken[step], orders.shape[1]
    world, size = got.shape
    if world > 1 and (got == got[0]).all():
        return "you gave every process the same pictures. Let `rank` enter the place where a process begins."
    places = (step * world + np.arange(world)[:, None]) * size + np.arange(size)
    if (got == places).all() or (got == places % n).all():
        return "you returned places in the row, not the pictures that stand there. Look them up in `orders`."
    if (got == orders[0][places % n]).all():
        return "you used the order of the first epoch again. A new epoch has a new row of `orders`."
    if step and (got == taken[0]).all():
        return "you took the pictures of step 0 again. Let `step` enter the place where a process begins."
    twice = [int(picture) for picture, count in Counter(got.reshape(-1).tolist()).items() if count > 1]
    if twice and len(set(row[step].tolist())) == row.shape[1]:
        return f"you gave picture {twice[0]} to two processes. A step uses world·size places, each by one process."
    return (
        f"your processes took {sorted(map(int, got.reshape(-1)))}, and the row of all epochs has "
        f"{sorted(map(int, row[step]))} there. The next step begins world·size places on."
    )


@exercise(
    "Your number depends on (seed, rank, step) alone, and no two of them share it.",
    "Two things are needed: the same three give the same number always, and other three give another one.",
    "A sum mixes them up: 1 + 2 is 2 + 1. What would keep the three apart?",
    "np.random.SeedSequence((seed, rank, step)).generate_state(1)[0], or digits such as (seed·10⁶ + rank)·10⁹ + step.",
)
def check_seed(student: Any) -> None:
    """student(seed, rank, step) -> a whole number ≥ 0 for the random number generator."""
    grid = list(
        itertools.product((0, 1, 2, 7), (0, 1, 2, 3, 8), (0, 1, 2, 3, 10, 11, 99, 100, 101, 1000, 1001, 100_000))
    )
    numbers = [_whole(ask(student, seed=s, rank=r, step=t), (s, r, t)) for s, r, t in grid]
    for place, number in zip(grid[::7], numbers[::7], strict=True):
        again = _whole(ask(student, seed=place[0], rank=place[1], step=place[2]), place)
        if again != number:
            raise Wrong(
                f"You returned {number} for (seed, rank, step) = {place} and {again} when asked again. A resumed run "
                "must draw what the first one drew: use nothing but the three, no clock and no generator that goes on."
            )
    seen: dict[int, tuple] = {}
    for place, number in zip(grid, numbers, strict=True):
        if number in seen:
            raise Wrong(_collision(seen[number], place, number, dict(zip(grid, numbers, strict=True))))
        seen[number] = place


def _whole(answer: Any, place: tuple) -> int:
    x = plain(answer)
    if x is None or x.ndim or x.dtype.kind not in "iu" or int(x) < 0:
        wanted = "a whole number ≥ 0 of at most 64 bits is needed"
        raise Wrong(f"You returned {described(answer)} for (seed, rank, step) = {place}; {wanted}.")
    return int(x)


def _collision(one: tuple, other: tuple, number: int, table: dict[tuple, int]) -> str:
    names = ("seed", "rank", "step")
    for i, name in enumerate(names):
        others: dict[tuple, set] = {}
        for place, value in table.items():
            others.setdefault(place[:i] + place[i + 1 :], set()).add(value)
        if all(len(values) == 1 for values in others.values()):
            why = {
                "seed": "all runs would draw the same",
                "rank": "all processes would draw the same noise",
                "step": "every step would draw the same",
            }
            return f"You returned numbers in which {name} plays no part: {why[name]}."
    return (
        f"You returned {number} for (seed, rank, step) = {one} and for {other}. Likely cause: the three are added or "
        "multiplied. Keep them apart."
    )
