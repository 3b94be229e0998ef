"""The recipe of the variational autoencoders from its first line to its last: what it learns, what it leaves behind."""

import json
import re

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from known import HAVE_MNIST, MISSING

from companion import data, train
from companion.data.batches import Batches
from companion.data.weights import record, weights
from companion.nets import vae as nets
from companion.recipes import vae

SHORT = ["--hidden", "16", "--z-dim", "3", "--test-pictures", "5", "--test-samples", "20", "--device", "cpu"]


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    left = plt.get_fignums()
    plt.close("all")
    assert not left, "a figure was left open"


@pytest.fixture
def given_(pictures):
    return ["--images", str(pictures), "--batch", "12", "--seed", "3", *SHORT]


def made(arguments):
    given, run = vae.options([*arguments, "--out", "x"]), train.launch("cpu")
    images = data.images(given.images)
    return given, run, images, vae.network(images, given, run)


def test_it_learns_and_leaves_its_files(tmp_path, given_, a_run, capsys):
    words = ["--epochs", "75", "--lr", "1e-2", "--report", "100", "--save", "100"]
    vae.main([*given_, *words, "--out", str(tmp_path / "a")])
    run = a_run(tmp_path / "a")
    first, last = run.log[0], run.log[-1]
    assert [line["step"] for line in run.log] == [100, 200, 300]
    assert set(first) == {"step", "loss", "reconstruction", "kl", "images/s", "seconds"}
    assert last["loss"] < first["loss"] - 0.5
    assert last["loss"] == pytest.approx(last["kl"] - last["reconstruction"], abs=1e-3)
    assert run.result["elbo"] == pytest.approx(run.result["reconstruction"] - run.result["kl"], abs=1e-3)
    assert run.result["nll"] < -run.result["elbo"] + 8
    assert run.result["nll pictures"] == 5
    assert run.result["nll samples"] == 20
    assert run.result["parameters"] == sum(p.numel() for p in made(given_)[3].parameters())
    assert 0 <= run.result["active"] <= 3
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "grid.png", "last.pt", "last.pt.previous", "log.jsonl", "options.json", "result.json", "walk.png",
    ]  # fmt: skip
    for name in ("grid", "walk"):
        assert matplotlib.image.imread(tmp_path / "a" / f"{name}.png").shape[2] == 4
    assert re.search(r"step 300  loss \d+", capsys.readouterr().out)


VARIANTS = {
    "elbo": ["--warmup", "2", "--free", "0.1", "--samples", "2"],
    "dreg": ["--dreg", "--samples", "4", "--conditional"],
    "conv": ["--model", "conv", "--hidden", "4", "8", "--likelihood", "continuous", "--iwae", "--samples", "2"],
}


@pytest.mark.parametrize("name", VARIANTS)
def test_cut_off_and_resumed_it_ends_the_same_to_the_last_bit(tmp_path, given_, a_run, cut_off, name):
    options = [*given_, *VARIANTS[name], "--epochs", "7.5", "--report", "5", "--save", "5"]
    vae.main([*options, "--out", str(tmp_path / "whole")])
    cut_off(vae.main, [*options, "--out", str(tmp_path / "cut")], step=20)
    assert a_run(tmp_path / "cut").states["step"] == 15
    vae.main(["--out", str(tmp_path / "cut"), "--resume"])
    a_run(tmp_path / "cut").ends_like(a_run(tmp_path / "whole"))
    for sheet in ("grid", "walk"):
        whole, cut = (matplotlib.image.imread(tmp_path / run / f"{sheet}.png") for run in ("whole", "cut"))
        assert (whole == cut).all()


@pytest.mark.parametrize("likelihood", list(nets.LIKELIHOODS))
@pytest.mark.parametrize("model", ["mlp", "conv"])
@pytest.mark.parametrize("steps", [1, 3])
def test_the_shortest_runs_end_too(tmp_path, given_, a_run, likelihood, model, steps):
    words = ["--likelihood", likelihood, "--model", model, "--epochs", str(steps / 4), "--z-dim", "2", "--conditional"]
    vae.main([*given_, *words, "--out", str(tmp_path / "a")])
    assert a_run(tmp_path / "a").result["steps"] == steps


def test_another_seed_is_another_run(tmp_path, given_, a_run):
    for seed in ("0", "1"):
        vae.main([*given_, "--epochs", "1", "--seed", seed, "--report", "1", "--out", str(tmp_path / seed)])
    assert a_run(tmp_path / "0").losses != a_run(tmp_path / "1").losses


def test_pixels_are_drawn_anew_in_every_step_by_the_step_alone(given_):
    given, run, images, net = made(given_)
    batches = vae.stream(images, net, given, run)
    drawn = []
    for step in (0, 1, 0):
        run.reseed(step)
        drawn.append(next(batches.stream(0))[0])
    assert set(drawn[0].unique().tolist()) == {0, 1}
    assert torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], drawn[1])


def test_the_kl_is_warmed_up_and_then_weighs_beta(given_):
    given, run, images, net = made([*given_, "--beta", "2", "--warmup", "1"])
    step, kept = vae.training(net, given, run, 100, len(images.x))  # 4 steps of warm-up
    x, y = next(vae.stream(images, net, given, run).stream())
    for expected in (0.5, 1, 1.5, 2, 2, 2):
        found = step(x, y)
        assert float((found["loss"] + found["reconstruction"]).detach()) == pytest.approx(
            float((expected * found["kl"]).detach()), abs=1e-3
        )
    assert kept["rate"].last_epoch == 6


def test_the_bounds_are_those_asked_for(given_):
    given, run, images, net = made(given_)
    x, _ = next(vae.stream(images, net, given, run).stream())
    for words, bound in (["--iwae"], nets.iwae), (["--dreg"], nets.dreg):
        asked = vae.options([*given_, *words, "--samples", "5", "--out", "x"])
        torch.manual_seed(0)
        loss = vae.objective(net, x, None, asked, 1.0)["loss"]
        torch.manual_seed(0)
        assert torch.equal(loss, -bound(net, x, 5))
    with pytest.raises(SystemExit):
        vae.options([*given_, "--iwae", "--dreg", "--out", "x"])


def test_a_walk_begins_and_ends_at_pictures_or_crosses_the_plane(given_):
    given, _, images, net = made(given_)
    test = Batches(data.images(given.images, "test"), 30)
    assert len(test.x) == 12  # the second ten pictures begin with the last two, then the first again
    z, _ = vae.walk(net, test)
    codes = net.encode(next(test.once())[0]).mean
    torch.testing.assert_close(z.reshape(10, 10, 3)[:, 0], codes[:10])
    torch.testing.assert_close(z.reshape(10, 10, 3)[:, -1], torch.cat([codes, codes])[10:20])
    plane, labels = vae.walk(nets.VAE(images.x.shape[1:], 2, hidden=(4,)), test)
    assert labels is None
    assert plane.reshape(10, 10, 2)[:, 0, 0].tolist() == pytest.approx(plane.reshape(10, 10, 2)[0, :, 1].tolist())
    assert plane[0].tolist() == pytest.approx([-2.326, -2.326], abs=1e-3)
    assert plane[-1].tolist() == pytest.approx([2.326, 2.326], abs=1e-3)


def test_what_is_examined_is_the_same_for_every_run_and_uses_labels(given_):
    given, _, _, net = made([*given_, "--conditional"])
    test = Batches(data.images(given.images, "test"), 5)
    torch.manual_seed(7)
    first = vae.examine(net, test, given)
    torch.manual_seed(8)
    assert vae.examine(net, test, given) == first
    assert net.classes == 3


def test_an_explosion_ends_in_a_sentence(tmp_path, given_):
    with pytest.raises(SystemExit, match=r"stopped: loss is (nan|inf)"):
        vae.main([*given_, "--lr", "1e20", "--save", "1", "--out", str(tmp_path / "a")])


def test_it_teaches(capsys):
    with pytest.raises(SystemExit, match="0"):
        vae.options(["--help"])
    said = capsys.readouterr().out
    for word in ("--dreg", "--warmup", "dynamic binarization", "grid.png", "walk.png", "--z-dim 2", "5000", "NLL"):
        assert word in said


@pytest.mark.skipif(not HAVE_MNIST, reason=MISSING)
def test_a_glance_at_mnist(tmp_path, a_run):
    """150 steps: far from the record's NLL, and far from where it began (about 206 nats, the mean picture)."""
    vae.main(["--images", "mnist", "--n", "10000", "--epochs", "3", "--test-pictures", "50", "--test-samples", "50",
              "--lr", "3e-3", "--out", str(tmp_path / "a")])  # fmt: skip
    assert a_run(tmp_path / "a").result["nll"] < 160
    assert json.loads((tmp_path / "a" / "options.json").read_text())["batch"] > 0


@pytest.mark.parametrize("name", ["vae-mnist", "vae2-mnist"])
def test_the_record_says_what_the_shipped_weights_are(name):
    kept = record(name)
    net = nets.VAE(z_dim=kept["options"]["z_dim"])
    net.load_state_dict(weights(name))
    assert kept["parameters"] == kept["metrics"]["parameters"] == sum(p.numel() for p in net.parameters())
    assert kept["options"]["images"] == "mnist"
    assert kept["metrics"]["nll"] < -kept["metrics"]["elbo"]
    assert kept["metrics"]["nll pictures"] == 1000
    assert kept["metrics"]["nll samples"] == 5000


@pytest.mark.skipif(not HAVE_MNIST, reason=MISSING)
@pytest.mark.parametrize("name", ["vae-mnist", "vae2-mnist"])
def test_the_shipped_weights_do_what_their_record_says(name):
    """The ELBO of all test pictures; and the bound with 50 codes, which is by about a nat looser than the record's."""
    metrics, net = record(name)["metrics"], nets.VAE(z_dim=record(name)["options"]["z_dim"])
    net.load_state_dict(weights(name))
    given = vae.options(["--images", "mnist", "--test-samples", "50", "--out", "x"])
    found = vae.examine(net, Batches(data.images("mnist", "test"), 500), given)
    assert found["elbo"] == pytest.approx(metrics["elbo"], abs=0.1)
    assert found["kl"] == pytest.approx(metrics["kl"], abs=0.1)
    assert abs(found["active"] - metrics["active"]) <= 1
    assert -0.05 < found["nll"] - metrics["nll"] < 2


def test_the_nll_is_that_of_pictures_from_the_whole_set(monkeypatch):
    """MNIST's first test pictures are easier than its last: the first thousand would flatter by about a nat."""
    bound, met = vae.importance_bound, []
    monkeypatch.setattr(vae, "importance_bound", lambda net, x, k, **how: met.append(x) or bound(net, x, k, **how))
    x = (np.arange(6) * 51).astype(np.uint8).reshape(6, 1, 1, 1).repeat(2, 2).repeat(2, 3)
    net = nets.VAE((1, 2, 2), 2, hidden=(4,), likelihood="continuous")
    given = vae.options(["--test-pictures", "3", "--test-samples", "2", "--likelihood", "continuous", "--out", "x"])
    found = vae.examine(net, Batches(data.Images(x, np.zeros(6, np.int64)), 6), given)
    assert met[0][:, 0, 0, 0].tolist() == pytest.approx([0, 0.4, 0.8])
    assert found["nll pictures"] == 3
