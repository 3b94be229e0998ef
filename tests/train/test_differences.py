"""Why a checkpoint does not fit, in a sentence that names the first entry."""

import pytest
import torch
from torch import nn

from companion import train
from companion.train.differences import difference, entries, has_nan


def state(optimizer=torch.optim.Adam, width=3, dtype=torch.float32, **options):
    net = nn.Linear(width, 2, dtype=dtype)
    update = train.Update(net, optimizer(net.parameters(), lr=0.1, **options))
    update(net(torch.ones(1, width, dtype=dtype)).sum())
    return {"net": net.state_dict()} | update.state_dict()


def test_entries_are_named_through_dicts_and_lists_of_dicts():
    found = dict(entries(state()))
    assert found["optimizer.param_groups.0.lr"] == 0.1
    assert found["net.bias"].shape == (2,)
    assert found["optimizer.state.1.exp_avg"].shape == (2,)
    assert dict(entries({"a": {}, "b": []})) == {"b": []}


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        (state(width=4), state(width=3), r"net.weight has a tensor (2, 3) of float32 in the file and a tensor (2, 4)"),
        (
            state(dtype=torch.float64),
            state(),
            "net.bias has a tensor (2,) of float32 in the file and a tensor (2,) of f",
        ),
        ({"a": torch.zeros(2)}, {}, "a has nothing in the file and a tensor (2,) of float32 here"),
        ({}, {"a": torch.zeros(())}, "a has a tensor () of float32 in the file and nothing here"),
        (state(torch.optim.SGD), state(), "param_groups.0.amsgrad has the setting False in the file and nothing here"),
    ],
)
def test_the_first_difference_is_told(ours, theirs, words):
    assert words in difference(ours, theirs)


def test_what_may_differ():
    assert difference(state(), state()) is None
    fresh = nn.Linear(3, 2)
    before = {"net": fresh.state_dict()} | train.Update(fresh, torch.optim.Adam(fresh.parameters())).state_dict()
    assert difference(before, state()) is None, "an optimizer has no state before its first step"
    assert difference({"a": 1, "new": 2}, {"a": 3}) is None, "a setting that older files do not have"


def test_nan_is_found_and_infinity_is_no_nan():
    assert has_nan({"a": torch.tensor([1.0, float("inf")]), "n": torch.tensor(3), "s": "nan"}) is None
    assert has_nan({"old": [torch.zeros(2), torch.tensor([float("nan")])]}) == "old.1"
    assert has_nan({"a": {"b": torch.tensor([1.0, float("nan")], dtype=torch.bfloat16)}}) == "a.b"
