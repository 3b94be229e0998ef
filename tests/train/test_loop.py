"""fit: every step once, numbered, seeded, its losses kept; it stops where a number is no number."""

import itertools
import math

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

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


@pytest.mark.parametrize("start", [0, 2])
@pytest.mark.parametrize(("poison", "when"), [(math.nan, 3), (math.inf, 57), (-math.inf, 99)])
def test_a_loss_that_is_no_number_stops_the_run_and_names_its_step(run, poison, when, start):
    counter, states = itertools.count(start), []

    def step(x, y):
        return {"fine": torch.tensor(1.0), "bad": torch.tensor(poison if next(counter) >= when else 1.0)}

    with pytest.raises(
        FloatingPointError, match=rf"bad is {poison} at step {when} on process 0.*reseed\({when}\) with seed 3"
    ):
        states.extend(train.fit(step, PAIRS, run=run, steps=100, start=start))
    assert len(states) == when - start, "the body did not see the bad step, and could not save it"
    assert states[0].losses["bad"][-1] == pytest.approx(poison, nan_ok=True), "the losses are still there to look at"


@pytest.mark.parametrize(("steps", "done"), [(200, 100), (62, 62)])
def test_on_a_gpu_the_losses_are_looked_at_every_fifty_steps_and_at_the_end(run, steps, done):
    """A runtime that says it is one: nothing here asks the device itself."""
    far = train.Runtime(torch.device("cuda"), torch.float32, 0, 1, 3)
    counter, seen = itertools.count(), []

    def step(x):
        return {"a": torch.tensor(1.0)} | ({"b": torch.tensor(math.nan)} if next(counter) in (60, 61) else {})

    with pytest.raises(FloatingPointError, match="b is nan at step 60 on process 0"):
        seen.extend(state.step for state in train.fit(step, [torch.zeros(2)], run=far, steps=steps))
    assert next(counter) == done


def test_losses_may_be_numbers_of_python_and_come_now_and_then(run):
    def step(x):
        return {"always": 0.5} | ({"even": int(x[0])} if int(x[0]) % 2 == 0 else {})

    (*_, state) = train.fit(step, [torch.full((3,), float(i)) for i in range(6)], run=run, steps=6)
    assert state.losses == {"always": [0.5] * 6, "even": [0, 2, 4]}
    assert state.mean(2) == {"always": 0.5, "even": 3}


def test_losses_keep_their_precision(run):
    third = torch.tensor(1 / 3, dtype=torch.float64, requires_grad=True)
    (*_, state) = train.fit(lambda x: third * 1, [torch.zeros(1)], run=run, steps=1)
    assert state.losses["loss"] == [1 / 3]


def test_a_sampler_is_told_each_epoch(run):
    class Sampler:
        def __init__(self):
            self.told = []

        def set_epoch(self, epoch):
            self.told.append(epoch)

    class Loader(list):
        sampler = Sampler()

    list(train.fit(torch.sum, Loader([torch.ones(2), torch.ones(2)]), run=run, steps=5))
    assert Loader.sampler.told == [0, 1, 2]


def test_a_stream_that_ends_is_told(run):
    class Short:
        def stream(self, start):
            return iter([torch.ones(2)])

    with pytest.raises(ValueError, match="the stream of batches ended at step 1 of 3; one without end is needed"):
        list(train.fit(torch.sum, Short(), run=run, steps=3))


def test_a_dict_of_parts_is_a_batch_and_its_rows_are_counted(run):
    batches = [{"a": torch.ones(14, 2), "b": torch.ones(14)}]
    (state,) = train.fit(lambda batch: batch["a"].sum(), batches, run=run, steps=1)
    assert state.images == 14


def test_where_nothing_is_left_to_do_nothing_is_yielded(run):
    assert list(train.fit(torch.sum, [torch.ones(2)], run=run, steps=3, start=3)) == []


def test_it_is_silent_off_a_terminal(run, capfd):
    list(train.fit(lambda x, y: x.mean(), PAIRS, run=run, steps=3))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("bar", "rank", "disable"), [(True, 0, None), (False, 0, True), (True, 1, True), (False, 1, True)]
)
def test_one_process_shows_a_bar_if_it_is_wanted(run, monkeypatch, bar, rank, disable):
    """disable=None leaves it to tqdm, which asks whether there is a terminal."""
    asked = []

    class Bar(list):
        def __init__(self, numbers, **options):
            super().__init__(numbers)
            asked.append(options["disable"])

        def set_postfix_str(self, *_, **__): ...

    monkeypatch.setattr("companion.train.loop.tqdm", Bar)
    where = train.Runtime(run.device, run.dtype, rank, 1, 0)
    list(train.fit(torch.sum, [torch.ones(2)], run=where, steps=1, bar=bar))
    assert asked == [disable]


def test_the_body_may_leave_the_loop(run):
    for state in train.fit(lambda x, y: x.mean(), PAIRS, run=run, steps=100):
        if state.step == 4:
            break
    assert len(state.losses["loss"]) == 4


class Shuffled(Dataset):
    """Rows that are noisy each time they are read, as augmented pictures are."""

    def __len__(self):
        return 7

    def __getitem__(self, i):
        return i + torch.rand(())


@pytest.mark.parametrize("start", [0, 2, 4, 5, 9])
def test_a_shuffling_loader_is_resumed_to_the_last_bit(run, start):
    """Its order and its noise come from torch's own numbers, which `fit` fixes."""

    def step(x):
        return {"sum": x.sum(), "own": torch.rand(())}

    loader = DataLoader(Shuffled(), batch_size=2, shuffle=True)
    (*_, whole) = train.fit(step, loader, run=run, steps=10)
    torch.manual_seed(1)
    (*_, rest) = train.fit(step, loader, run=run, steps=10, start=start)
    assert rest.losses == {name: values[start:] for name, values in whole.losses.items()}
    assert len(set(whole.losses["sum"])) == 10


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"step": lambda x, y: x}, TypeError, r"step returned a tensor of shape \(5, 1\); one scalar"),
        ({"step": lambda x, y: None}, TypeError, "step returned None; one scalar, or scalars by name, are needed"),
        ({"step": lambda x, y: {"a": "b"}}, TypeError, "step returned {a: 'b'}"),
        ({"steps": 0}, ValueError, "steps is 0; a whole number of steps, ≥ 1"),
        ({"steps": 2.5}, ValueError, r"steps is 2\.5"),
        ({"batches": []}, ValueError, "batches is empty"),
        ({"step": 3}, TypeError, "step is a int"),
        ({"start": -1}, ValueError, "start is -1"),
    ],
)
def test_wrong_arguments_are_refused(run, options, error, words):
    given = {"step": lambda x, y: x.mean(), "batches": PAIRS, "run": run, "steps": 3} | options
    with pytest.raises(error, match=words):
        list(train.fit(**given))
