"""From a run's folder to a shipped file: rounded, measured, recorded; what cannot be shipped is refused."""

import importlib
import json

import pytest
import torch

from companion import data
from tools import weights

SHELF = importlib.import_module("companion.data.weights")  # data.weights is the function


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A finished run of some recipe, and an empty shelf."""
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "shelf").mkdir()
    for module in (vars(weights), vars(SHELF)):
        monkeypatch.setitem(module, "FOLDER", tmp_path / "shelf")
    counted = {"bn.running_mean": torch.ones(3), "bn.num_batches_tracked": torch.tensor(2)}
    average = {"net": {"w": torch.tensor([0.1, 70.0]), **counted}, "images": 640}
    keep(folder, net={"w": torch.tensor([1.0, 2.0])}, ema=average, update={"calls": 3})
    (folder / "options.json").write_text(json.dumps({"epochs": 2, "seed": 7, "clip": None, "bare": True, "save": 50}))
    (folder / "log.jsonl").write_text('{"step": 1, "seconds": 3}\n{"step": 20, "seconds": 90}\n')
    (folder / "result.json").write_text('{"accuracy": 0.5}')
    return folder


def keep(folder, **states):
    torch.save({"step": 20, "states": states}, folder / "last.pt")


def test_an_average_is_shipped_with_its_record(run):
    weights.main([str(run), "cnn-tiny", "--key", "ema", "--data", "nothing"])
    state, record = data.weights("cnn-tiny"), data.record("cnn-tiny")
    assert state["w"].tolist() == [pytest.approx(0.1, abs=1e-4), 70]
    assert int(state["bn.num_batches_tracked"]) == 2
    assert record["command"] == "python -m companion.recipes.cnn --epochs 2 --seed 7 --bare --out RUN"
    assert record["options"]["save"] == 50
    assert {k: record[k] for k in ("data", "seed", "steps", "minutes", "metrics", "parameters")} == {
        "data": "nothing", "seed": 7, "steps": 20, "minutes": 1.5, "metrics": {"accuracy": 0.5}, "parameters": 2,
    }  # fmt: skip


def test_a_plain_network_is_the_default(run):
    weights.main([str(run), "cnn-tiny"])
    assert data.weights("cnn-tiny")["w"].tolist() == [1, 2]


def test_a_name_that_the_checkpoint_lacks(run):
    with pytest.raises(SystemExit, match="holds net, ema, update, and no G: give one of these as --key"):
        weights.main([str(run), "cnn-tiny", "--key", "G"])


@pytest.mark.parametrize("value", [70_000.0, float("nan")])
def test_numbers_that_float16_cannot_hold(run, value):
    keep(run, net={"w": torch.tensor([1.0, value])})
    with pytest.raises(SystemExit, match="w holds numbers that float16 cannot"):
        weights.main([str(run), "cnn-tiny"])
    assert not data.weight_names()


def test_a_network_too_large_to_ship(run):
    keep(run, net={"w": torch.zeros(800_000)})
    with pytest.raises(SystemExit, match=r"1,600,\d+ bytes, and 1,500,000 are the limit"):
        weights.main([str(run), "cnn-tiny"])
