"""The recipe of the adversarial networks from its first line to its last: what it learns, what it leaves behind."""

import json
import re
import shlex

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from known import HAVE_MNIST, MISSING

from companion import data, train
from companion.recipes import dcgan, gan
from tools.book import ROOT

RING = shlex.split("--points ring --batch 64 --width 32 --epochs 0.1 --report 20 --save 30 --pictures 40 --device cpu")


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    plt.close("all")


@pytest.fixture
def pictured(pictures):
    return [
        "--images",
        str(pictures),
        "--width",
        "8",
        "--batch",
        "12",
        "--epochs",
        "4",
        "--device",
        "cpu",
        "--z-dim",
        "5",
    ]


def made(options):
    given = gan.options([*options, "--out", "x"])
    run = train.launch(given.device, seed=given.seed)
    return given, run, (gan.Plane if given.points else gan.Pictures)(given, run)


def test_it_leaves_its_files(tmp_path, a_run, capsys):
    gan.main([*RING, "--out", str(tmp_path / "a")])
    run = a_run(tmp_path / "a")
    assert set(run.result) == {"modes", "of", "high quality", "KL", "KL by chance", "steps"}
    assert (run.result["of"], run.result["steps"]) == (8, 78)
    assert [line["step"] for line in run.log] == [20, 40, 60, 78]
    assert {"D", "G", "penalty", "images/s"} <= set(run.log[0])
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "grid.png", "last.pt", "last.pt.previous", "log.jsonl", "options.json", "result.json", "walk.png",
    ]  # fmt: skip
    assert matplotlib.image.imread(tmp_path / "a" / "grid.png").shape[2] == 4
    assert set(run.states["states"]) == {"G", "D", "update_g", "update_d", "ema", "rate_g", "rate_d"}
    assert re.search(r"step 78  D [\d.]+  penalty [\d.]+  G [\d.]+  ", capsys.readouterr().out)


def test_pictures_too(tmp_path, pictured, a_run):
    gan.main([*pictured, "--out", str(tmp_path / "a"), "--gp", "1", "--d-steps", "2", "--kind", "wasserstein"])
    run = a_run(tmp_path / "a")
    assert run.result["steps"] == 16
    assert run.states["states"]["G"]["layers.4.bias"].shape == (18 * 18,)
    assert matplotlib.image.imread(tmp_path / "a" / "walk.png").shape[2] == 4


@pytest.mark.parametrize("kind", ["ring", "pictures"])
def test_cut_off_and_resumed_it_ends_the_same_to_the_last_bit(tmp_path, pictured, a_run, cut_off, kind):
    options = [*(RING if kind == "ring" else pictured), "--report", "1", "--save", "3"]
    gan.main([*options, "--out", str(tmp_path / "whole")])
    cut_off(gan.main, [*options, "--out", str(tmp_path / "cut")], step=11)
    assert a_run(tmp_path / "cut").states["step"] == 9
    gan.main(["--out", str(tmp_path / "cut"), "--resume"])
    a_run(tmp_path / "cut").ends_like(a_run(tmp_path / "whole"))


def test_each_task_has_its_own_defaults_and_what_is_given_wins():
    for name in ("ring", "grid"):
        given = gan.options(["--points", name, "--out", "x"])
        assert {key: getattr(given, key) for key in gan.PRESETS[name]} == gan.PRESETS[name]
    given = gan.options(["--out", "x", "--r1", "0", "--width", "77"])
    assert (given.r1, given.width, given.lr) == (0.0, 77, gan.PRESETS["images"]["lr"])


def test_options_reach_the_game(monkeypatch):
    seen = {}
    monkeypatch.setattr(gan.gan, "make_step", lambda *args, **how: seen.update(how))
    given, run, task = made(
        [*RING, "--kind", "hinge", "--d-steps", "2", "--r1", "0.5", "--gp", "3", "--z-dim", "6", "--ahead", "2"]
    )
    G, D = gan.networks(task, given, run)
    _, kept = gan.training(G, D, given, run, 10)
    rates = [kept[name].optimizer.param_groups[0]["lr"] for name in ("update_g", "update_d")]
    assert rates == pytest.approx([given.lr, 2 * given.lr])
    assert seen == {"kind": "hinge", "d_steps": 2, "r1": 0.5, "gp": 3.0}
    assert (G.z_dim, G.layers[0].out_features, D.layers[0].out_features) == (6, 32, 32)
    assert kept["ema"].half_life == given.half_life
    x, y = next(task.batches.stream())
    assert x.shape == (128, 2)
    np.testing.assert_allclose(x, task.points.modes[y], atol=6 * 0.01)


def test_a_classifier_says_what_it_sees(tmp_path, pictured, a_run, monkeypatch):
    asked = []
    monkeypatch.setattr(gan._game, "classifier", lambda name, images, run: (name, len(images.x)))
    monkeypatch.setattr(gan.dcgan, "examine", lambda G, judge, given: asked.append((G, judge)) or {"sure": 0.5})
    gan.main([*pictured, "--epochs", "0.2", "--classifier", "cnn-mnist", "--out", str(tmp_path / "a")])
    assert a_run(tmp_path / "a").result == {"sure": 0.5, "steps": 1}
    assert asked[0][1] == ("cnn-mnist", 48)
    assert not any(p.requires_grad for p in asked[0][0].parameters())  # the averaged generator


def test_the_weights_begin_as_the_seed_says():
    begun = []
    for seed in ("0", "0", "1"):
        given, run, task = made([*RING, "--seed", seed])
        begun.append(gan.networks(task, given, run)[0].layers[0].weight.detach())
    assert torch.equal(begun[0], begun[1])
    assert not torch.equal(begun[0], begun[2])


def test_the_rates_fall_to_nothing():
    given, run, task = made(RING)
    step, kept = gan.training(*gan.networks(task, given, run), given, run, 4)
    rates = []
    for x, y in (next(task.batches.stream()) for _ in range(4)):
        rates.append(kept["update_d"].optimizer.param_groups[0]["lr"] / (given.lr * given.ahead))
        step(x, y)
    assert rates == pytest.approx([1, 0.75, 0.5, 0.25])
    assert kept["update_g"].optimizer.param_groups[0]["lr"] == pytest.approx(0)


def test_the_blur_falls_with_the_rate(monkeypatch):
    judges = []

    class Blurred(gan.gan.Blurred):
        def forward(self, x):
            judges.append(self.std)
            return super().forward(x)

    monkeypatch.setattr(gan.gan, "Blurred", Blurred)
    given, run, task = made([*RING, "--blur", "0.8", "--r1", "0"])
    step, _ = gan.training(*gan.networks(task, given, run), given, run, 4)
    for x, y in (next(task.batches.stream()) for _ in range(4)):
        step(x, y)
    assert judges[::3] == pytest.approx([0.8, 0.8 * 0.75**4, 0.8 / 16, 0.8 / 256])


def test_a_perfect_generator_is_examined_as_one():
    _, _, task = made(RING)

    class Perfect(torch.nn.Module):
        z_dim = 3

        def forward(self, z):
            k = (z[:, 0] * 1000).long() % 8
            return torch.as_tensor(task.points.modes).float()[k] + 0.01 * z[:, 1:]

    measured = task.examine(Perfect())
    assert measured["modes"] == 8
    assert measured["high quality"] == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    assert measured["KL"] < 3 * measured["KL by chance"]


def test_an_explosion_ends_in_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r"stopped: (D|G|penalty) is (nan|inf) at step"):
        gan.main([*RING, "--lr", "1e20", "--out", str(tmp_path / "a")])


def test_the_record_holds_what_the_chapter_says_of_ring_and_grid():
    record = json.loads((ROOT / "benchmarks" / "results" / "gan.json").read_text(encoding="utf8"))
    assert set(record["contests"]) == {"ring", "grid"}
    for points, rows in record["contests"].items():
        assert sorted(row["seed"] for row in rows) == [0, 1, 2, 3, 4]
        assert all(row["modes"] == row["of"] == {"ring": 8, "grid": 25}[points] for row in rows)
        assert all(row["high_quality"] > 0.8 for row in rows)
        assert max(row["minutes"] for row in rows) <= 3
    ring, grid = (record["summary"][points] for points in ("ring", "grid"))
    told = [f"{s['mean_modes']:.0f} | {100 * s['mean_high_quality']:.0f} %" for s in (ring, grid)]
    assert f"| ours | {told[0]} | {told[1]} |" in (ROOT / "book" / "gan.md").read_text(encoding="utf8")


@pytest.mark.skipif(not HAVE_MNIST, reason=MISSING)
def test_a_glance_at_mnist(tmp_path, a_run):
    """150 steps: the averaged generator has left noise; how good it gets is in the record of its shipped weights."""
    gan.main(["--images", "mnist", "--n", "9600", "--epochs", "1", "--half-life", "1000", "--out", str(tmp_path / "a")])
    assert all(np.isfinite([line["D"], line["G"]]).all() for line in a_run(tmp_path / "a").log)


def test_the_shipped_weights_do_what_their_record_says(shipped):
    """Classes and certainty need no pictures; the distance to MNIST's test set is measured where that set is."""
    record, given, judge = shipped("gan-mnist")
    G, _ = gan.Pictures(given, train.launch("cpu")).networks(given.z_dim, given.width)
    G.load_state_dict(data.weights("gan-mnist"))
    found = dcgan.examine(G.eval(), judge, given)
    assert found["sure"] == pytest.approx(record["sure"], abs=0.01)
    assert found["of each class"] == pytest.approx(record["of each class"], abs=0.005)
    if HAVE_MNIST:
        assert found["Fréchet distance"] == pytest.approx(record["Fréchet distance"], rel=0.02)
