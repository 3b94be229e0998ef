"""The perceptron's recipe from its first line to its last: what it learns, and what it leaves in its folder."""

import matplotlib.image
import numpy as np
import pytest
import torch
from known import HAVE_MNIST, MISSING

from companion import train
from companion.data.batches import Batches
from companion.data.images import Images
from companion.nets.mlp import MLP
from companion.recipes import mlp


def test_it_learns_and_leaves_its_files(tmp_path, small, a_run):
    mlp.main(["--out", str(tmp_path / "a"), *small, "--report", "80", "--hidden", "16", "8", "--save", "100"])
    run = a_run(tmp_path / "a")
    assert run.result == {
        "test accuracy": 1.0,
        "parameters": 18 * 18 * 16 + 16 + 16 * 8 + 8 + 8 * 3 + 3,
        "confusion": [[4, 0, 0], [0, 4, 0], [0, 0, 4]],
        "steps": 160,
    }
    assert [line["step"] for line in run.log] == [80, 160]
    assert run.log[-1]["loss"] < 0.2 < run.log[0]["loss"]
    assert matplotlib.image.imread(tmp_path / "a" / "weights.png").shape[2] == 4
    with pytest.raises(SystemExit, match="exists already"):
        mlp.main(["--out", str(tmp_path / "a"), *small])


def test_it_goes_on_where_it_was_cut_off(tmp_path, small, a_run, monkeypatch):
    whole = ["--out", str(tmp_path / "whole"), *small, "--epochs", "5", "--shift", "1", "--decay", "0.1"]
    mlp.main(whole)
    halves = [str(tmp_path / "halves") if part == str(tmp_path / "whole") else part for part in whole]
    training = mlp.training

    def cut_off(*given):
        step, kept = training(*given)
        left = iter(range(11))

        def until(x, y):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return step(x, y)

        return until, kept

    monkeypatch.setattr(mlp, "training", cut_off)
    with pytest.raises(KeyboardInterrupt):
        mlp.main(halves)
    monkeypatch.setattr(mlp, "training", training)
    mlp.main([*halves[:2], "--resume"])
    a_run(tmp_path / "halves").ends_like(a_run(tmp_path / "whole"))


def test_every_option_changes_the_run(tmp_path, small, a_run):
    ends = []
    for name, more in (
        ("a", []),
        ("b", ["--decay", "5"]),
        ("c", ["--hidden", "4"]),
        ("d", ["--hidden"]),
        ("e", ["--shift", "2"]),
    ):
        mlp.main(["--out", str(tmp_path / name), *small, "--epochs", "1", *more])
        ends.append(a_run(tmp_path / name).losses[-1])
    assert len(set(ends)) == 5


def test_the_confusion_matrix_has_the_truth_in_its_rows():
    class Says(torch.nn.Module):
        """Class 2 for bright pictures, class 0 for dark ones."""

        def forward(self, x):
            bright = x.mean((1, 2, 3)) > 0.5
            return torch.stack([1.0 - bright.float(), torch.zeros(len(x)), bright.float()], 1)

    shade = torch.tensor([0, 255, 255, 0, 255], dtype=torch.uint8)
    test = Batches(Images(shade[:, None, None, None].expand(5, 1, 2, 2), torch.tensor([0, 0, 1, 1, 2])), 2)
    assert mlp.examine(Says(), test) == {
        "test accuracy": 0.4,
        "parameters": 0,
        "confusion": [[1, 0, 1], [1, 0, 1], [0, 0, 1]],
    }


def test_the_strongest_rows_are_drawn_first():
    net = MLP(4, 3, 2)
    with torch.no_grad():
        net.layers[0].weight.copy_(torch.tensor([[1.0, 0, 0, 0], [0, 3, 0, 0], [0, 0, 1, 0]]))
        net.layers[1].weight.copy_(torch.tensor([[1.0, 1, 9], [0, 0, 0]]))
    figure = mlp.first_layer(net, (1, 2, 2))
    (drawn,) = figure.axes[0].images
    tiles = np.asarray(drawn.get_array()).reshape(4, 3, 4).transpose(1, 0, 2)[:, 1:-1, 1:-1].reshape(3, 4)
    assert tiles.argmax(1).tolist() == [2, 1, 0]


def test_without_a_hidden_layer_the_classes_are_drawn_and_colours_averaged():
    net = MLP(12, 1)
    with torch.no_grad():
        net.layers[0].weight.copy_(torch.tensor([[9.0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0]]))
    (drawn,) = mlp.first_layer(net, (3, 2, 2)).axes[0].images
    tile = np.asarray(drawn.get_array())[1:-1, 1:-1]
    np.testing.assert_allclose(tile, [[1, 0], [2 / 3, 0]], atol=1e-6)


def test_each_process_takes_its_share_in_the_order_of_the_seed(small):
    given = mlp.options(["--out", "x", *small])
    images = Images(np.zeros((30, 1, 4, 4), np.uint8), np.zeros(30, np.int64))
    share = mlp.stream(images, given, train.Runtime(torch.device("cpu"), torch.float32, 1, 3, 5)).share
    assert (share.size, share.seed, share.rank, share.world) == (4, 5, 1, 3)


@pytest.mark.skipif(not HAVE_MNIST, reason=MISSING)
def test_an_epoch_of_a_sixth_of_mnist(tmp_path, a_run):
    mlp.main(["--images", "mnist", "--out", str(tmp_path / "a"), "--n", "10000", "--epochs", "1"])
    result = a_run(tmp_path / "a").result
    assert result["parameters"] == 101_770
    assert result["test accuracy"] > 0.85
