"""Transposed convolutions and their sizes, the pair after the guidelines, and what batch norm does to samples."""

import copy
import itertools
import math

import hypothesis.strategies as st
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from torch import nn

from companion import train
from companion.nets import cnn, dcgan, gan

SHAPES = [(1, 28, 28), (3, 28, 28), (1, 32, 32), (3, 32, 32), (1, 64, 64), (3, 64, 64), (2, 19, 30)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
layer = st.fixed_dictionaries({"kernel": st.integers(1, 6), "stride": st.integers(1, 4), "padding": st.integers(0, 3)})


def kinds(net):
    return [type(layer) for layer in net.layers]


# --- sizes -----------------------------------------------------------------------------------------------------------


@given(size=st.integers(1, 9), how=layer, extra=st.integers(0, 3))
def test_sizes_are_torchs_and_those_of_a_convolution_turned_round(size, how, extra):
    kernel, stride, padding = how["kernel"], how["stride"], how["padding"]
    assume(extra < stride)
    expected = (size - 1) * stride + kernel - 2 * padding + extra
    if expected < 1:
        with pytest.raises(ValueError, match="cuts off all"):
            dcgan.enlarged(size, **how, extra=extra)
        return
    found = dcgan.enlarged(size, **how, extra=extra)
    theirs = F.conv_transpose1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), None, stride, padding, extra)
    assert found == theirs.shape[2]
    assume(found + 2 * padding >= kernel)
    assert cnn.places(found, kernel, stride=stride, padding=padding) == size


@given(size=st.integers(1, 8), how=layer)
def test_overlaps_count_the_entries_that_reach_a_place(size, how):
    kernel, stride, padding = how["kernel"], how["stride"], how["padding"]
    assume((size - 1) * stride + kernel - 2 * padding >= 1)
    counts = [0] * ((size - 1) * stride + kernel)
    for i, m in itertools.product(range(size), range(kernel)):
        counts[i * stride + m] += 1
    assert dcgan.overlaps(size, **how).tolist() == counts[padding : len(counts) - padding]


@given(kernel=st.integers(1, 9), stride=st.integers(1, 4))
def test_inside_all_places_get_the_same_if_the_stride_divides_the_kernel(kernel, stride):
    """Odena, Dumoulin & Olah (2016): the checkerboard, and how to be rid of it."""
    inside = dcgan.overlaps(20, kernel, stride=stride)[kernel:-kernel]
    assert (len(set(inside.tolist())) == 1) == (kernel % stride == 0)
    assert {int(c) for c in inside} == {kernel // stride, -(-kernel // stride)}


@pytest.mark.parametrize(
    ("shape", "base", "channels"),
    [
        ((1, 28, 28), (3, 3), (256, 128, 64, 1)), ((3, 32, 32), (4, 4), (256, 128, 64, 3)),
        ((3, 64, 64), (4, 4), (512, 256, 128, 64, 3)), ((1, 8, 8), (4, 4), (64, 1)), ((1, 4, 4), (2, 2), (64, 1)),
        ((1, 18, 18), (4, 4), (128, 64, 1)), ((3, 24, 40), (3, 5), (256, 128, 64, 3)), ((1, 5, 64), (2, 32), (64, 1)),
        ((1, 31, 29), (3, 3), (256, 128, 64, 1)), ((2, 2, 3), (1, 1), (64, 2)),
    ],
)  # fmt: skip
def test_the_plan_halves_down_to_a_small_map(shape, base, channels):
    sizes, found = dcgan.plan(shape, 64)
    assert (sizes[0], sizes[-1], found) == (base, shape[1:], channels)
    assert len(sizes) == len(channels)
    for small, large in itertools.pairwise(sizes):
        assert small == tuple(side // 2 for side in large)


def test_the_papers_generator():
    """Radford, Metz & Chintala (2016), Figure 1: 4 × 4 × 1024 to 64 × 64 × 3."""
    sides = tuple((side, side) for side in (4, 8, 16, 32, 64))
    assert dcgan.plan((3, 64, 64), 128) == (sides, (1024, 512, 256, 128, 3))


# --- one idea: the transposed convolution is the adjoint of the convolution ------------------------------------------


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(4, 2, 1), (3, 2, 1), (5, 3, 2), (3, 1, 0)])
def test_adjoint(kernel, stride, padding):
    """⟨Ax, y⟩ = ⟨x, Aᵀy⟩ with the same weights, and Aᵀ is the transpose of A as a matrix."""
    torch.manual_seed(0)
    c, o, size = 2, 3, dcgan.enlarged(5, kernel, stride=stride, padding=padding)
    w, how = torch.randn(o, c, kernel, kernel).double(), {"stride": stride, "padding": padding}
    x, y = torch.randn(2, c, size, size).double(), torch.randn(2, o, 5, 5).double()
    down, up = F.conv2d(x, w, **how), F.conv_transpose2d(y, w, **how)
    assert torch.dot(down.flatten(), y.flatten()).item() == pytest.approx(torch.dot(x.flatten(), up.flatten()).item())
    torch.testing.assert_close(up, cnn.transposed(y, w, (size, size), **how))
    A = F.conv2d(torch.eye(c * size**2).double().reshape(-1, c, size, size), w, **how).flatten(1).T
    At = F.conv_transpose2d(torch.eye(o * 25).double().reshape(-1, o, 5, 5), w, **how).flatten(1).T
    torch.testing.assert_close(At, A.T)


def test_generator_and_discriminator_have_adjoint_layers():
    """With D's weights in G's layers, each of G's is the adjoint of one of D's."""
    G, D = dcgan.Generator(8, (1, 28, 28), 4).double(), dcgan.Discriminator((1, 28, 28), 4).double()
    ups = [layer for layer in G.layers if isinstance(layer, nn.ConvTranspose2d)]
    downs = [layer for layer in D.layers if isinstance(layer, nn.Conv2d)]
    x = torch.randn(1, 1, 28, 28).double()
    for up, down in zip(ups[::-1], downs, strict=True):
        assert up.weight.shape == down.weight.shape
        for layer_ in (up, down):
            if layer_.bias is not None:
                nn.init.zeros_(layer_.bias)
        up.weight.data = down.weight.data
        y = torch.randn_like(down(x))
        assert (down(x) * y).sum().item() == pytest.approx((x * up(y)).sum().item())
        x = down(x).detach()


# --- the pair --------------------------------------------------------------------------------------------------------


@every_shape
@pytest.mark.parametrize("norm", dcgan.NORMS)
def test_pictures_out_and_logits_back(shape, norm):
    torch.manual_seed(0)
    G, D = dcgan.Generator(10, shape, 4), dcgan.Discriminator(shape, 4, norm=norm)
    x = G(torch.randn(3, 10))
    assert x.shape == (3, *shape)
    assert float(x.detach().abs().max()) < 1
    logits = D(x)
    assert logits.shape == (3,)
    logits.sum().backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for net in (G, D) for p in net.parameters())


@every_shape
def test_the_guidelines(shape):
    G, D = dcgan.Generator(10, shape, 4), dcgan.Discriminator(shape, 4)
    assert kinds(G)[-2:] == [nn.ConvTranspose2d, nn.Tanh], "no batch norm at G's output"
    assert kinds(D)[:2] == [nn.Conv2d, nn.LeakyReLU], "no batch norm at D's input"
    assert nn.LeakyReLU not in kinds(G)
    assert nn.ReLU not in kinds(D)
    assert all(layer.negative_slope == 0.2 for layer in D.layers if isinstance(layer, nn.LeakyReLU))
    for net, after in ((G, nn.ReLU), (D, nn.LeakyReLU)):
        found = kinds(net)
        assert all(found[i + 1] is after for i, kind in enumerate(found) if kind is nn.BatchNorm2d)
        assert not any("Pool" in kind.__name__ or "Upsample" in kind.__name__ for kind in found)
        assert found.count(nn.Linear) == 1
    ups, downs = kinds(G).count(nn.ConvTranspose2d), kinds(D).count(nn.Conv2d)
    assert ups == downs == kinds(G).count(nn.BatchNorm2d) == kinds(D).count(nn.BatchNorm2d) + 1


def test_a_bias_that_batch_norm_would_take_away_is_not_there():
    for net in (dcgan.Generator(10, (3, 64, 64), 4), dcgan.Discriminator((3, 64, 64), 4)):
        found = list(net.layers)
        for i, layer_ in enumerate(found):
            if isinstance(layer_, nn.Conv2d | nn.ConvTranspose2d):
                assert (layer_.bias is None) == isinstance(found[i + 1], nn.BatchNorm2d)


def test_parameter_counts():
    """G: 100·9·256, then a norm and stamps each time; D: convolutions, norms between, 9·256 + 1 at the end."""
    G, D = dcgan.Generator(), dcgan.Discriminator()
    inner = 16 * (256 * 128 + 128 * 64)
    assert sum(p.numel() for p in G.parameters()) == 230_400 + 2 * (256 + 128 + 64) + inner + 1_025
    assert sum(p.numel() for p in D.parameters()) == 1_088 + inner + 2 * (128 + 256) + 2_305
    plain = dcgan.Discriminator(norm=None)
    assert sum(p.numel() for p in plain.parameters()) == 1_088 + inner + 128 + 256 + 2_305


def test_the_start():
    torch.manual_seed(0)
    G, D = dcgan.Generator(width=32), dcgan.Discriminator(width=32, norm="spectral")
    weights = [p for name, p in (*G.named_parameters(), *D.named_parameters()) if p.ndim > 1]
    assert len(weights) == 8
    for w in weights:
        n = w.numel()
        assert abs(w.mean().item()) < 4 * 0.02 / n**0.5
        assert w.std().item() == pytest.approx(0.02, abs=4 * 0.02 / (2 * n) ** 0.5)
    scales = torch.cat([layer.weight for layer in G.layers if isinstance(layer, nn.BatchNorm2d)]).detach()
    assert scales.mean().item() == pytest.approx(1, abs=0.01)
    assert scales.std().item() == pytest.approx(0.02, rel=0.3)
    assert all(not b.any() for name, b in G.named_parameters() if name.endswith("bias"))


def test_spectral_discriminators_judge_each_picture_by_itself_and_batch_norm_does_not():
    torch.manual_seed(0)
    x, other = torch.rand(4, 1, 28, 28), torch.rand(4, 1, 28, 28) * 2 - 1
    for norm in dcgan.NORMS:
        D = dcgan.Discriminator(width=4, norm=norm)
        if norm == "spectral":
            D.eval()  # the power step of each use would change the answer a little
        alone, together = D(x), D(torch.cat([x, other]))[:4]
        assert torch.allclose(alone, together, atol=1e-5) == (norm != "batch")


def test_a_spectral_discriminator_survives_a_copy_and_a_checkpoint():
    torch.manual_seed(0)
    D = dcgan.Discriminator(width=4, norm="spectral")
    x = torch.rand(3, 1, 28, 28)
    D(x)
    twin, fresh = copy.deepcopy(D), dcgan.Discriminator(width=4, norm="spectral")
    fresh.load_state_dict(D.state_dict())
    first, again = D(x), D(x)
    for other in (twin, fresh):
        assert torch.equal(other(x), first), "u and v are part of the state"
        assert torch.equal(other(x), again)


# --- the game --------------------------------------------------------------------------------------------------------


def updates(G, D):
    run = train.launch("cpu")
    adam = [torch.optim.Adam(net.parameters(), 2e-4, betas=(0.5, 0.999)) for net in (G, D)]
    return train.Update(G, adam[0], run=run), train.Update(D, adam[1], run=run), run


@pytest.mark.parametrize("norm", dcgan.NORMS)
@pytest.mark.parametrize("kind", ["nonsaturating", "hinge"])
def test_one_step_moves_both(norm, kind):
    torch.manual_seed(0)
    G, D = dcgan.Generator(10, (1, 28, 28), 4), dcgan.Discriminator((1, 28, 28), 4, norm=norm)
    before = [[p.clone() for p in net.parameters()] for net in (G, D)]
    losses = gan.make_step(G, D, *updates(G, D), kind=kind)(torch.rand(8, 1, 28, 28))
    assert set(losses) == {"D", "G"}
    assert all(math.isfinite(loss.detach()) for loss in losses.values())
    for net, old in zip((G, D), before, strict=True):
        moved = [not torch.equal(a, b) for a, b in zip(net.parameters(), old, strict=True)]
        assert sum(moved) >= len(moved) - 1, "only a bias without a gradient may stay (hinge: the last)"


def test_a_single_bright_square_is_learned():
    """Pictures of one kind: after 60 steps G draws it, and in the right place."""
    torch.manual_seed(0)
    x = torch.full((32, 1, 8, 8), -1.0)
    x[:, :, 2:6, 2:6] = 0.9
    G, D = dcgan.Generator(4, (1, 8, 8), 8), dcgan.Discriminator((1, 8, 8), 8, norm="spectral")
    adam = [torch.optim.Adam(net.parameters(), 4e-3, betas=(0.5, 0.999)) for net in (G, D)]
    run = train.launch("cpu")
    step = gan.make_step(G, D, *(train.Update(net, a, run=run) for net, a in zip((G, D), adam, strict=True)), run)
    for _ in range(150):
        step(x)
    drawn = dcgan.measured(G, n=64, batch=32)(torch.randn(50, 4))
    assert (drawn - x[:1]).abs().mean() < 0.25


# --- samples ---------------------------------------------------------------------------------------------------------


def wandering():
    """A generator whose weights have moved since its running statistics were right."""
    torch.manual_seed(0)
    G = dcgan.Generator(10, (1, 28, 28), 8)
    for layer_ in G.layers:
        if isinstance(layer_, nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer_.weight, std=0.2)
    return G


def test_measured_statistics_are_the_means_over_its_own_pictures():
    G = wandering()
    kept = dcgan.measured(G, n=400, batch=100, seed=3)
    z = torch.randn(400, 10, generator=torch.Generator().manual_seed(3))
    first = next(layer_ for layer_ in kept.layers if isinstance(layer_, nn.BatchNorm2d))
    maps = [G.layers[:2](part).detach() for part in z.split(100)]
    torch.testing.assert_close(first.running_mean, torch.cat(maps).mean((0, 2, 3)))
    torch.testing.assert_close(first.running_var, torch.stack([m.var((0, 2, 3)) for m in maps]).mean(0))


def test_measured_leaves_the_original_alone_and_draws_like_training_mode():
    G = wandering()
    G.train()
    before = copy.deepcopy(G.state_dict())
    state = torch.get_rng_state()
    kept = dcgan.measured(G)
    assert torch.equal(torch.get_rng_state(), state), "the reader's random numbers are not touched"
    assert G.training
    assert not kept.training
    assert all(p.requires_grad for p in G.parameters())
    assert not any(p.requires_grad for p in kept.parameters())
    assert all(torch.equal(value, before[name]) for name, value in G.state_dict().items())
    z = torch.randn(500, 10)
    apart = {name: (net(z) - G.train()(z)).detach().abs().mean() for name, net in (("own", kept),)}
    stale = copy.deepcopy(wandering()).eval()
    apart["stale"] = (stale(z) - G(z)).detach().abs().mean()
    assert apart["own"] < 0.1 * apart["stale"]


def test_in_training_mode_a_picture_depends_on_its_company_in_evaluation_mode_not():
    G = wandering()
    z = torch.randn(8, 10)
    kept = dcgan.measured(G)
    assert not torch.allclose(G(z)[:2], G(z[:2]), atol=1e-2)
    torch.testing.assert_close(kept(z)[:2], kept(z[:2]))


def test_an_average_of_weights_needs_statistics_of_its_own():
    """EMA of G over a walk of its weights: what it carries, against what its own pictures say."""
    G = wandering()
    ema = train.EMA(G, half_life=1000, ramp=10.0)
    for _ in range(40):
        for p in G.parameters():
            p.data.add_(0.05 * torch.randn_like(p))
        G(torch.randn(64, 10))
        ema.update(64)
    kept = dcgan.measured(ema.net)
    again = copy.deepcopy(ema)
    again.refresh(dcgan.sampling.codes(G, 2000, 200, 0))
    for name, value in kept.state_dict().items():
        torch.testing.assert_close(value, again.net.state_dict()[name], msg=name)
    z = torch.randn(300, 10)
    in_training = copy.deepcopy(ema.net).train()(z)
    carried, own = ((net(z) - in_training).abs().mean() for net in (ema.net, kept))
    assert own < 0.3 * carried


# --- bad calls -------------------------------------------------------------------------------------------------------


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: dcgan.Generator(0), ValueError, "z_dim is 0"),
        (lambda: dcgan.Generator(10, (28, 28)), ValueError, "(channels, height, width)"),
        (lambda: dcgan.Generator(10, (1, 1, 28)), ValueError, "each side of shape is 1"),
        (lambda: dcgan.Generator(10, (1, 28, 28), 0), ValueError, "width is 0"),
        (lambda: dcgan.Generator(10)(torch.randn(3, 9)), ValueError, "(n, 10)"),
        (lambda: dcgan.Discriminator(norm="layer"), ValueError, "'batch', 'spectral', None"),
        (lambda: dcgan.Discriminator((3, 31, 1)), ValueError, "each side of shape"),
        (lambda: dcgan.Discriminator()(torch.zeros(2, 1, 32, 32)), ValueError, "(1, 28, 28)"),
        (lambda: dcgan.plan((1, 28, 2.5), 8), TypeError, "2.5"),
        (lambda: dcgan.plan((0, 28, 28), 8), ValueError, "channels is 0"),
        (lambda: dcgan.enlarged(0, 3), ValueError, "size is 0"),
        (lambda: dcgan.enlarged(3, 0), ValueError, "kernel is 0"),
        (lambda: dcgan.enlarged(3, 3, stride=0), ValueError, "stride is 0"),
        (lambda: dcgan.enlarged(3, 3, padding=-1), ValueError, "padding is -1"),
        (lambda: dcgan.enlarged(3, 3, stride=2, extra=2), ValueError, "extra is 2"),
        (lambda: dcgan.overlaps(1, 2, padding=1), ValueError, "cuts off all 2 entries"),
        (lambda: dcgan.measured(dcgan.Generator(4, width=2), n=1), ValueError, "n is 1"),
        (lambda: dcgan.measured(dcgan.Generator(4, width=2), batch=1), ValueError, "batch is 1"),
    ],
)  # fmt: skip
def test_bad_calls_are_told_so(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
