"""The recipe of the convolutional GAN: what it leaves in its folder, and that a run cut off ends like a whole one."""

import copy

import matplotlib.image
import numpy as np
import pytest
import torch
import workers
from known import HAVE_MNIST, MISSING
from PIL import Image

from companion import data, train
from companion.nets import dcgan as nets_dcgan
from companion.nets.cnn import Classifier
from companion.recipes import _game, cnn, dcgan

FILES = [
    "grid.png", "last.pt", "last.pt.previous", "log.jsonl", "options.json", "result.json", "walk.png",
]  # fmt: skip


@pytest.fixture
def tiny(pictures):
    """12 pictures a step, 8 steps, nets as narrow as they get."""
    return ["--images", str(pictures), "--batch", "12", "--epochs", "2", "--width", "4", "--z-dim", "6",
            "--report", "1", "--save", "3", "--pictures", "4", "--device", "cpu"]  # fmt: skip


def test_it_leaves_its_files_and_its_average_can_be_drawn_from(tmp_path, tiny, a_run):
    dcgan.main([*tiny, "--out", str(tmp_path / "a")])
    run = a_run(tmp_path / "a")
    assert [line["step"] for line in run.log] == list(range(1, 9))
    assert run.result == {"steps": 8}
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == FILES
    assert matplotlib.image.imread(tmp_path / "a" / "grid.png").shape[2] == 4
    kept = run.states["states"]
    assert set(kept) == {"G", "D", "update_g", "update_d", "ema", "rate_g", "rate_d"}
    assert kept["ema"]["images"] == 96
    G = nets_dcgan.Generator(6, (1, 18, 18), 4)
    G.load_state_dict(kept["ema"]["net"])
    own = nets_dcgan.measured(G, n=20_000)
    for name, value in own.state_dict().items():
        torch.testing.assert_close(value, kept["ema"]["net"][name], msg=f"{name}: statistics of the average's own")


@pytest.mark.parametrize("norm", ["batch", "spectral"])
def test_cut_off_and_resumed_it_ends_the_same_to_the_last_bit(tmp_path, tiny, cut_off, norm, a_run):
    dcgan.main([*tiny, "--norm", norm, "--out", str(tmp_path / "whole")])
    cut_off(dcgan.main, [*tiny, "--norm", norm, "--out", str(tmp_path / "cut")], step=5)
    dcgan.main(["--out", str(tmp_path / "cut"), "--resume", "--report", "1"])
    a_run(tmp_path / "cut").ends_like(a_run(tmp_path / "whole"))


def test_two_processes_share_a_batch_and_hold_the_same_weights(tmp_path, tiny, a_run):
    workers.together(workers.recipe, "dcgan", [*tiny, "--out", str(tmp_path / "two")], world=2)
    run = a_run(tmp_path / "two")
    assert [line["step"] for line in run.log] == list(range(1, 9))
    assert all(np.isfinite(line["D"]) for line in run.log)
    assert run.states["states"]["ema"]["images"] == 96


@pytest.mark.parametrize(
    "more",
    [["--norm", "spectral", "--kind", "hinge"], ["--norm", "none", "--kind", "wasserstein", "--r1", "1"],
     ["--d-steps", "2"]],
    ids=" ".join,
)  # fmt: skip
def test_the_options_reach_the_networks_and_the_game(tmp_path, tiny, more, a_run):
    dcgan.main([*tiny, *more, "--out", str(tmp_path / "a")])
    run = a_run(tmp_path / "a")
    spectral = any("parametrizations" in name for name in run.states["states"]["D"])
    assert spectral == ("spectral" in more)
    assert ("penalty" in run.log[0]) == ("--r1" in more)


def test_the_options_reach_the_optimizers():
    given = dcgan.options(
        ["--out", "x", "--lr", "1e-3", "--d-lr", "2e-3", "--beta1", "0.3", "--half-life", "77", "--width", "2"]
    )
    run, images = train.launch("cpu"), data.images("glyphs", n=8)
    G, D = dcgan.networks(images, given, run)
    step, kept = dcgan.training(G, D, given, run, 10)
    for name, rate in (("update_g", 1e-3), ("update_d", 2e-3)):
        group = kept[name].optimizer.param_groups[0]
        assert group["betas"] == (0.3, 0.99)
        assert group["lr"] == rate
    assert kept["ema"].half_life == 77
    step(*next(dcgan.stream(images, given, run).stream()))
    assert kept["update_g"].optimizer.param_groups[0]["lr"] == pytest.approx(9e-4)
    assert kept["update_d"].optimizer.param_groups[0]["lr"] == pytest.approx(1.8e-3)


def test_the_weights_begin_as_the_seed_says():
    begun = []
    for seed in ("0", "0", "1"):
        given = dcgan.options(["--out", "x", "--seed", seed, "--width", "2"])
        G, D = dcgan.networks(data.images("glyphs", n=8), given, train.launch("cpu"))
        begun.append(copy.deepcopy(G.state_dict()) | {f"D{k}": v for k, v in D.state_dict().items()})
    same = [all(torch.equal(v, other[k]) for k, v in begun[0].items()) for other in begun[1:]]
    assert same == [True, False]


def test_batches_are_signed():
    given = dcgan.options(["--out", "x"])
    x, _ = next(dcgan.stream(data.images("glyphs", n=100), given, train.launch("cpu")).stream())
    assert float(x.min()) == -1
    assert float(x.max()) > 0.9


@pytest.mark.parametrize(("mode", "side"), [("L", 32), ("RGB", 32), ("RGB", 64)])
def test_other_sizes_and_colour(tmp_path, mode, side, a_run):
    rng = np.random.default_rng(0)
    for i in range(8):
        path = tmp_path / "pictures" / ("train" if i < 6 else "test") / "a"
        path.mkdir(parents=True, exist_ok=True)
        x = rng.integers(0, 255, (side, side, 3) if mode == "RGB" else (side, side), dtype=np.uint8)
        Image.fromarray(x).save(path / f"{i}.png")
    images = data.images(str(tmp_path / "pictures"))
    dcgan.main(["--images", str(tmp_path / "pictures"), "--batch", "3", "--epochs", "1", "--width", "2", "--z-dim", "4",
                "--device", "cpu", "--out", str(tmp_path / "a")])  # fmt: skip
    last = a_run(tmp_path / "a").states["states"]["G"]
    assert tuple(images.x.shape[1:]) == (3 if mode == "RGB" else 1, side, side)
    assert max(int(k.split(".")[1]) for k in last) == {32: 10, 64: 13}[side], "the last layer with weights"


def test_an_explosion_ends_in_a_sentence(tmp_path, tiny):
    with pytest.raises(SystemExit, match=r"stopped: (D|G) is (nan|inf)"):
        dcgan.main([*tiny, "--norm", "none", "--kind", "wasserstein", "--lr", "1e30", "--out", str(tmp_path / "a")])


def test_the_judge_of_a_generator_that_replays_the_test_pictures():
    """Nearly as sure of it as of the test pictures themselves, as many of each class, and at no distance."""
    test, run = data.images("glyphs", "test"), train.launch("cpu")
    torch.manual_seed(0)
    judge = Classifier()
    torch.nn.init.normal_(judge.last.weight, std=3)
    real = torch.as_tensor(test.x).float() / 127.5 - 1
    read = torch.cat([judge(part) for part in ((real + 1) / 2).split(500)]).detach().softmax(1)

    class Replays(torch.nn.Linear):
        z_dim, place = 6, 0

        def forward(self, z):
            self.place += len(z)
            return real[self.place - len(z) : self.place]

    given = dcgan.options(["--out", "x", "--images", "glyphs"])
    found = dcgan.examine(Replays(1, 1).to(run.device), judge, given, n=len(real))
    assert found["Fréchet distance"] == pytest.approx(0, abs=1e-3)
    assert found["sure"] == pytest.approx(float((read.max(1).values > 0.9).float().mean()), abs=1e-4)
    counts = torch.bincount(read.argmax(1), minlength=10) / len(real)
    assert found["of each class"] == pytest.approx(counts.tolist(), abs=1e-4)


def test_the_judge_comes_out_of_a_run_of_its_own(tmp_path, pictures, small):
    cnn.main(["--out", str(tmp_path / "judge"), *small, "--epochs", "1"])
    judge = _game.classifier(str(tmp_path / "judge"), data.images(str(pictures)), train.launch("cpu"))
    kept = torch.load(tmp_path / "judge" / "last.pt", weights_only=True)["states"]["net"]
    assert all(torch.equal(value, kept[name]) for name, value in judge.state_dict().items())
    assert not judge.training


@pytest.mark.skipif(not HAVE_MNIST, reason=MISSING)
def test_a_glance_at_mnist(tmp_path, a_run):
    """125 steps: the pictures are as dark as digits are, and no longer noise."""
    dcgan.main(["--images", "mnist", "--n", "8000", "--epochs", "1", "--width", "8", "--z-dim", "16", "--lr", "4e-3",
                "--d-lr", "1e-3", "--half-life", "500", "--out", str(tmp_path / "a")])  # fmt: skip
    state = a_run(tmp_path / "a").states["states"]["ema"]["net"]
    G = nets_dcgan.Generator(16, (1, 28, 28), 8).eval()
    G.load_state_dict(state)
    with torch.no_grad():
        x = (G(torch.randn(500, 16)) + 1) / 2
    assert 0.03 < float(x.mean()) < 0.35
    rough = (x[..., 1:] - x[..., :-1]).abs().mean() / x.mean()
    assert float(rough) < 1


def test_the_shipped_weights_do_what_their_record_says(shipped):
    """Classes and certainty need no pictures; the distance to MNIST's test set is measured where that set is."""
    record, given, judge = shipped("dcgan-mnist")
    G, _ = dcgan.networks(data.images(given.images, "test", n=10), given, train.launch("cpu"))
    G.load_state_dict(data.weights("dcgan-mnist"))
    found = dcgan.examine(G.eval(), judge, given)
    assert found["sure"] == pytest.approx(record["sure"], abs=0.01)
    assert found["of each class"] == pytest.approx(record["of each class"], abs=0.005)
    if HAVE_MNIST:
        assert found["Fréchet distance"] == pytest.approx(record["Fréchet distance"], rel=0.02)
