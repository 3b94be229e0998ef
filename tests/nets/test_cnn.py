"""Correlation, pooling and their gradients against torch and SciPy; the classifier, its sight, and its confidence."""

import itertools

import numpy as np
import pytest
import scipy.optimize
import scipy.signal
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from companion.matrix import norms
from companion.nets import cnn

# ------------------------------------------------------------------------------------- correlation, pooling


def case(seed, dims, sides, kernel, dtype=torch.float64, channels=3, outputs=4):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, channels, *sides[:dims], generator=generator, dtype=dtype)
    w = torch.randn(outputs, channels, *kernel[:dims], generator=generator, dtype=dtype)
    return x, w, torch.randn(outputs, generator=generator, dtype=dtype)


OPTIONS = {
    "dims": st.sampled_from([1, 2]),
    "sides": st.tuples(st.integers(1, 12), st.integers(1, 12)),
    "kernel": st.tuples(st.integers(1, 4), st.integers(1, 4)),
    "stride": st.integers(1, 4),
    "padding": st.integers(0, 3),
    "dilation": st.integers(1, 3),
}


def fits(dims, sides, kernel, padding, dilation):
    pairs = zip(sides[:dims], kernel[:dims], strict=True)
    return all(dilation * (k - 1) < side + 2 * padding for side, k in pairs)


@given(st.integers(0, 10**6), st.booleans(), st.fixed_dictionaries(OPTIONS))
def test_it_is_torchs_convolution_with_its_gradients(seed, biased, o):
    assume(fits(o["dims"], o["sides"], o["kernel"], o["padding"], o["dilation"]))
    x, w, b = (t.requires_grad_() for t in case(seed, o["dims"], o["sides"], o["kernel"]))
    how = {name: o[name] for name in ("stride", "padding", "dilation")}
    theirs = (F.conv1d, F.conv2d)[o["dims"] - 1](x, w, b if biased else None, **how)
    torch.testing.assert_close(cnn.correlate(x, w, b if biased else None, **how), theirs)
    sides = zip(x.shape[2:], w.shape[2:], strict=True)
    assert [cnn.places(side, k, **how) for side, k in sides] == list(theirs.shape[2:])
    gradient = torch.randn(theirs.shape, generator=torch.Generator().manual_seed(seed)).double()
    (theirs * gradient).sum().backward()
    with torch.no_grad():
        found = cnn.backward(x, w, gradient, **how)
    torch.testing.assert_close(found.x, x.grad)
    torch.testing.assert_close(found.weight, w.grad)
    torch.testing.assert_close(found.bias, b.grad if biased else gradient.sum((0, *range(2, gradient.ndim))))


@given(st.integers(0, 10**6), st.fixed_dictionaries(OPTIONS))
def test_transposed_is_the_transpose(seed, o):
    """⟨correlate(x), y⟩ = ⟨x, transposed(y)⟩ for every x and y."""
    assume(fits(o["dims"], o["sides"], o["kernel"], o["padding"], o["dilation"]))
    x, w, _ = case(seed, o["dims"], o["sides"], o["kernel"])
    how = {name: o[name] for name in ("stride", "padding", "dilation")}
    forward = cnn.correlate(x, w, **how)
    y = torch.randn(forward.shape, generator=torch.Generator().manual_seed(seed + 1)).double()
    back = cnn.transposed(y, w, tuple(x.shape[2:]), **how)
    assert back.shape == x.shape
    assert float((forward * y).sum()) == pytest.approx(float((x * back).sum()), abs=1e-9)


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("extra", [0, 1])
def test_transposed_is_torchs_transposed_convolution(dims, extra):
    x, w, _ = case(0, dims, (11 + extra, 9 + extra), (3, 3))
    y = cnn.correlate(x, w, stride=2, padding=1)
    theirs = (F.conv_transpose1d, F.conv_transpose2d)[dims - 1](y, w, stride=2, padding=1, output_padding=extra)
    torch.testing.assert_close(cnn.transposed(y, w, tuple(x.shape[2:]), stride=2, padding=1), theirs)


def test_float32_stays_float32():
    x, w, b = case(0, 2, (8, 8), (3, 3), torch.float32)
    y = cnn.correlate(x, w, b, padding=1)
    outcomes = [y, cnn.pool(y, 2), cnn.pool(y, 2, kind="mean"), *cnn.backward(x, w, y, padding=1)]
    assert {t.dtype for t in outcomes} == {torch.float32}


def test_it_is_correlation_and_convolution_flips():
    x, w = np.arange(20.0).reshape(4, 5) ** 1.5, np.array([[1.0, 2], [3, 5]])
    ours = cnn.correlate(torch.tensor(x)[None, None], torch.tensor(w)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(ours, scipy.signal.correlate2d(x, w, mode="valid"))
    np.testing.assert_allclose(ours, scipy.signal.convolve2d(x, w[::-1, ::-1], mode="valid"))
    assert not np.allclose(ours, scipy.signal.convolve2d(x, w, mode="valid"))


def test_a_circular_layer_has_the_singular_values_that_norms_tells():
    """The whole chain of the chapter: correlate on a periodic picture, as a matrix, against one FFT."""
    w = torch.randn(3, 2, 3, 3, generator=torch.Generator().manual_seed(0)).double()

    def layer(x):
        return cnn.correlate(F.pad(x, (1, 1, 1, 1), mode="circular"), w)

    matrix = torch.stack([layer(e.reshape(1, 2, 5, 6)).flatten() for e in torch.eye(60).double()], 1)
    theirs = norms.convolution(w.numpy(), (5, 6))
    np.testing.assert_allclose(torch.linalg.svdvals(matrix).numpy()[: len(theirs)], theirs, atol=1e-10)


@given(
    st.integers(0, 10**6), st.sampled_from([1, 2]), st.integers(1, 4), st.none() | st.integers(1, 4), st.integers(0, 2)
)
def test_pooling_is_torchs(seed, dims, size, stride, padding):
    assume(padding <= size // 2)
    x = case(seed, dims, (9, 8), (1, 1))[0] - 3  # mostly negative: a padding of zeros would win
    largest, mean = ((F.max_pool1d, F.avg_pool1d), (F.max_pool2d, F.avg_pool2d))[dims - 1]
    torch.testing.assert_close(cnn.pool(x, size, stride=stride, padding=padding), largest(x, size, stride, padding))
    ours = cnn.pool(x, size, stride=stride, padding=padding, kind="mean")
    torch.testing.assert_close(ours, mean(x, size, stride, padding))


def test_windows_are_a_view():
    x = torch.arange(12.0)
    seen = cnn.windows(x, (3,), stride=2, dilation=2)
    assert seen.tolist() == [[0, 2, 4], [2, 4, 6], [4, 6, 8], [6, 8, 10]]
    assert seen.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()


def test_gradients_flow_through_what_is_written_out():
    x = torch.randn(1, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    w = torch.randn(3, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, w: cnn.pool(cnn.correlate(x, w, padding=1), 2), (x, w))


def test_moving_the_picture_moves_the_map():
    """Exactly, away from the border, and no longer so with a stride."""
    x, w, _ = case(1, 2, (12, 12), (3, 3))
    moved = x.roll((2, 1), (2, 3))
    torch.testing.assert_close(cnn.correlate(moved, w)[..., 2:, 1:], cnn.correlate(x, w)[..., :-2, :-1])
    every_other = cnn.correlate(x, w, stride=2), cnn.correlate(x.roll(1, 3), w, stride=2)
    assert all(not torch.allclose(every_other[1].roll(-k, 3)[..., 1:-1], every_other[0][..., 1:-1]) for k in (-1, 0, 1))


# ------------------------------------------------------------------------------------- the classifier


def test_the_classifier_has_its_parameters_and_shapes():
    net = cnn.Classifier()
    assert sum(p.numel() for p in net.parameters()) == 93_322
    assert net(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    assert [tuple(m.shape[1:]) for m in net.features(torch.zeros(1, 1, 28, 28))] == [
        (32, 26, 26),
        (64, 11, 11),
        (64, 3, 3),
    ]
    assert cnn.Classifier((3, 32, 40), classes=7, width=8)(torch.zeros(2, 3, 32, 40)).shape == (2, 7)


def test_the_classifier_is_the_plain_chain():
    torch.manual_seed(0)
    net, x = cnn.Classifier(), torch.randn(3, 1, 28, 28)
    a, b, c = net.convs
    chain = nn.Sequential(
        *(a, nn.ReLU(), nn.MaxPool2d(2), b, nn.ReLU(), nn.MaxPool2d(2), c, nn.ReLU()),
        *(nn.Flatten(), net.dense, nn.ReLU(), net.last),
    )
    torch.testing.assert_close(net(x), chain(x))


def test_costs_are_counted_by_hand():
    found = cnn.costs(cnn.Classifier(), (1, 28, 28))
    assert [c.parameters for c in found] == [320, 18_496, 36_928, 36_928, 650]
    assert [c.products for c in found] == [26**2 * 288, 11**2 * 18_432, 3**2 * 36_864, 36_864, 640]
    assert [c.shape for c in found] == [(32, 26, 26), (64, 11, 11), (64, 3, 3), (64,), (10,)]
    assert [c.layer for c in found] == ["convs.0", "convs.1", "convs.2", "dense", "last"]


def test_costs_leave_the_net_as_it_was():
    net = cnn.Classifier()
    cnn.costs(net, (1, 28, 28))
    assert not any(layer._forward_hooks for layer in net.modules())
    with pytest.raises(RuntimeError):
        cnn.costs(net, (1, 30, 40))
    assert not any(layer._forward_hooks for layer in net.modules())


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=4))
def test_the_receptive_field_is_where_the_gradient_is_not_zero(layers):
    size, step, start = cnn.receptive_field(layers)
    x = torch.zeros(1, 1, size + 3 * step + 2 * abs(start), dtype=torch.float64, requires_grad=True)
    y = x
    for kernel, stride, padding in layers:
        y = F.conv1d(y, torch.ones(1, 1, kernel).double(), stride=stride, padding=padding)
    i = y.shape[2] // 2
    (slope,) = torch.autograd.grad(y[0, 0, i], x)
    seen = slope[0, 0].nonzero().flatten()
    reach = range(max(0, start + step * i), min(start + step * i + size, x.shape[2]))
    assert (int(seen[0]), int(seen[-1])) <= (reach[-1], reach[-1])
    if all(kernel >= stride for kernel, stride, _ in layers):  # else there are holes, also at the ends
        assert seen.tolist() == list(reach)
    assert set(seen.tolist()) <= set(reach)


def test_the_field_of_the_classifier():
    chain = [(3, 1), (2, 2), (3, 1), (2, 2), (3, 1)]
    assert [cnn.receptive_field(chain[:n]).size for n in range(6)] == [1, 3, 4, 8, 10, 18]
    assert cnn.receptive_field(chain) == (18, 4, 0)
    assert cnn.receptive_field([(3, 2, 1), (3, 2, 1)]) == (7, 4, -3)


# ------------------------------------------------------------------------------------- what it looks at


class Linear(nn.Module):
    """logits = W · picture."""

    def __init__(self, W):
        super().__init__()
        self.W = nn.Parameter(W)

    def forward(self, x):
        return torch.einsum("nchw,kchw->nk", x, self.W)


def test_the_saliency_of_a_linear_net_is_its_weights():
    W = torch.randn(3, 2, 4, 5, generator=torch.Generator().manual_seed(0))
    x, y = torch.randn(6, 2, 4, 5), torch.tensor([0, 1, 2, 2, 1, 0])
    torch.testing.assert_close(cnn.saliency(Linear(W), x, y), W[y].abs().amax(1).detach())
    assert not x.requires_grad


def test_saliency_leaves_the_nets_gradients_alone():
    net = cnn.Classifier()
    cnn.saliency(net, torch.rand(2, 1, 28, 28), torch.tensor([0, 1]))
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize(("size", "value"), [(3, 0.0), (2, 0.5), (1, 0.0)])
def test_occlusion_is_the_fall_of_the_probability(size, value):
    torch.manual_seed(0)
    net, x, y = Linear(torch.randn(3, 2, 5, 6)), torch.rand(2, 2, 5, 6), torch.tensor([2, 0])
    found = cnn.occlusion(net, x, y, size=size, value=value)
    for n, i, j in itertools.product(range(2), range(5), range(6)):
        covered = x[n : n + 1].clone()
        for di, dj in itertools.product(range(size), range(size)):
            p, q = i - size // 2 + di, j - size // 2 + dj
            if 0 <= p < 5 and 0 <= q < 6:
                covered[0, :, p, q] = value
        before, after = (float(torch.softmax(net(z), 1)[0, y[n]].detach()) for z in (x[n : n + 1], covered))
        assert float(found[n, i, j]) == pytest.approx(before - after, abs=1e-6)


def test_excited_pictures_reach_the_best_there_is():
    """A linear score in [0, 1] is largest where positive weights meet 1 and negative ones 0."""
    W = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    x = torch.full((2, 1, 4, 4), 0.5)
    found = cnn.excite(lambda x: (x * W).sum((1, 2, 3)), x, steps=60, jitter=0)
    torch.testing.assert_close(found, (W > 0).float().expand_as(found))
    assert bool((x == 0.5).all())
    assert not found.requires_grad


def test_jitter_smooths():
    """A score that looks at one pixel only: without jitter that pixel alone is lit, with it those around it too."""
    torch.manual_seed(0)
    lit = [
        int((cnn.excite(lambda x: x[:, 0, 8, 8], torch.zeros(1, 1, 17, 17), steps=50, jitter=j) > 0).sum())
        for j in (0, 2)
    ]
    assert lit[0] == 1
    assert 15 <= lit[1] <= 25


# ------------------------------------------------------------------------------------- how sure it is


def drawn(n=20_000, scale=1.0, seed=0):
    """Logits z, answers drawn from softmax(z/scale): calibrated at temperature `scale`."""
    generator = torch.Generator().manual_seed(seed)
    z = 2 * torch.randn(n, 4, generator=generator)
    return z, torch.multinomial(torch.softmax(z / scale, 1), 1, generator=generator)[:, 0]


def test_drawn_answers_are_calibrated():
    z, y = drawn()
    found = cnn.reliability(z, y)
    assert found.error < 0.015
    assert float(found.share.sum()) == pytest.approx(1)
    assert cnn.temperature(z, y) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_the_temperature_is_found_and_mends(scale):
    z, y = drawn(scale=scale)
    T = cnn.temperature(z, y)
    assert pytest.approx(scale, rel=0.05) == T
    assert cnn.reliability(z / T, y).error < 0.02 < 0.05 < cnn.reliability(z, y).error

    def loss(t):
        return float(F.cross_entropy(z.double() / t, y))

    best = scipy.optimize.minimize_scalar(loss, (0.2, 5), method="brent", tol=1e-9)
    assert pytest.approx(best.x, rel=1e-6) == T


def test_reliability_by_hand():
    p = torch.tensor([[0.9, 0.1], [0.7, 0.3], [0.58, 0.42], [0.45, 0.55], [1.0, 0.0]])
    found = cnn.reliability(p.log().nan_to_num(neginf=-1e9), torch.tensor([0, 1, 0, 1, 0]), bins=5)
    torch.testing.assert_close(found.share, torch.tensor([0, 0, 2, 1, 2]).double() / 5)
    torch.testing.assert_close(found.confidence, torch.tensor([0, 0, 0.565, 0.7, 0.95]).double(), atol=1e-6, rtol=0)
    assert found.accuracy.tolist() == [0, 0, 1, 0, 1]
    assert found.error == pytest.approx(0.4 * 0.435 + 0.2 * 0.7 + 0.4 * 0.05, abs=1e-6)


def test_bins_are_closed_above():
    """A confidence of exactly one half belongs to the bin (0, 1/2], as in the paper."""
    found = cnn.reliability(torch.zeros(3, 2), torch.tensor([0, 0, 1]), bins=2)
    assert found.share.tolist() == [1, 0]
    assert found.confidence.tolist() == [0.5, 0]


# ------------------------------------------------------------------------------------- what does not fit


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: cnn.correlate(torch.zeros(1, 2, 5), torch.zeros(1, 3, 3)),
            r"x has shape \(1, 2, 5\), weight \(1, 3, 3\)",
        ),
        (lambda: cnn.correlate(torch.zeros(1, 2, 5, 5), torch.zeros(1, 2, 3)), "are needed"),
        (lambda: cnn.correlate(torch.zeros(1, 2, 5, 5, 5), torch.zeros(1, 2, 3, 3, 3)), "are needed"),
        (
            lambda: cnn.correlate(torch.zeros(1, 2, 5), torch.zeros(1, 2, 3), dilation=3),
            "reaches over 7 entries of an axis that has 5",
        ),
        (lambda: cnn.correlate(torch.zeros(1, 2, 5), torch.zeros(1, 2, 3), padding=-1), "padding is -1"),
        (lambda: cnn.correlate(torch.zeros(1, 2, 5), torch.zeros(1, 2, 3), stride=0), "stride is 0"),
        (lambda: cnn.places(5, 8, padding=1), "8 entries of an axis that has 7 with its padding"),
        (lambda: cnn.places(0, 1), "size is 0"),
        (lambda: cnn.places(3, 0), "kernel is 0"),
        (lambda: cnn.places(3, 1, dilation=0), "dilation is 0"),
        (lambda: cnn.pool(torch.zeros(1, 1, 4, 4), 5), "reaches over 5 entries"),
        (lambda: cnn.pool(torch.zeros(1, 1, 4, 4), 2, kind="median"), "kind is 'median'"),
        (lambda: cnn.pool(torch.zeros(1, 1, 4, 4), 3, padding=2), "padding is 2; allowed is 0 ≤ padding ≤ 1"),
        (lambda: cnn.pool(torch.zeros(4, 4), 2), "is needed"),
        (
            lambda: cnn.transposed(torch.zeros(1, 2, 5), torch.zeros(2, 3, 3), (9,)),
            r"y has shape \(1, 2, 5\), but a layer of 2 outputs makes \[7\] places of \[9\]",
        ),
        (lambda: cnn.transposed(torch.zeros(1, 4, 7), torch.zeros(2, 3, 3), (9,)), "of 2 outputs"),
        (lambda: cnn.backward(torch.zeros(1, 2, 5), torch.zeros(1, 3, 3), torch.zeros(1, 1, 3)), "are needed"),
        (lambda: cnn.Classifier((1, 17, 28)), "at least 18 × 18"),
        (lambda: cnn.Classifier(classes=0), "classes is 0"),
        (lambda: cnn.Classifier(width=0), "width is 0"),
        (lambda: cnn.receptive_field([(0, 1)]), "kernel is 0"),
        (lambda: cnn.receptive_field([(3, 0)]), "stride is 0"),
        (lambda: cnn.occlusion(nn.Flatten(), torch.zeros(1, 1, 4, 4), torch.tensor([0]), size=5), "size is 5"),
        (lambda: cnn.excite(lambda x: x.sum((1, 2, 3)), torch.zeros(1, 1, 4, 4), steps=0), "steps is 0"),
        (lambda: cnn.excite(lambda x: x.sum((1, 2, 3)), torch.zeros(1, 1, 4, 4), jitter=-1), "jitter is -1"),
        (lambda: cnn.excite(lambda x: x.sum((1, 2, 3)), torch.zeros(1, 1, 4, 4), lr=0.0), "lr is 0.0"),
        (lambda: cnn.reliability(torch.zeros(2, 3), torch.tensor([0, 1]), bins=0), "bins is 0"),
        (lambda: cnn.temperature(torch.eye(3), torch.arange(3)), "no temperature is best for these 3 answers"),
        (lambda: cnn.temperature(-torch.eye(3), torch.arange(3)), "no better than chance"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.bad_input
@pytest.mark.parametrize("value", [2.0, "2", True])
def test_strides_are_whole_numbers(value):
    with pytest.raises(TypeError, match="stride is"):
        cnn.correlate(torch.zeros(1, 1, 5), torch.zeros(1, 1, 3), stride=value)
