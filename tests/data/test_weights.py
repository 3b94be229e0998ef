"""Shipped weights: whole, small, each with its record; and what is not the record's file is refused."""

import hashlib
import importlib
import json

import pytest
import torch
from safetensors.torch import save

from companion import data
from companion.data.weights import FOLDER
from tools.weights import LIMIT

SHELF = importlib.import_module("companion.data.weights")  # data.weights is the function


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder with one set of weights, and its record."""
    content = save({"a": torch.tensor([1.5, -2.0]).half(), "seen": torch.tensor(3)})
    (tmp_path / "tiny.safetensors").write_bytes(content)
    (tmp_path / "tiny.json").write_text(json.dumps({"sha256": hashlib.sha256(content).hexdigest(), "seed": 4}))
    monkeypatch.setitem(vars(SHELF), "FOLDER", tmp_path)
    return tmp_path


def test_floats_come_back_in_float32_and_counters_as_they_are(shelf):
    state = data.weights("tiny")
    assert state.keys() == {"a", "seen"}
    assert state["a"].dtype == torch.float32
    assert state["a"].tolist() == [1.5, -2]
    assert state["seen"].dtype == torch.int64
    assert data.record("tiny")["seed"] == 4
    assert data.weight_names() == ["tiny"]


@pytest.mark.parametrize("ask", [data.weights, data.record])
def test_an_unknown_name_is_told_what_there_is(shelf, ask):
    with pytest.raises(ValueError, match="there are no weights named 'big'; there are tiny"):
        ask("big")


def test_a_changed_file_is_refused(shelf):
    path = shelf / "tiny.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ValueError, match=r"tiny\.safetensors is not the file of its record; install companion again"):
        data.weights("tiny")


@pytest.mark.parametrize("name", data.weight_names())
def test_what_is_shipped_is_whole_small_and_recorded(name):
    state, record = data.weights(name), data.record(name)
    assert (FOLDER / f"{name}.safetensors").stat().st_size <= LIMIT
    assert all(bool(v.isfinite().all()) for v in state.values())
    assert record["command"].startswith("python -m ")
    assert "MNIST" in record["data"]


STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # batch norm's
NETWORKS = [name for name in data.weight_names() if "companion.recipes" in data.record(name)["command"]]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_says_which_recipe_made_it_how_long_and_how_well(name):
    record = data.record(name)
    recipe = name.split("-")[0].rstrip("0123456789")
    assert record["command"].startswith(f"python -m companion.recipes.{recipe} ")
    learned = {key: v for key, v in data.weights(name).items() if not key.endswith(STATISTICS)}
    assert record["parameters"] == sum(v.numel() for v in learned.values())
    assert record["minutes"] > 0
    assert record["metrics"]


def test_every_record_has_its_weights():
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == data.weight_names()
