"""Spectral normalization against torch's, operators against their matrices, bounds against what is measured."""

import copy

import hypothesis.strategies as st
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from torch import nn
from torch.nn.utils import parametrizations

from companion import train
from companion.matrix import norms
from companion.nets import dcgan, spectral_norm

LAYERS = {
    "linear": (lambda: nn.Linear(7, 5), (7,)),
    "conv1d": (lambda: nn.Conv1d(2, 3, 4, 2, 1), (2, 9)),
    "conv": (lambda: nn.Conv2d(2, 4, 4, 2, 1), (2, 6, 8)),
    "dilated, grouped": (lambda: nn.Conv2d(4, 4, 3, padding=2, dilation=2, groups=2), (4, 6, 5)),
    "circular": (lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), (2, 6, 5)),
    "transposed": (lambda: nn.ConvTranspose2d(3, 2, 4, 2, 1), (3, 4, 3)),
    "transposed, extra": (lambda: nn.ConvTranspose2d(3, 2, 3, 2, 1, output_padding=1), (3, 4, 3)),
    "transposed1d": (lambda: nn.ConvTranspose1d(3, 2, 3, 2), (3, 5)),
}
every_layer = pytest.mark.parametrize("kind", LAYERS)


def made(kind):
    torch.manual_seed(0)
    build, shape = LAYERS[kind]
    return build().double(), shape


def as_matrix(layer, shape):
    """Column by column, from the layer without its bias."""
    basis = torch.eye(torch.Size(shape).numel()).double().reshape(-1, *shape)
    with torch.no_grad():
        return (layer(basis) - layer(torch.zeros_like(basis[:1]))).flatten(1).T


def sigma_1(A):
    return torch.linalg.svdvals(A)[0].item()


def side(shape):
    return shape[1:] or None


# --- as torch's ------------------------------------------------------------------------------------------------------


def pair(kind):
    """The same layer twice, ours and torch's, with the same u and v."""
    (ours, shape), (theirs, _) = made(kind), made(kind)
    spectral_norm.spectral_norm(ours)
    parametrizations.spectral_norm(theirs)
    mine, torchs = ours.parametrizations.weight[0], theirs.parametrizations.weight[0]
    mine.load_state_dict({"u": torchs._u, "v": torchs._v})
    return ours, theirs, shape


@every_layer
def test_weights_gradients_and_vectors_are_torchs_over_many_uses(kind):
    """Forward, backward and a step of SGD ten times; then evaluation."""
    ours, theirs, shape = pair(kind)
    steps = [torch.optim.SGD(layer.parameters(), 0.1) for layer in (ours, theirs)]
    for _ in range(10):
        x = torch.randn(3, *shape).double()
        for layer, step in zip((ours, theirs), steps, strict=True):
            layer(x).square().sum().backward()
            step.step()
        for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(p.grad, q.grad, msg=name)
            torch.testing.assert_close(p, q)
        for step in steps:
            step.zero_grad()
    mine, torchs = ours.parametrizations.weight[0], theirs.parametrizations.weight[0]
    torch.testing.assert_close(mine.u, torchs._u)
    torch.testing.assert_close(mine.v, torchs._v)
    torch.testing.assert_close(ours.eval().weight, theirs.eval().weight)
    assert torch.equal(mine.v, ours.parametrizations.weight[0].v)


def test_the_step_is_that_of_the_chapter_on_norms():
    layer = spectral_norm.spectral_norm(nn.Linear(6, 4).double(), warm_up=1)
    inner, W = layer.parametrizations.weight[0], layer.parametrizations.weight.original.detach()
    expected = norms.power_step(W, inner.v)
    weight = layer.weight
    torch.testing.assert_close(inner.u, expected.u)
    torch.testing.assert_close(inner.v, expected.v)
    torch.testing.assert_close(weight, W / (expected.u @ W @ expected.v))


def test_one_use_is_one_step_and_evaluation_none():
    layer = spectral_norm.spectral_norm(nn.Linear(30, 30), warm_up=1)
    inner, x = layer.parametrizations.weight[0], torch.randn(2, 30)
    before = inner.v.clone()
    layer(x)
    once = inner.v.clone()
    assert not torch.equal(before, once)
    layer.eval()(x)
    assert torch.equal(inner.v, once)
    layer.train()(x)
    assert not torch.equal(inner.v, once)


def test_two_uses_before_one_backward_pass():
    """D judges real and fake before its gradient is asked for: each use keeps the u and v it had."""
    torch.manual_seed(0)
    layer = spectral_norm.spectral_norm(nn.Linear(8, 5).double(), warm_up=1)
    W, v = layer.parametrizations.weight.original, layer.parametrizations.weight[0].v.clone()
    x = torch.randn(3, 8).double()
    (layer(x).square().sum() + layer(2 * x).square().sum()).backward()
    found = W.grad.clone()
    A, total = W.detach().requires_grad_(), 0.0
    for scale in (1, 2):
        with torch.no_grad():
            _, u, v = norms.power_step(A, v)
        total = total + F.linear(scale * x, A / (u @ A @ v), layer.bias.detach()).square().sum()
    torch.testing.assert_close(found, torch.autograd.grad(total, A)[0])


@every_layer
@pytest.mark.parametrize("whole", [False, True])
def test_after_many_uses_the_norm_is_one(kind, whole):
    layer, shape = made(kind)
    nn.init.normal_(layer.weight, std=3.0)
    spectral_norm.spectral_norm(layer, size=side(shape) if whole else None)
    for _ in range(400):
        _ = layer.weight
    layer.eval()
    A = as_matrix(layer, shape)
    flat = layer.weight.detach().movedim(1 if kind.startswith("transposed") else 0, 0).flatten(1)
    assert sigma_1(A if whole or kind == "linear" else flat) == pytest.approx(1, rel=3e-3)


@every_layer
def test_the_gradient_of_a_normalized_layer(kind):
    """By finite differences, with u and v held, for the whole layer too."""
    layer, shape = made(kind)
    spectral_norm.spectral_norm(layer, size=side(shape)).eval()
    x = torch.randn(2, *shape).double()
    weight = layer.parametrizations.weight.original

    def loss(w):
        return torch.func.functional_call(layer, {"parametrizations.weight.original": w}, x).square().sum()

    assert torch.autograd.gradcheck(loss, weight.detach().requires_grad_())


def test_the_weight_does_not_grow_along_itself():
    """The loss does not depend on the weight's scale, so its gradient is orthogonal to it."""
    torch.manual_seed(0)
    layer = spectral_norm.spectral_norm(nn.Conv2d(2, 3, 3).double(), warm_up=200)
    layer(torch.randn(2, 2, 5, 5).double()).square().sum().backward()
    w = layer.parametrizations.weight.original
    assert abs((w * w.grad).sum().item()) < 1e-10 * w.norm().item() * w.grad.norm().item() + 1e-12


def test_a_copy_and_a_loaded_state_go_on_alike():
    for size in (None, 6):
        torch.manual_seed(0)
        layer = spectral_norm.spectral_norm(nn.Conv2d(2, 4, 4, 2, 1), size=size, warm_up=1)
        twin = copy.deepcopy(layer)
        fresh = spectral_norm.spectral_norm(nn.Conv2d(2, 4, 4, 2, 1), size=size)
        fresh.load_state_dict(layer.state_dict())
        x = torch.randn(1, 2, 6, 6)
        for _ in range(3):
            y = layer(x)
            assert torch.equal(twin(x), y)
            assert torch.equal(fresh(x), y)


def test_autocast_does_not_touch_the_norm():
    """u, v and σ in bfloat16 would be wrong by a hundredth."""
    torch.manual_seed(0)
    layer = spectral_norm.spectral_norm(nn.Linear(200, 200), warm_up=300)
    with torch.autocast("cpu", torch.bfloat16):
        inside = layer.weight
    assert inside.dtype == torch.float32
    assert sigma_1(inside) == pytest.approx(1, abs=1e-3)


# --- the whole layer -------------------------------------------------------------------------------------------------


@every_layer
def test_operators_are_the_matrices(kind):
    layer, shape = made(kind)
    A = as_matrix(layer, shape)
    operator = spectral_norm.operator.operator_of(layer, side(shape))(layer.weight.detach())
    v, u = torch.randn(A.shape[1]).double(), torch.randn(A.shape[0]).double()
    torch.testing.assert_close(operator @ v, A @ v)
    torch.testing.assert_close(operator.conj().T @ u, A.T @ u)
    with torch.no_grad():
        torch.testing.assert_close(operator.conj().T @ u, A.T @ u)


@every_layer
def test_the_operator_norm_is_the_largest_singular_value(kind):
    layer, shape = made(kind)
    found = spectral_norm.operator_norm(layer, side(shape), tol=1e-8, max_iter=5000)
    assert found == pytest.approx(sigma_1(as_matrix(layer, shape)), rel=1e-6)
    rough = spectral_norm.operator_norm(layer, side(shape))
    assert found * (1 - 1e-2) < rough < found * (1 + 1e-9)


def test_the_operator_norm_looks_without_touching():
    layer = spectral_norm.spectral_norm(nn.Conv2d(1, 3, 3), warm_up=1)
    state, random = copy.deepcopy(layer.state_dict()), torch.get_rng_state()
    spectral_norm.operator_norm(layer, 8)
    assert layer.training
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, state[name]) for name, value in layer.state_dict().items())


def test_circular_padding_has_fouriers_norm():
    """The exact one of `norms.convolution`; the flattened kernel's is another."""
    torch.manual_seed(0)
    layer = nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular").double()
    true = norms.convolution(layer.weight.detach(), 10)[0].item()
    assert spectral_norm.operator_norm(layer, 10, tol=1e-6, max_iter=5000) == pytest.approx(true, rel=1e-8)
    flat = sigma_1(layer.weight.detach().flatten(1))
    assert 1.1 * flat < true < 3 * flat


@given(
    kernel=st.integers(1, 5), stride=st.integers(1, 5), padding=st.integers(0, 2), extra=st.integers(0, 4),
    channels=st.integers(1, 3), outputs=st.integers(1, 4), seed=st.integers(0, 99), ones=st.booleans(),
)  # fmt: skip
def test_between_the_flattened_norm_and_its_overlaps(kernel, stride, padding, extra, channels, outputs, seed, ones):
    """‖W‖ ≤ ‖layer‖ ≤ ⌈k/s⌉‖W‖, and with stride 1's circular layer above it."""
    size = 2 * kernel + extra  # a window lies inside: the lower bound needs one
    torch.manual_seed(seed)
    layer = nn.Conv2d(channels, outputs, kernel, stride, padding, bias=False).double()
    if ones:
        nn.init.ones_(layer.weight)
    starts = range(-padding, size + padding - kernel + 1, stride)
    assume(any(0 <= i <= size - kernel for i in starts))
    flat, true = sigma_1(layer.weight.detach().flatten(1)), sigma_1(as_matrix(layer, (channels, size, size)))
    assert flat <= true * (1 + 1e-9)
    assert true <= -(-kernel // stride) * flat * (1 + 1e-9)
    assert true <= norms.convolution(layer.weight.detach(), size + 2 * padding)[0].item() * (1 + 1e-9)


def test_the_upper_end_is_nearly_reached_by_equal_weights():
    layer = nn.Conv2d(1, 1, 4, 2, 1, bias=False)
    nn.init.ones_(layer.weight)
    assert spectral_norm.operator_norm(layer, 64) == pytest.approx(2 * 4, rel=0.01), "flattened: 4"


def test_without_overlap_the_flattened_norm_is_the_layers():
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 5, 3, 3).double()
    flat = sigma_1(layer.weight.detach().flatten(1))
    assert sigma_1(as_matrix(layer, (2, 9, 9))) == pytest.approx(flat)


def test_a_layer_normalized_as_a_whole_stays_so_while_it_learns():
    """A convolution has many singular values near the largest, so that u and v lag behind the weights, and catch up."""
    torch.manual_seed(0)
    layer = spectral_norm.spectral_norm(nn.Conv2d(1, 4, 4, 2, 1), size=12)
    step = torch.optim.Adam(layer.parameters(), 1e-3)
    x = torch.randn(16, 1, 12, 12)
    for _ in range(200):
        (-layer(x).square().mean()).backward()
        step.step()
        step.zero_grad()
    assert 0.99 < spectral_norm.operator_norm(layer, 12) < 1.15
    for _ in range(200):
        _ = layer.weight
    assert spectral_norm.operator_norm(layer, 12) == pytest.approx(1, abs=0.02)


# --- steepness -------------------------------------------------------------------------------------------------------


def shaken(norm):
    """A discriminator with weights of another size in each layer, in evaluation mode."""
    torch.manual_seed(1)
    D = dcgan.Discriminator((1, 16, 16), 4, norm=norm)
    for _ in range(3):
        D(torch.rand(16, 1, 16, 16))
    for layer in D.layers:
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, -2, 2)
        elif hasattr(layer, "weight") and norm != "spectral":
            nn.init.normal_(layer.weight, std=0.3)
    return D.eval()


@pytest.mark.parametrize("norm", dcgan.NORMS)
def test_no_discriminator_is_steeper_than_the_product(norm):
    D = shaken(norm)
    bound = torch.tensor(spectral_norm.lipschitz_bound(D.layers, (1, 16, 16))).prod().item()
    x, y = torch.randn(2, 200, 1, 16, 16)
    slopes = spectral_norm.steepness(D, x)
    stretch = (D(x) - D(y)).detach().abs() / (x - y).flatten(1).norm(dim=1)
    assert float(slopes.max()) < 1.01 * bound
    assert float(stretch.max()) < 1.01 * bound
    assert float(slopes.max()) > 0.01 * bound, "and it is no empty promise"


def test_each_layers_stretch():
    D = shaken("batch")
    found = spectral_norm.lipschitz_bound(D.layers, (1, 16, 16))
    conv, batch_norm = D.layers[0], D.layers[3]
    assert len(found) == len(D.layers)
    assert found[0] == pytest.approx(sigma_1(as_matrix(conv.double(), (1, 16, 16))), rel=0.01)
    scale = batch_norm.weight.abs() / (batch_norm.running_var + batch_norm.eps).sqrt()
    assert found[3] == pytest.approx(scale.max().item())
    assert found[1] == found[4] == found[5] == 1


def test_a_discriminator_normalized_as_wholes_is_nowhere_steeper_than_one():
    torch.manual_seed(0)
    D = dcgan.Discriminator((1, 16, 16), 4, norm=None)
    x = torch.zeros(1, 1, 16, 16)
    for layer in D.layers:
        size = tuple(x.shape[2:])
        x = layer(x)
        if isinstance(layer, nn.Conv2d | nn.Linear):
            spectral_norm.spectral_norm(layer, size=size or None, warm_up=500)
    D.eval()
    assert max(spectral_norm.lipschitz_bound(D.layers, (1, 16, 16))) < 1.001
    assert spectral_norm.steepness(D, torch.randn(100, 1, 16, 16)).max() < 1.001


def test_the_steepness_of_a_linear_function_is_the_length_of_its_weights():
    torch.manual_seed(0)
    layer = nn.Linear(5, 1)
    for net in (layer, lambda x: layer(x).squeeze(1)):
        with torch.no_grad():
            slopes = spectral_norm.steepness(net, torch.randn(4, 5))
        torch.testing.assert_close(slopes, layer.weight.detach().norm().expand(4))


def test_in_a_run_under_update_and_checkpoint(tmp_path):
    """u and v are part of what is saved; a run that goes on ends as one that was not cut."""
    ends = []
    for cut in (None, 3):
        torch.manual_seed(0)
        D = dcgan.Discriminator((1, 8, 8), 4, norm="spectral")
        run = train.launch("cpu")
        update = train.Update(D, torch.optim.Adam(D.parameters(), 1e-2), run=run)
        keep = train.Checkpoint(tmp_path / f"{cut}.pt", D=D, update=update)
        for i in range(6):
            if i == cut:
                keep.save(i)
                torch.manual_seed(9)
                D = dcgan.Discriminator((1, 8, 8), 4, norm="spectral")
                update = train.Update(D, torch.optim.Adam(D.parameters(), 1e-2), run=run)
                train.Checkpoint(tmp_path / f"{cut}.pt", D=D, update=update).load()
            run.reseed(i)
            update(D(torch.randn(4, 1, 8, 8)).square().mean())
        ends.append(D.state_dict())
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())


# --- bad calls -------------------------------------------------------------------------------------------------------


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: spectral_norm.spectral_norm(nn.ReLU()), TypeError, "the layer is a ReLU"),
        (lambda: spectral_norm.spectral_norm(nn.BatchNorm2d(3)), TypeError, "BatchNorm2d"),
        (lambda: spectral_norm.spectral_norm(nn.Conv2d(1, 1, 3), warm_up=0), ValueError, "warm_up is 0"),
        (lambda: spectral_norm.spectral_norm(nn.Conv2d(1, 1, 3), size=(5, 5, 5)), ValueError, "size is (5, 5, 5)"),
        (lambda: spectral_norm.spectral_norm(nn.Conv2d(1, 1, 3), size=0), ValueError, "each side of size is 0"),
        (lambda: spectral_norm.spectral_norm(nn.Conv2d(1, 1, 3), size=(5, 4.5)), TypeError, "4.5"),
        (lambda: spectral_norm.operator_norm(nn.Conv2d(1, 1, 3)), ValueError, "size is None"),
        (lambda: spectral_norm.operator_norm(nn.ReLU()), TypeError, "the layer is a ReLU"),
        (lambda: spectral_norm.operator_norm(nn.Conv2d(1, 1, 3), 8, tol=0.0), ValueError, "tol is 0"),
        (lambda: spectral_norm.operator_norm(nn.Conv2d(1, 1, 3), 8, max_iter=0), ValueError, "max_iter is 0"),
        (lambda: spectral_norm.lipschitz_bound(nn.Sequential(nn.Conv2d(1, 1, 3), nn.Softmax(1)), (1, 8, 8)),
         TypeError, "of a Softmax no bound"),
        (lambda: spectral_norm.lipschitz_bound(dcgan.Discriminator((1, 16, 16)).layers, (1, 16, 16)),
         ValueError, "training mode"),
        (lambda: spectral_norm.steepness(nn.Linear(3, 2), torch.ones(4, 3)), ValueError, "(4, 2)"),
    ],
)  # fmt: skip
def test_bad_calls_are_told_so(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
