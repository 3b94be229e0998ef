"""The recipe of the conditional GAN from its first line to its last: what it learns, what it leaves behind."""

import json

import matplotlib.image
import matplotlib.pyplot as plt
import pytest
import torch
import workers
from known import HAVE_MNIST, MISSING

from companion import data, train
from companion.nets import cgan as nets
from companion.recipes import cgan, cnn

# two small MLPs on 18 × 18 pictures of a bar at the top, in the middle or at the bottom: 48 of them, 12 a step
SMALL = ["--backbone", "mlp", "--width", "32", "--z-dim", "4", "--embed", "4", "--device", "cpu", "--half-life", "500"]


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    plt.close("all")


@pytest.fixture
def options(pictures):
    return ["--images", str(pictures), "--batch", "12", "--seed", "5", *SMALL]


@pytest.fixture(scope="module")
def judge(pictures, tmp_path_factory):
    """The folder of a classifier that reads where the bar is."""
    folder = tmp_path_factory.mktemp("judge")
    cnn.main(["--images", str(pictures), "--out", str(folder), "--batch", "12", "--epochs", "30", "--device", "cpu",
              "--shift", "0"])  # fmt: skip
    assert json.loads((folder / "result.json").read_text())["test accuracy"] == 1
    return folder


def test_it_learns_to_draw_what_is_asked_for_and_leaves_its_files(tmp_path, options, judge, a_run):
    out = tmp_path / "a"
    given = ["--out", str(out), *options, "--lr", "2e-3", "--d-lr", "2e-3", "--report", "100", "--save", "250"]
    cgan.main([*given, "--epochs", "100", "--r1", "1", "--classifier", str(judge)])
    run = a_run(out)
    assert set(run.result) == {"conditional accuracy", "of each class", "steps"}
    assert run.result["conditional accuracy"] > 0.9
    assert len(run.result["of each class"]) == 3
    assert run.result["steps"] == 400
    assert all(set(line) == {"step", "D", "penalty", "G", "images/s", "seconds"} for line in run.log)
    assert matplotlib.image.imread(out / "grid.png").shape[2] == 4
    assert sorted(path.name for path in out.iterdir()) == [
        "grid.png", "last.pt", "last.pt.previous", "log.jsonl", "options.json", "result.json",
    ]  # fmt: skip
    assert set(run.states["states"]) == {"G", "D", "update_g", "update_d", "ema", "rate_g", "rate_d"}
    with pytest.raises(SystemExit, match="exists already"):
        cgan.main(given)
    cgan.main(["--out", str(out), "--resume"])  # nothing is left to do, and the figures come again
    assert a_run(out).result == run.result


@pytest.mark.parametrize("more", [[], ["--backbone", "dcgan", "--width", "4", "--fake-labels", "drawn"]])
def test_cut_off_and_resumed_it_ends_the_same_to_the_last_bit(tmp_path, options, a_run, cut_off, more):
    options = [*options, *more, "--report", "1", "--save", "7", "--epochs", "7.5", "--pictures", "9"]
    cgan.main([*options, "--out", str(tmp_path / "whole")])
    cut_off(cgan.main, [*options, "--out", str(tmp_path / "cut")], step=25)
    whole, cut = a_run(tmp_path / "whole"), a_run(tmp_path / "cut")
    assert cut.step == 25
    cgan.main(["--out", str(cut.folder), "--resume"])
    cut.ends_like(whole)
    pictures = [matplotlib.image.imread(run.folder / "grid.png") for run in (whole, cut)]
    assert (pictures[0] == pictures[1]).all()


def test_every_option_changes_the_run(tmp_path, options, a_run):
    ends, body = [], ["--backbone", "dcgan", "--width", "2"]
    for number, more in enumerate((
        [], ["--how", "concat"], ["--kind", "hinge"], ["--r1", "5"], ["--fake-labels", "drawn"],
        ["--fake-labels", "uniform"], ["--embed", "3"], ["--lr", "1e-2"], ["--d-lr", "1e-3"], ["--seed", "6"], body,
        [*body, "--norm", "batch"], [*body, "--d-norm", "spectral"],
    )):  # fmt: skip
        out = tmp_path / str(number)
        cgan.main(["--out", str(out), *options, "--epochs", "1", *more])
        ends.append((a_run(out).log[-1]["D"], a_run(out).log[-1]["G"]))
    assert len(set(ends)) == len(ends), ends


def test_the_label_goes_where_it_serves():
    """Into the norms of a convolutional G; a dense one has none, and gets a vector beside its code."""

    def way(*more):
        given = cgan.options(["--out", "x", *more])
        return given.norm, given.embed

    assert [way(), way("--backbone", "mlp")] == [("conditional", 0), ("batch", 16)]
    assert [way("--norm", "batch"), way("--embed", "3")] == [("batch", 16), ("conditional", 3)]


def test_the_discriminator_is_normalized_as_asked():
    images, run = data.images(n=2), train.launch("cpu")

    def norms(*more):
        D = cgan.networks(images, cgan.options(["--out", "x", "--width", "2", *more]), run)[1]
        kinds = [type(layer).__name__ for layer in D.modules()]
        return kinds.count("BatchNorm2d"), kinds.count("SpectralNorm")

    assert [norms(), norms("--d-norm", "spectral"), norms("--d-norm", "none")] == [(2, 0), (0, 4), (0, 0)]


def test_the_checkpoint_holds_an_average_that_is_ready_to_draw(tmp_path, options, a_run):
    """Its statistics of batch norm are its own: measured on its pictures, with the data's labels."""
    out = tmp_path / "a"
    cgan.main(["--out", str(out), *options, "--backbone", "dcgan", "--width", "4", "--epochs", "3"])
    state = a_run(out).states["states"]["ema"]["net"]
    G = nets.Generator(3, 4, (1, 18, 18), 4, embed=4, norm="conditional")
    G.load_state_dict(state)
    labels = torch.as_tensor(data.images(options[1]).y)
    again = nets.measured(G, labels, n=20_000).state_dict()
    assert any("running" in name for name in state)
    for name, value in state.items():
        torch.testing.assert_close(value, again[name])


def test_accuracy_is_that_of_the_label_that_was_asked_for():
    class Draws(torch.nn.Module):
        """A grey that says the class; those of class 2 are drawn as class 0."""

        z_dim = 1

        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.zeros(1))

        def forward(self, z, c):
            return torch.where(c == 2, 0, c)[:, None, None, None].float() - 1

    class Reads(torch.nn.Module):
        def forward(self, x):
            assert x.min() >= 0
            return torch.nn.functional.one_hot((2 * x.flatten()).round().long(), 3).float()

    labels = torch.tensor([0] * 50 + [1] * 30 + [2] * 20)
    found = cgan.examine(Draws(), Reads(), labels, 4000)
    assert found["of each class"] == [1, 1, 0]
    assert found["conditional accuracy"] == pytest.approx(0.8, abs=0.03)


def test_an_explosion_ends_in_a_sentence(tmp_path, options):
    with pytest.raises(SystemExit, match=r"stopped: (D|G) is (nan|inf) at step \d+ on process 0"):
        cgan.main(["--out", str(tmp_path / "a"), *options, "--kind", "wasserstein", "--lr", "1e25"])


def test_two_processes_share_the_batch_and_agree(tmp_path, options, a_run):
    out = tmp_path / "a"
    workers.together(workers.recipe, "cgan", ["--out", str(out), *options, "--epochs", "5"], world=2)
    run = a_run(out)
    assert run.result["steps"] == 20
    assert all(bool(v.isfinite().all()) for v in run.states["states"]["ema"]["net"].values())


def test_help_teaches(capsys):
    with pytest.raises(SystemExit, match="0"):
        cgan.options(["--help"])
    said = capsys.readouterr().out
    for word in ("--how {projection,concat}", "--fake-labels", "--classifier", "a row for each class", "torchrun"):
        assert word in said


@pytest.mark.skipif(not HAVE_MNIST, reason=MISSING)
def test_a_short_run_on_mnist_moves_toward_the_record(tmp_path, a_run):
    """Seconds of a small MLP: far from the shipped weights, and far from chance. The long runs: benchmarks/cgan.py."""
    cnn.main(["--images", "mnist", "--out", str(tmp_path / "judge"), "--n", "6000", "--epochs", "1", "--shift", "0"])
    cgan.main(["--images", "mnist", "--out", str(tmp_path / "a"), "--n", "10000", "--epochs", "4", "--backbone", "mlp",
               "--width", "128", "--d-lr", "1e-3", "--half-life", "4000", "--classifier", str(tmp_path / "judge"),
               "--device", "cpu"])  # fmt: skip
    assert a_run(tmp_path / "a").result["conditional accuracy"] > 0.4


def test_the_shipped_weights_do_what_their_record_says(shipped):
    """With MNIST's labels the pictures are the record's own; with others they are other samples of the same kind."""
    record, given, judge = shipped("cgan-mnist")
    images, close = data.images(given.images, n=None if HAVE_MNIST else 1000), 1 if HAVE_MNIST else 5
    G, _ = cgan.networks(images, given, train.launch("cpu"))
    G.load_state_dict(data.weights("cgan-mnist"))
    found = cgan.examine(G.eval(), judge, torch.as_tensor(images.y))
    assert found["conditional accuracy"] == pytest.approx(record["conditional accuracy"], abs=0.001 * close)
    assert found["of each class"] == pytest.approx(record["of each class"], abs=0.005 * close)
