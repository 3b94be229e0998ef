"""The classifier's recipe from its first line to its last: what it learns, and what it leaves in its folder."""

import re

import matplotlib.image
import pytest
import torch
from known import HAVE_MNIST, MISSING

from companion import data, train
from companion.data.batches import Batches
from companion.data.images import Images
from companion.recipes import cnn


def test_it_learns_and_leaves_its_files(tmp_path, small, a_run, capsys):
    cnn.main(["--out", str(tmp_path / "a"), *small, "--report", "40", "--save", "100"])
    run = a_run(tmp_path / "a")
    assert run.result == {"test accuracy": 1.0, "mistakes": 0, "steps": 160}
    assert [line["step"] for line in run.log] == [40, 80, 120, 160]
    assert all(set(line) == {"step", "loss", "images/s", "seconds"} for line in run.log)
    assert run.log[-1]["loss"] < 0.05 < run.log[0]["loss"]
    assert matplotlib.image.imread(tmp_path / "a" / "mistakes.png").shape[2] == 4
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "last.pt", "last.pt.previous", "log.jsonl", "mistakes.png", "options.json", "result.json",
    ]  # fmt: skip
    assert re.search(r"step 160  loss 0\.\d+  images/s \d+  seconds ", capsys.readouterr().out)
    with pytest.raises(SystemExit, match="exists already"):
        cnn.main(["--out", str(tmp_path / "a"), *small])
    before = run.states
    cnn.main(["--out", str(tmp_path / "a"), "--resume"])  # nothing is left to do
    assert all(torch.equal(value, run.states["states"]["net"][name]) for name, value in before["states"]["net"].items())


def test_another_seed_is_another_run(tmp_path, small, a_run):
    runs = []
    for name, seed in (("a", "0"), ("b", "1"), ("c", "0")):
        cnn.main(["--out", str(tmp_path / name), *small, "--seed", seed, "--epochs", "1"])
        runs.append(a_run(tmp_path / name))
    assert runs[0].losses != runs[1].losses
    runs[0].ends_like(runs[2])


def test_the_surest_mistakes_come_first():
    class Says(torch.nn.Module):
        """Class 1 always, surer the brighter the picture."""

        def forward(self, x):
            bright = 10 * x.mean((1, 2, 3))
            return torch.stack([torch.zeros_like(bright), bright], 1)

    shade = torch.tensor([10, 250, 90, 200], dtype=torch.uint8)
    test = Batches(Images(shade[:, None, None, None].expand(4, 1, 5, 5), torch.tensor([0, 1, 0, 0])), 3)
    measured, figure = cnn.examine(Says(), test)
    assert measured == {"test accuracy": 0.25, "mistakes": 3}
    drawn = [int(ax.images[0].get_array()[0, 0]) for ax in figure.axes if ax.images]
    assert drawn == [200, 90, 10]
    assert figure.axes[0].get_title() == "0 read as 1"


def test_a_loss_that_is_no_number_ends_in_a_sentence_and_leaves_the_checkpoint(tmp_path, small):
    with pytest.raises(SystemExit, match=r"stopped: loss is (nan|inf) at step \d+ on process 0"):
        cnn.main(["--out", str(tmp_path / "a"), *small, "--lr", "1e20", "--save", "1"])
    net = cnn.network(data.images(small[1]), cnn.options(["--out", "x"]), train.launch("cpu"))
    assert train.Checkpoint(tmp_path / "a" / "last.pt", net=net).load() > 0
    assert all(bool(p.isfinite().all()) for p in net.parameters())


@pytest.mark.skipif(not HAVE_MNIST, reason=MISSING)
def test_a_sixth_of_an_epoch_of_mnist(tmp_path, a_run):
    """100 steps: far from the recipe's end, and far from chance. The full runs are in benchmarks/cnn.py."""
    cnn.main(["--images", "mnist", "--out", str(tmp_path / "a"), "--n", "10000", "--epochs", "1", "--shift", "0"])
    assert a_run(tmp_path / "a").result["test accuracy"] > 0.92


@pytest.mark.skipif(not HAVE_MNIST, reason=MISSING)
def test_the_shipped_weights_do_what_their_record_says():
    """Rounding them to float16 may turn a digit or two."""
    net, test = cnn.Classifier(), data.images("mnist", "test")
    net.load_state_dict(data.weights("cnn-mnist"))
    measured, _ = cnn.examine(net.eval(), Batches(test, 1000))
    assert measured["mistakes"] == pytest.approx(data.record("cnn-mnist")["metrics"]["mistakes"], abs=3)


def test_the_shipped_weights_read_digits_that_they_have_never_seen():
    """scikit-learn's, by other people: far better than chance, worse than on MNIST's own test set."""
    digits, net = data.images("digits"), cnn.Classifier()
    net.load_state_dict(data.weights("cnn-mnist"))
    drawn = torch.nn.functional.interpolate(torch.tensor(digits.x) / 255, (20, 20), mode="bicubic").clamp(0, 1)
    with torch.no_grad():
        said = net(torch.nn.functional.pad(drawn, (4, 4, 4, 4))).argmax(1)
    assert 0.9 < float((said == torch.tensor(digits.y)).float().mean()) < 0.98
