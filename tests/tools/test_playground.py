"""What the playgrounds run on: networks packed as int8, and JavaScript that runs them, against torch and companion."""

import base64
import gzip
import json
import math
import re

import numpy as np
import pytest
import torch
from browser import launch
from known import HAVE_MNIST, MISSING
from playwright.sync_api import sync_playwright
from torch import nn

from companion import data
from companion.evaluate import quiz
from companion.matrix import gmm, norms
from companion.nets import cnn
from tools import packing, playground
from tools.playground import FOLDER, GOLDEN, NETS

EVERY_NET = pytest.mark.parametrize("name", NETS)
PLAYGROUNDS = [path for path in sorted(FOLDER.glob("*.js")) if path.read_text("utf8").startswith("// needs:")]
STALE = "run `python -m tools.playground`: companion/weights is newer than the playgrounds"


def told(name):
    """What models/NAME.js says."""
    text = (FOLDER / "models" / f"{name}.js").read_text(encoding="utf8")
    return json.loads(re.search(rf'^Playground\.model\("{name}", (.*)\);$', text, re.MULTILINE)[1])


def golden(name):
    return json.loads(GOLDEN.read_text(encoding="utf8"))[name]


# -- packing --


def test_each_channel_has_its_own_scale_and_loses_half_a_step_at_most():
    torch.manual_seed(0)
    weight = torch.randn(5, 3, 4) * torch.tensor([1e-3, 1, 10, 1e3, 0])[:, None, None]
    q, scale = packing.quantized(weight)
    assert q.dtype == torch.int8
    assert q.abs().amax(1).tolist() == [127, 127, 127, 127, 0]
    error = (weight.flatten(1) - q * scale[:, None]).abs().amax(1)
    assert bool((error <= 0.5001 * scale).all())
    assert float(error[:2].max()) < 0.5 * 4 / 127


def randomized(*modules):
    """Modules with weights and statistics that matter."""
    torch.manual_seed(1)
    for module in modules:
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                tensor.data = torch.rand_like(tensor) + 0.2 if tensor.ndim == 1 else torch.randn_like(tensor) / 4
    return [module.eval() for module in modules]


MADE = {
    "dense": ((7,), [nn.Linear(7, 5), nn.LeakyReLU(0.2), nn.Linear(5, 3, bias=False), nn.Sigmoid()]),
    "norm behind dense": ((6,), [nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU()]),
    "norm behind a reshape": (
        (6,), [nn.Linear(6, 24, bias=False), nn.Unflatten(1, (2, 3, 4)), nn.BatchNorm2d(2), nn.ReLU(),
               nn.ConvTranspose2d(2, 3, 4, 2, 1, bias=False), nn.BatchNorm2d(3), nn.Tanh()]),
    "convolution": ((2, 9, 7), [nn.Conv2d(2, 3, 4, 2, 1), nn.BatchNorm2d(3), nn.LeakyReLU(0.2), nn.Conv2d(3, 2, 3)]),
    "pool that drops an edge": (
        (2, 7, 6), [nn.Conv2d(2, 4, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(24, 2)]),
    "odd sizes": ((3, 4, 3), [nn.ConvTranspose2d(3, 2, 4, 2, 1, (1, 0)), nn.ReLU(), nn.ConvTranspose2d(2, 1, 3, 1, 0)]),
}  # fmt: skip


@pytest.mark.parametrize("case", MADE)
def test_layers_do_what_the_modules_do_norms_folded(case):
    shape, modules = MADE[case]
    modules = randomized(*modules)
    x = torch.randn(4, *shape)
    with torch.no_grad():
        expected = nn.Sequential(*modules)(x).flatten(1)
    found = packing.layers(modules, shape)
    assert not [step for step in found if step.kind not in ("dense", "conv", "deconv", "pool")]
    torch.testing.assert_close(packing.forward(found, x.flatten(1)), expected)


def test_what_the_page_cannot_run_is_refused():
    with pytest.raises(ValueError, match=r"nn\.js has no layer for GRU"):
        packing.layer(nn.GRU(2, 2), (2,))
    with pytest.raises(AssertionError, match="cannot be folded"):
        packing.layers([nn.Linear(2, 3), nn.ReLU(), nn.BatchNorm1d(3)], (2,))


def made(name):
    """The network as it is packed; that of drawn digits brings ten pictures of MNIST."""
    if name == "cnn" and not HAVE_MNIST:
        pytest.skip(MISSING)
    return NETS[name]()


@EVERY_NET
def test_the_file_holds_the_shipped_weights(name):
    """Unpacked here, by the format alone: scales and biases of all layers, then all weights."""
    content, net = told(name), made(name)
    assert content["sha256"] == data.record(net.source)["sha256"], STALE
    raw, at = base64.b64decode(content["data"]), 0
    for layer, said in zip(net.layers, content["layers"], strict=True):
        if layer.weight.numel():
            scale, bias = np.frombuffer(raw, "<f4", 2 * said["out"], at).reshape(2, -1)
            np.testing.assert_allclose(bias, layer.bias, rtol=1e-6, atol=1e-6)  # folded norms: the last digit
            np.testing.assert_allclose(scale, layer.weight.flatten(1).abs().amax(1) / 127, rtol=1e-6)
            at += 8 * said["out"]
    weights = np.frombuffer(raw, np.int8, offset=at).astype(int)
    with_weights = [layer.weight for layer in net.layers if layer.weight.numel()]
    expected = np.concatenate([packing.quantized(weight)[0].numpy().ravel() for weight in with_weights]).astype(int)
    assert len(weights) == len(expected) == sum(weight.numel() for weight in with_weights)
    assert np.abs(weights).max() <= 127
    assert np.abs(weights - expected).max() <= 1, "a half may be rounded the other way elsewhere"
    assert np.mean(weights == expected) > 0.999


@EVERY_NET
def test_golden_values_are_those_of_the_rounded_network(name):
    net, kept = made(name), golden(name)
    y = packing.forward(packing.rounded(net.layers), net.x.double())
    np.testing.assert_allclose(kept["y"], y, atol=1e-6)
    assert np.std(kept["y"]) > 0.05


@EVERY_NET
def test_rounding_changes_little(name):
    kept = golden(name)
    y, original = np.array(kept["y"]), np.array(kept["original"])
    if name == "cnn":
        assert np.abs(y - original).max() < 0.2
        assert (y.argmax(1) == original.argmax(1)).all()
        assert y.argmax(1).tolist() == list(range(10))
    else:  # grey values: a generator's sharp edges move a little more than a decoder's soft ones
        error = (y - original) / (1 if name == "vae" else 2)
        assert np.abs(error).max() < (0.04 if name == "vae" else 0.1)
        assert np.sqrt(np.mean(error**2)) < 0.01


@pytest.mark.skipif(not HAVE_MNIST, reason=MISSING)
def test_the_drawn_digits_model_reads_mnist_after_packing():
    x, y = data.images("mnist", "test")
    x, net = torch.as_tensor(x).flatten(1) / 255, packing.rounded(NETS["cnn"]().layers)
    said = torch.cat([packing.forward(net, part).argmax(1) for part in x.split(500)])
    right = float((said == torch.as_tensor(y)).double().mean())
    assert right >= 0.993
    assert right == pytest.approx(data.record("cnn-drawn-mnist")["metrics"]["test accuracy"], abs=0.0005)


def test_models_are_written_whole_and_only_those_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(playground, "FOLDER", tmp_path)
    monkeypatch.setattr(playground, "GOLDEN", tmp_path / "golden.json")
    monkeypatch.setattr(playground.playground_pictures, "draw", lambda folder: iter(()))
    playground.main(["vae", "photo"])
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["photo.js", "vae.js"]
    for name in ("vae", "photo"):
        assert (tmp_path / "models" / f"{name}.js").read_bytes() == (FOLDER / "models" / f"{name}.js").read_bytes(), (
            STALE
        )
    assert list(json.loads((tmp_path / "golden.json").read_text())) == ["vae"]
    assert re.search(r"vae\.js: [\d,]+ bytes", capsys.readouterr().out)
    with pytest.raises(SystemExit, match=r"there are no models gpt; there are gan, dcgan,"):
        playground.main(["gpt"])


@pytest.mark.parametrize("script", PLAYGROUNDS, ids=[path.stem for path in PLAYGROUNDS])
def test_a_page_loads_half_a_megabyte_at_most(script):
    """All that a box brings along, compressed: the runtime, what its first line needs, the picture for paper."""
    needs = script.read_text(encoding="utf8").splitlines()[0].removeprefix("// needs: ").split()
    names = ["core.js", "playground.css", *needs, script.name, f"fallback/{script.stem}.png"]
    sizes = {name: len(gzip.compress((FOLDER / name).read_bytes())) for name in names}
    assert sum(sizes.values()) <= 500_000, sizes


# -- in the browser --


@pytest.fixture(scope="module")
def js():
    """An empty page with the runtime and all models in it, and the function that evaluates there."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page()
        for path in [FOLDER / f"{name}.js" for name in ("core", "nn", "linalg", "draw-a-digit", "real-or-fake")]:
            page.add_script_tag(content=path.read_text(encoding="utf8"))
        for name in NETS:
            page.add_script_tag(content=(FOLDER / "models" / f"{name}.js").read_text(encoding="utf8"))
        yield page.evaluate
        browser.close()


RUN = "([name, x]) => x.map(row => [...Playground.nn.forward(Playground.nn.net(name), row)])"


@EVERY_NET
def test_javascript_equals_python_on_the_packed_weights(js, name):
    kept = golden(name)
    np.testing.assert_allclose(js(RUN, [name, kept["x"]]), kept["y"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("case", MADE)
def test_every_kind_of_layer_in_javascript(js, case):
    shape, modules = MADE[case]
    net = packing.layers(randomized(*modules), shape)
    layers, numbers = packing.packed(net)
    content = {"layers": layers, "data": base64.b64encode(numbers).decode()}
    js("([name, content]) => Playground.model(name, content)", [case, content])
    x = torch.randn(3, math.prod(shape), dtype=torch.float64)
    expected = packing.forward(packing.rounded(net), x)
    np.testing.assert_allclose(js(RUN, [case, x.tolist()]), expected, atol=1e-6)


def test_between_two_codes_and_from_logits_to_shares(js):
    a, b = np.array([3.0, -1, 0]), np.array([0, 2.0, 1])
    on_the_way = js("([a, b]) => [0, 1 / 3, 1].map(t => Playground.nn.between(a, b, t))", [a.tolist(), b.tolist()])
    np.testing.assert_allclose(on_the_way, [a, math.sqrt(3) / 2 * a + b / 2, b], atol=1e-12)
    shares = js("Playground.nn.softmax([1000, 1000 + Math.log(3), -1000])")
    np.testing.assert_allclose(shares, [0.25, 0.75, 0], atol=1e-12)


def svd(js, A):
    run = """([A, m, n]) => {
        const work = Playground.linalg.svd(Float64Array.from(A), m, n);
        let step, pieces = 0;
        do step = work.next(); while (!step.done && ++pieces);
        const { U, s, V } = step.value, half = [...Playground.linalg.truncated(step.value, Math.min(2, n), m, n)];
        return { U: U.map(u => [...u]), s, V: V.map(v => [...v]), half, pieces };
    }"""
    return js(run, [A.ravel().tolist(), *A.shape])


@pytest.mark.parametrize("kind", ["full", "deficient", "zero", "square", "one column"])
def test_jacobi_finds_the_singular_value_decomposition(js, kind):
    rng = np.random.default_rng(3)
    A = rng.normal(size={"square": (9, 9), "one column": (5, 1)}.get(kind, (12, 7)))
    if kind == "deficient":
        A[:, 3:] = A[:, :2] @ rng.normal(size=(2, 4))
    A = 0 * A if kind == "zero" else A
    found, exact = svd(js, A), np.linalg.svd(A, full_matrices=False)
    U, s, V = (np.array(found[key]) for key in ("U", "s", "V"))
    np.testing.assert_allclose(s, exact[1], atol=1e-12)
    np.testing.assert_allclose(U.T @ np.diag(s) @ V, A, atol=1e-12)
    np.testing.assert_allclose(V @ V.T, np.eye(len(V)), atol=1e-12)
    half = exact[0][:, :2] @ np.diag(exact[1][:2]) @ exact[2][:2]
    if len(s) > 1:
        np.testing.assert_allclose(np.reshape(found["half"], A.shape), half, atol=1e-12)
    assert found["pieces"] < 40 * len(s)  # it came to its end by itself


def test_norms_of_small_matrices(js):
    rng = np.random.default_rng(4)
    for A in [*rng.normal(size=(20, 2, 2)), np.eye(2), np.diag([3.0, -1]), np.array([[0, 2.0], [0, 0]])]:
        found = js("A => Playground.linalg.norms(A)", A.ravel().tolist())
        for name, kind in (("one", "1"), ("two", "2"), ("inf", "inf"), ("fro", "fro")):
            assert found[name] == pytest.approx(float(norms.matrix(A, kind)), abs=1e-12)
        assert found["s"] == pytest.approx(np.linalg.svd(A, compute_uv=False).tolist(), abs=1e-12)
    assert js("Playground.linalg.norms([1, 2, 2, 4]).condition === Infinity")


def test_em_in_the_plane_is_companions(js):
    rng = np.random.default_rng(5)
    X = np.concatenate([rng.normal(m, 0.6, (25, 2)) for m in ((-1, 0), (1, 1), (0, -2))])
    mixture = gmm.em(X, 3, reg=1e-3, max_iter=2, rng=0).mixture
    theirs = [
        {"weight": float(w), "mean": m.tolist(), "cov": [float(C[0, 0]), float(C[0, 1]), float(C[1, 1])]}
        for w, m, C in zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    ]
    run = """([X, mixture]) => {
        const { r, logLikelihood } = Playground.linalg.assign(X, mixture);
        return { r, logLikelihood, next: Playground.linalg.move(X, r, 1e-3) };
    }"""
    found, expected = js(run, [X.tolist(), theirs]), gmm.e_step(X, mixture)
    np.testing.assert_allclose(found["r"], np.exp(expected.log_responsibilities), atol=1e-10)
    assert found["logLikelihood"] == pytest.approx(expected.log_likelihood, abs=1e-10)
    moved = gmm.m_step(X, expected.log_responsibilities, reg=1e-3)
    for k, component in enumerate(found["next"]):
        assert component["weight"] == pytest.approx(float(moved.weights[k]))
        np.testing.assert_allclose(component["mean"], moved.means[k], atol=1e-10)
        np.testing.assert_allclose(component["cov"], moved.covariances[k].ravel()[[0, 1, 3]], atol=1e-10)


def test_the_rule_for_parts_is_the_multiplicative_one(js):
    rng = np.random.default_rng(6)
    H, x, w = rng.random((4, 30)), rng.random(30), rng.random(4)
    found = js("([x, H, w]) => Playground.linalg.parts(x, H, w)", [x.tolist(), H.tolist(), w.tolist()])
    np.testing.assert_allclose(found, w * (H @ x) / (H @ H.T @ w))


@pytest.mark.parametrize("n", [10, 30])
@pytest.mark.parametrize("kind", ["all right", "all wrong", "half", "guessed", "always generated", "all real"])
def test_the_quiz_is_scored_as_the_chapter_scores(js, kind, n):
    rng = np.random.default_rng(n)
    truth, said = rng.random(n) < 0.5, rng.random(n) < 0.6
    said = {"all right": truth, "all wrong": ~truth, "half": truth ^ (np.arange(n) % 2 == 0)}.get(kind, said)
    said = said | (kind == "always generated")
    truth = truth & (kind != "all real")
    expected = quiz.score(truth, said)._asdict()
    found = js("([truth, said]) => Playground.quiz.score(truth, said)", [truth.tolist(), said.tolist()])
    expected["luck"] = expected.pop("p_value")
    assert found == pytest.approx(expected, abs=1e-8)


def test_a_round_of_the_quiz_is_coins_and_no_picture_twice(js):
    """2,000 rounds: half of the pictures are generated, whatever came before; the same number is the same round."""
    run = """rounds => rounds.map(seed => Playground.quiz.plan(Playground.random(30 * 65536 + seed), 30, 100))"""
    rounds = js(run, list(range(1, 2001)))
    assert all(len({q["at"] for q in asked}) == 30 for asked in rounds)
    coins = np.array([[q["fake"] for q in asked] for asked in rounds])
    assert np.abs(coins.mean(0) - 0.5).max() < 0.045  # 4 standard deviations of a share among 2,000
    assert abs(coins.mean() - 0.5) < 0.009
    assert abs((coins[:, 1:] == coins[:, :-1]).mean() - 0.5) < 0.009
    shown = np.bincount([q["at"] for asked in rounds for q in asked], minlength=100) / 2000
    assert np.abs(shown - 0.3).max() < 0.045
    assert js(run, [7, 7, 8])[0] == rounds[6]
    assert rounds[6] != rounds[7]


AS_MNIST = "([ink, w, h]) => { const x = Playground.asMnist(Float64Array.from(ink), w, h); return x && [...x]; }"


def as_mnist(js, ink):
    found = js(AS_MNIST, [ink.ravel().tolist(), ink.shape[1], ink.shape[0]])
    return None if found is None else np.reshape(found, (28, 28))


def test_a_drawing_becomes_a_picture_as_those_of_mnist(js):
    """A bar 60 high and 12 wide, anywhere: 20 high, 4 wide, its middle in the middle, of full brightness."""
    for left, top in ((0, 0), (80, 31), (108, 60)):
        ink = np.zeros((120, 120))
        ink[top : top + 60, left : left + 12] = 1
        x = as_mnist(js, ink)
        expected = np.zeros((28, 28))
        expected[4:24, 12:16] = 1
        np.testing.assert_allclose(x, expected, atol=1e-12)
    assert as_mnist(js, np.zeros((30, 30))) is None


def test_the_centre_of_mass_is_in_the_middle_and_ink_is_kept(js):
    ink = np.zeros((200, 100))
    ink[20:140, 30:45] = 1  # an L, heavy at the bottom
    ink[120:140, 30:90] = 1
    x = as_mnist(js, ink)
    rows, columns = np.nonzero(x)
    assert np.ptp(rows) + 1 == 20
    assert np.ptp(columns) + 1 == 10
    assert abs((x * (np.arange(28) + 0.5)[:, None]).sum() / x.sum() - 14) <= 0.5
    assert abs((x * (np.arange(28) + 0.5)).sum() / x.sum() - 14) <= 0.5
    assert x.sum() == pytest.approx(ink.sum() / 36)


def test_a_digit_made_large_and_moved_is_read_as_before(js):
    net, x = cnn.Classifier(), np.reshape(golden("cnn")["x"], (10, 28, 28))
    net.load_state_dict(data.weights("cnn-drawn-mnist"))
    large = np.zeros((10, 280, 280))
    large[:, 40:264, 10:234] = np.kron(x, np.ones((8, 8)))
    again = torch.as_tensor(np.stack([as_mnist(js, ink) for ink in large]))[:, None].float()
    with torch.no_grad():
        assert net(again).argmax(1).tolist() == list(range(10))
