"""The recipe of the recurrent networks from its first line to its last: what it learns, what it leaves behind."""

import json
import re
import shlex

import matplotlib.image
import matplotlib.pyplot as plt
import pytest
import torch
from known import HAVE_MNIST, MISSING

from companion import train
from companion.data.sequences import as_sequence
from companion.nets.rnn import Recurrent
from companion.recipes import rnn
from tools.book import ROOT

ADDING = shlex.split(
    "--task adding --length 10 --hidden 16 --batch 50 --lr 2e-2 --device cpu --seed 3 --report 50 --save 30"
)


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    plt.close("all")


@pytest.fixture
def pictured(pictures):
    return ["--images", str(pictures), "--hidden", "8", "--batch", "12", "--device", "cpu"]


def test_it_learns_to_add_and_leaves_its_files(tmp_path, a_run, capsys):
    rnn.main([*ADDING, "--out", str(tmp_path / "a"), "--epochs", "1"])
    run = a_run(tmp_path / "a")
    assert set(run.result) == {"test error", "saying 1", "steps"}
    assert run.result["test error"] < 0.02 < run.log[0]["loss"]
    assert run.result["saying 1"] == pytest.approx(1 / 6, rel=0.05)
    assert [line["step"] for line in run.log] == [50, 100, 150, 200]
    assert matplotlib.image.imread(tmp_path / "a" / "answers.png").shape[2] == 4
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "answers.png", "last.pt", "last.pt.previous", "log.jsonl", "options.json", "result.json",
    ]  # fmt: skip
    assert re.search(r"step 200  loss 0\.\d+  ", capsys.readouterr().out)


@pytest.mark.parametrize("task", ["adding", "permuted"])
def test_cut_off_and_resumed_it_ends_the_same_to_the_last_bit(tmp_path, pictured, a_run, cut_off, task):
    options = [*ADDING, *(pictured if task == "permuted" else []), "--task", task, "--report", "1", "--save", "7"]
    options += ["--epochs", "0.2" if task == "adding" else "7.5"]
    rnn.main([*options, "--out", str(tmp_path / "whole")])
    cut_off(rnn.main, [*options, "--out", str(tmp_path / "cut")], step=25)
    assert a_run(tmp_path / "cut").step == 25
    rnn.main(["--out", str(tmp_path / "cut"), "--resume"])
    a_run(tmp_path / "cut").ends_like(a_run(tmp_path / "whole"))


@pytest.mark.parametrize("steps", [1, 2, 10, 11])
def test_the_shortest_runs_end_too(tmp_path, a_run, steps):
    rnn.main([*ADDING, "--epochs", str(steps / 200), "--out", str(tmp_path / "a")])
    assert a_run(tmp_path / "a").result["steps"] == steps


def test_another_seed_is_another_run(tmp_path, a_run):
    for seed in ("0", "1"):
        rnn.main([*ADDING, "--epochs", "0.02", "--report", "1", "--seed", seed, "--out", str(tmp_path / seed)])
    assert a_run(tmp_path / "0").losses != a_run(tmp_path / "1").losses


@pytest.mark.parametrize("task", ["rows", "pixels", "permuted"])
@pytest.mark.parametrize("cell", list(Recurrent.CELLS))
def test_every_task_runs_with_every_cell(tmp_path, pictured, a_run, task, cell):
    rnn.main([*pictured, "--task", task, "--cell", cell, "--epochs", "0.5", "--out", str(tmp_path / "a")])
    run = a_run(tmp_path / "a")
    assert run.result["steps"] == 2
    assert 0 <= run.result["test accuracy"] <= 1
    weights = run.states["states"]["net"]["cell.weight_ih_l0"]
    assert weights.shape == (8 * {"gru": 3, "lstm": 4}.get(cell, 1), 18 if task == "rows" else 1)


def test_it_learns_to_read_rows(tmp_path, pictured, a_run):
    rnn.main([*pictured, "--hidden", "16", "--lr", "2e-2", "--epochs", "25", "--out", str(tmp_path / "a")])
    assert a_run(tmp_path / "a").result["test accuracy"] > 0.9


def made(arguments):
    given, run = rnn.options([*arguments, "--out", "x"]), train.launch("cpu")
    task = (rnn.Sums if given.task == "adding" else rnn.Pictures)(given, run)
    return given, run, task


def test_the_options_reach_the_network_and_the_update():
    given, run, task = made([*ADDING, "--cell", "lstm", "--start", "identity", "--forget", "3", "--clip", "0.5"])
    net = rnn.network(task, given, run)
    for U in net.cell.weight_hh_l0.detach().split(16):
        assert torch.equal(U, torch.eye(16))
    assert net.cell.bias_ih_l0.detach().split(16)[1].tolist() == [3.0] * 16
    _, kept = rnn.training(net, task, given, run, 10)
    assert kept["update"].max_norm == 0.5
    assert task.batches.draw()[0].shape == (50, 10, 2)
    given, run, task = made([*ADDING, "--clip", "0"])
    assert rnn.training(rnn.network(task, given, run), task, given, run, 10)[1]["update"].max_norm is None


def test_the_weights_begin_as_the_seed_says():
    begun = []
    for seed in ("0", "0", "1"):
        given, run, task = made([*ADDING, "--seed", seed])
        begun.append(rnn.network(task, given, run).cell.weight_ih_l0.detach())
    assert torch.equal(begun[0], begun[1])
    assert not torch.equal(begun[0], begun[2])


def test_permuted_pixels_are_in_one_order_for_all_seeds(pictured):
    tasks = [made([*pictured, "--task", "permuted", "--seed", seed])[2] for seed in ("0", "1")]
    assert torch.equal(tasks[0].permutation, tasks[1].permutation)
    assert tasks[0].permutation.sort().values.tolist() == list(range(18 * 18))
    x = torch.rand(3, 1, 18, 18)
    assert torch.equal(tasks[0].sequence(x), as_sequence(x, "pixels", tasks[0].permutation))
    assert torch.equal(made([*pictured, "--task", "pixels"])[2].sequence(x), as_sequence(x, "pixels"))
    assert torch.equal(made(pictured)[2].sequence(x), as_sequence(x, "rows"))


def test_what_is_examined_is_the_answer_at_the_end(pictured):
    """A network that is right from the tenth of 18 rows on for class 2, and says 0 before."""
    _, _, task = made(pictured)

    class Says(torch.nn.Module):
        def answers(self, x):
            late = (torch.arange(x.shape[1]) >= 9).float()
            return torch.stack([1 - late, 0 * late, late], 1).expand(len(x), -1, -1)

    measured, figure = task.examine(Says())
    share = figure.axes[0].lines[0].get_ydata()
    of = [float((task.test.y == k).float().mean()) for k in (0, 2)]
    assert measured == {"test accuracy": pytest.approx(of[1], abs=1e-5)}
    assert share.tolist() == pytest.approx([of[0]] * 9 + [of[1]] * 9)


def test_saying_one_is_examined_as_saying_one():
    _, _, task = made(ADDING)

    class Says(torch.nn.Module):
        def forward(self, x):
            return torch.ones(len(x), 1)

    measured, figure = task.examine(Says())
    assert measured["test error"] == measured["saying 1"] == pytest.approx(1 / 6, rel=0.05)
    assert len(figure.axes[0].lines[0].get_xdata()) == 1000


def test_an_explosion_ends_in_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r"stopped: loss is (nan|inf)"):
        rnn.main([*ADDING, "--cell", "relu", "--lr", "1e20", "--clip", "0", "--out", str(tmp_path / "a")])


def test_the_record_holds_what_the_chapter_says_of_200_moments():
    record = json.loads((ROOT / "benchmarks" / "results" / "adding.json").read_text(encoding="utf8"))
    worst = {name.split(":")[0]: found["worst_mse"] for name, found in record["summary"].items()}
    assert worst["ReLU without gates, from the identity"] < 2e-3
    assert worst["GRU"] < 5e-4
    for name, rows in record["contests"].items():
        assert "--length 200" in name
        assert len({row["seed"] for row in rows}) == len(rows) >= 3


@pytest.mark.skipif(not HAVE_MNIST, reason=MISSING)
def test_a_glance_at_rows_of_mnist(tmp_path, a_run):
    """100 steps: far from the recipe's end, and far from chance."""
    rnn.main(["--images", "mnist", "--n", "10000", "--epochs", "1", "--lr", "1e-2", "--out", str(tmp_path / "a")])
    assert a_run(tmp_path / "a").result["test accuracy"] > 0.75
