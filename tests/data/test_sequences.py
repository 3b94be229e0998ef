"""Pictures as sequences: every pixel at its moment; and the adding problem as it is defined."""

import itertools

import numpy as np
import pytest
import torch

from companion import train
from companion.data.sequences import Adding, as_sequence


@pytest.fixture
def x():
    """Two pictures of three channels, 4 high, 5 wide; every number differs."""
    return torch.arange(2 * 3 * 4 * 5, dtype=torch.float32).reshape(2, 3, 4, 5)


def test_a_row_is_a_moment_with_all_its_channels(x):
    rows = as_sequence(x)
    assert rows.shape == (2, 4, 15)
    for t in range(4):
        assert rows[1, t].tolist() == [float(x[1, c, t, j]) for j in range(5) for c in range(3)]


def test_a_pixel_is_a_moment_row_by_row(x):
    pixels = as_sequence(x, "pixels")
    assert pixels.shape == (2, 20, 3)
    for i, j in itertools.product(range(4), range(5)):
        assert torch.equal(pixels[0, 5 * i + j], x[0, :, i, j])


@pytest.mark.parametrize("by", ["rows", "pixels"])
def test_one_permutation_serves_all_pictures(x, by):
    plain = as_sequence(x, by)
    order = torch.randperm(plain.shape[1], generator=torch.Generator().manual_seed(0))
    shuffled = as_sequence(x, by, order)
    for t, source in enumerate(order.tolist()):
        assert torch.equal(shuffled[:, t], plain[:, source])
    assert torch.equal(as_sequence(x, by, torch.arange(len(order))), plain)


def test_bytes_stay_bytes():
    assert as_sequence(torch.zeros(1, 1, 28, 28, dtype=torch.uint8), "pixels").dtype == torch.uint8


@pytest.mark.parametrize("length", [2, 3, 7, 50])
def test_the_adding_problem_is_what_it_says(length):
    torch.manual_seed(0)
    x, y = Adding(length, 400).draw()
    assert (x.shape, y.shape, x.dtype) == ((400, length, 2), (400, 1), torch.float32)
    numbers, marks = x.unbind(2)
    assert 0 <= float(numbers.min()) < float(numbers.max()) < 1
    assert set(marks.unique().tolist()) <= {0.0, 1.0}
    assert marks[:, : length // 2].sum(1).tolist() == marks[:, length // 2 :].sum(1).tolist() == [1.0] * 400
    assert bool((marks.sum(0) > 0).all()), "every place is marked in some sequence"
    for row, mark, total in zip(numbers.tolist(), marks.tolist(), y[:, 0].tolist(), strict=True):
        assert total == pytest.approx(sum(v for v, m in zip(row, mark, strict=True) if m))


def test_to_say_one_has_an_error_of_a_sixth():
    """The variance of the sum of two uniform numbers is 2/12; within five standard errors of 100,000 draws."""
    torch.manual_seed(0)
    y = torch.cat([Adding(10, 10_000).draw()[1] for _ in range(10)])
    squares = (y - 1) ** 2
    assert float(squares.mean()) == pytest.approx(1 / 6, abs=5 * float(squares.std()) / len(y) ** 0.5)
    assert float(squares.mean()) < 0.17


def test_fit_fixes_what_a_step_draws():
    """A resumed run sees the sequences that the uninterrupted one would have seen; steps and seeds differ."""
    seen = {}
    for name, seed, start in (("all", 1, 0), ("resumed", 1, 2), ("other", 2, 0)):
        run, taken = train.launch("cpu", seed=seed), []

        def step(x, y, taken=taken):
            taken.append(x)
            return y.mean()

        for _ in train.fit(step, Adding(6, 3), run=run, steps=4, start=start):
            pass
        seen[name] = taken
    assert all(torch.equal(a, b) for a, b in zip(seen["all"][2:], seen["resumed"], strict=True))
    assert not torch.equal(seen["all"][0], seen["all"][1])
    assert not torch.equal(seen["all"][0], seen["other"][0])


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: as_sequence(x, "columns"), "by is 'columns'; allowed are 'rows' and 'pixels'"),
        (lambda x: as_sequence(x[0]), r"x has shape \(3, 4, 5\); pictures as"),
        (lambda x: as_sequence(x, "rows", torch.arange(5)), r"shape \(5,\); each of the numbers 0 to 3"),
        (lambda x: as_sequence(x, "rows", torch.tensor([0, 1, 2, 2])), "once, is needed: torch.randperm"),
        (lambda x: as_sequence(x, "pixels", torch.arange(20)[None]), "each of the numbers 0 to 19"),
        (lambda x: Adding(1, 4), "length is 1; a whole number ≥ 2"),
        (lambda x: Adding(10.0, 4), "length is 10.0; a whole number ≥ 2"),
        (lambda x: Adding(10, 0), "size is 0; a whole number ≥ 1"),
        (lambda x: Adding(10, True), "size is True; a whole number ≥ 1"),
    ],
)
def test_what_does_not_fit_is_refused(x, call, words):
    with pytest.raises(ValueError, match=words):
        call(x)


def test_numbers_are_uniform_and_marks_too():
    """By histograms: no decile of the numbers and no place of the marks differs by more than five standard errors."""
    torch.manual_seed(1)
    x, _ = Adding(9, 20_000).draw()
    deciles = np.histogram(x[..., 0].numpy(), 10, (0, 1))[0] / x[..., 0].numel()
    assert np.abs(deciles - 0.1).max() < 5 * np.sqrt(0.09 / x[..., 0].numel())
    for places, share in ((slice(0, 4), 1 / 4), (slice(4, 9), 1 / 5)):
        assert (x[:, places, 1].mean(0) - share).abs().max() < 5 * np.sqrt(share * (1 - share) / 20_000)
