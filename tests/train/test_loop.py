"""fit: every step once, numbered, seeded, its losses kept; it stops where a number is no number."""

import itertools
import math

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from companion import train

PAIRS = [(torch.full((5, 1), float(i)), torch.zeros(5)) for i in range(3)]


def test_batches_come_in_order_again_and_again_and_losses_are_kept(run):
    states = [(s.step, s.images) for s in train.fit(lambda x, y: x.mean(), PAIRS, run=run, steps=7)]
    assert states == [(i + 1, 5 * (i + 1)) for i in range(7)]
    (*_, state) = train.fit(lambda x, y: {"a": x.mean(), "b": 2 * x.mean()}, PAIRS, run=run, steps=7)
    assert state.losses == {"a": [0, 1, 2, 0, 1, 2, 0], "b": [0, 2, 4, 0, 2, 4, 0]}
    assert state.mean(3) == {"a": 1, "b": 2}
    assert state.rate > 0


def test_a_resumed_run_sees_the_batches_and_the_numbers_that_were_left(run):
    def step(x, y):
        return x.mean() + torch.rand(())

    (*_, whole) = train.fit(step, PAIRS, run=run, steps=7)
    torch.manual_seed(99)
    (*_, rest) = train.fit(step, PAIRS, run=run, steps=7, start=4)
    assert rest.losses["loss"] == whole.losses["loss"][4:]
    assert rest.step == 7


def test_every_step_rank_and_seed_draws_other_numbers(run):
    drawn = set()
    for seed, rank, step in itertools.product(range(3), range(3), range(10)):
        train.Runtime(run.device, run.dtype, rank, 3, seed).reseed(step)
        drawn.add(float(torch.rand((), dtype=torch.float64)))
    assert len(drawn) == 90


def test_a_data_loader_is_as_good_as_a_list(run):
    loader = DataLoader(TensorDataset(torch.arange(6.0)[:, None], torch.zeros(6)), batch_size=2)
    (*_, state) = train.fit(lambda x, y: x.mean(), loader, run=run, steps=5)
    assert state.losses["loss"] == [0.5, 2.5, 4.5, 0.5, 2.5]


@pytest.mark.parametrize(("poison", "when"), [(math.nan, 3), (math.inf, 57), (-math.inf, 99)])
def test_a_loss_that_is_no_number_stops_the_run_and_names_its_step(run, poison, when):
    counter = itertools.count()

    def step(x, y):
        return {"fine": torch.tensor(1.0), "bad": torch.tensor(poison if next(counter) >= when else 1.0)}

    with pytest.raises(
        FloatingPointError, match=rf"bad is {poison} at step {when} on process 0.*reseed\({when}\) with seed 3"
    ):
        for _ in train.fit(step, PAIRS, run=run, steps=100):
            pass


def test_it_is_silent_off_a_terminal(run, capfd):
    list(train.fit(lambda x, y: x.mean(), PAIRS, run=run, steps=3))
    assert capfd.readouterr() == ("", "")


def test_the_body_may_leave_the_loop(run):
    for state in train.fit(lambda x, y: x.mean(), PAIRS, run=run, steps=100):
        if state.step == 4:
            break
    assert len(state.losses["loss"]) == 4


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"batches": []}, ValueError, "batches is empty"),
        ({"step": 3}, TypeError, "step is a int"),
        ({"start": -1}, ValueError, "start is -1"),
    ],
)
def test_wrong_arguments_are_refused(run, options, error, words):
    given = {"step": lambda x, y: x.mean(), "batches": PAIRS, "run": run, "steps": 3} | options
    with pytest.raises(error, match=words):
        list(train.fit(**given))
