"""The network written out against autograd and differences, its start, and the facts that the chapter tells of it."""

import math

import pytest
import scipy.special
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from companion.nets import mlp


@pytest.mark.parametrize("sizes", [(5, 3), (5, 7, 3), (4, 9, 6, 5, 2)])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_gradients_by_hand_are_autograds(sizes, kind):
    torch.manual_seed(0)
    net, x = mlp.MLP(*sizes).to(kind), torch.randn(6, sizes[0], dtype=kind)
    y = torch.arange(6) % sizes[-1]
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    trace = mlp.forward(x, net.written_out())
    value, gradient = mlp.cross_entropy(trace.logits, y)
    torch.testing.assert_close(value, loss.detach())
    torch.testing.assert_close(trace.logits, net(x).detach())
    for (dW, db), layer in zip(mlp.backward(trace, gradient, net.written_out()), net.layers, strict=True):
        torch.testing.assert_close(dW, layer.weight.grad)
        torch.testing.assert_close(db, layer.bias.grad)


@given(st.integers(0, 10**6), st.lists(st.integers(1, 6), min_size=2, max_size=5), st.integers(1, 7))
def test_gradients_by_hand_are_autograds_for_any_shape(seed, sizes, n):
    generator = torch.Generator().manual_seed(seed)
    layers = [(W.double().requires_grad_(), b.double().requires_grad_()) for W, b in mlp.start(*sizes)]
    x = torch.randn(n, sizes[0], generator=generator).double()
    trace = mlp.forward(x, layers)
    weights = torch.randn(trace.logits.shape, generator=generator).double()
    (trace.logits * weights).sum().backward()
    with torch.no_grad():
        found = mlp.backward(trace, weights, layers)
    for (dW, db), (W, b) in zip(found, layers, strict=True):
        torch.testing.assert_close(dW, W.grad)
        torch.testing.assert_close(db, b.grad)


def test_gradients_by_hand_are_finite_differences():
    torch.manual_seed(1)
    net, x, y = mlp.MLP(3, 4, 2).double(), torch.randn(5, 3).double(), torch.tensor([0, 1, 1, 0, 1])
    layers = net.written_out()
    trace = mlp.forward(x, layers)
    found = mlp.backward(trace, mlp.cross_entropy(trace.logits, y)[1], layers)
    for (W, b), (dW, db) in zip(layers, found, strict=True):
        for parameter, gradient in ((W.view(-1), dW.flatten()), (b, db)):
            for i in range(len(parameter)):
                values = []
                for step in (1e-6, -1e-6):
                    parameter[i] += step
                    values.append(mlp.cross_entropy(mlp.forward(x, layers).logits, y)[0])
                    parameter[i] -= step
                assert float(gradient[i]) == pytest.approx(float(values[0] - values[1]) / 2e-6, abs=1e-8)


def test_what_the_trace_holds():
    layers = [(torch.tensor([[1.0, 1], [1, 1]]), torch.tensor([0.0, -1])), (torch.tensor([[1.0, -2]]), torch.zeros(1))]
    corners = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    trace = mlp.forward(corners, layers)
    assert trace.inputs[0] is corners
    assert trace.inputs[1].tolist() == [[0, 0], [1, 0], [1, 0], [2, 1]]
    assert trace.logits.flatten().tolist() == [0, 1, 1, 0]  # XOR, by hand


def test_at_the_kink_both_take_the_slope_zero():
    W, b = torch.tensor([[1.0]], requires_grad=True), torch.zeros(1)
    layers = [(W, b), (torch.ones(1, 1), b)]
    trace = mlp.forward(torch.zeros(1, 1), layers)
    trace.logits.sum().backward()
    assert float(W.grad) == 0
    assert float(mlp.backward(trace, torch.ones(1, 1), layers)[0][1]) == 0


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_cross_entropy_is_torchs_and_scipys(kind):
    torch.manual_seed(2)
    logits = (5 * torch.randn(7, 4)).to(kind).requires_grad_()
    y = torch.tensor([0, 1, 2, 3, 0, 0, 2])
    value, gradient = mlp.cross_entropy(logits.detach(), y)
    loss = F.cross_entropy(logits, y)
    loss.backward()
    torch.testing.assert_close(value, loss.detach())
    torch.testing.assert_close(gradient, logits.grad)
    assert (value.dtype, gradient.dtype) == (kind, kind)
    softmax = scipy.special.softmax(logits.detach().numpy(), axis=1)
    one_hot = torch.eye(4, dtype=kind)[y].numpy()
    torch.testing.assert_close(gradient, torch.tensor(softmax - one_hot) / 7)


def test_the_gradient_of_cross_entropy_sums_to_zero_over_the_classes():
    torch.manual_seed(3)
    _, gradient = mlp.cross_entropy(torch.randn(6, 5).double(), torch.arange(6) % 5)
    torch.testing.assert_close(gradient.sum(1), torch.zeros(6).double())


def test_the_loss_survives_logits_of_any_size():
    logits = torch.tensor([[1e4, -1e4], [-1e4, 1e4]])
    value, gradient = mlp.cross_entropy(logits, torch.tensor([0, 0]))
    assert float(value) == 1e4
    assert torch.isfinite(gradient).all()


def test_the_loss_leaves_its_logits_as_they_were():
    logits = torch.randn(3, 4)
    before = logits.clone()
    mlp.cross_entropy(logits, torch.tensor([0, 1, 2]))
    assert torch.equal(logits, before)


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_a_start_has_the_variances_it_promises(scale):
    layers = mlp.start(400, 300, 500, scale=scale, generator=torch.Generator().manual_seed(0))
    for (W, b), p in zip(layers, (400, 300), strict=True):
        assert float(W.var()) == pytest.approx(scale**2 * 2 / p, rel=0.02)
        assert abs(float(W.mean())) < 5 * scale * math.sqrt(2 / p / W.numel())
        assert not b.any()


def test_the_start_keeps_the_size_of_the_sums_through_twenty_layers():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(200, 256, generator=generator)
    squares = [float((a**2).mean()) for a in mlp.forward(x, mlp.start(*[256] * 21, generator=generator)).inputs]
    assert 0.4 < squares[-1] / squares[0] < 2.5
    small = mlp.forward(x, mlp.start(*[256] * 21, scale=0.5, generator=generator)).inputs
    assert float((small[-1] ** 2).mean()) / squares[0] == pytest.approx(0.25**19, rel=0.9)


def test_a_start_is_repeated_by_its_generator():
    one, two = (mlp.start(3, 2, generator=torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(one[0][0], two[0][0])


def test_parameters_are_counted():
    assert sum(p.numel() for p in mlp.MLP(784, 128, 10).parameters()) == 101_770
    assert sum(W.numel() + b.numel() for W, b in mlp.start(784, 128, 10)) == 101_770


def test_the_module_is_torchs_sequence():
    torch.manual_seed(0)
    ours = mlp.MLP(6, 5, 4, 3)
    torch.manual_seed(0)
    theirs = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    x = torch.randn(8, 6)
    assert torch.equal(ours(x), theirs(x))


def test_the_way_back_costs_what_the_chapter_says():
    """Two products a layer, one for the first: nobody asks for the gradient by the pictures."""
    n, p, h, k = 7, 30, 20, 10
    layers = mlp.start(p, h, k)
    with FlopCounterMode(display=False) as forth:
        trace = mlp.forward(torch.randn(n, p), layers)
    with FlopCounterMode(display=False) as back:
        mlp.backward(trace, trace.logits, layers)
    assert forth.get_total_flops() == 2 * n * (p * h + h * k)
    assert back.get_total_flops() == 2 * n * (p * h + 2 * h * k)


def test_pictures_are_flattened():
    assert mlp.MLP(784, 10)(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_written_out_layers_are_the_modules_own():
    net = mlp.MLP(2, 1)
    net.written_out()[0][0].zero_()
    assert not net.layers[0].weight.any()


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("sizes", "kind", "words"),
    [
        ((), ValueError, "at least two whole numbers"),
        ((3,), ValueError, "at least two whole numbers"),
        ((3, 0), ValueError, "each size is 0; allowed is each size ≥ 1"),
        ((3, 2.5), TypeError, "each size is 2.5; a whole number"),
        ((True, 2), TypeError, "each size is True"),
    ],
)
def test_wrong_sizes_are_refused(sizes, kind, words):
    for make in (mlp.MLP, mlp.start):
        with pytest.raises(kind, match=words):
            make(*sizes)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("scale", "kind"), [(0, ValueError), (-1, ValueError), (math.nan, ValueError), ("2", TypeError)]
)
def test_a_wrong_scale_is_refused(scale, kind):
    with pytest.raises(kind, match="scale is"):
        mlp.start(3, 2, scale=scale)


LAYERS = mlp.start(3, 4, 2)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("x", "layers", "words"),
    [
        (torch.zeros(2, 3), [], "layers is empty"),
        (torch.zeros(2, 1, 3), LAYERS, r"x has shape \(2, 1, 3\); .*try x.flatten\(1\)"),
        (torch.zeros(2, 5), LAYERS, r"layer 0 has W \(4, 3\) and b \(4,\); 5 numbers come in"),
        (torch.zeros(2, 3), LAYERS[::-1], r"layer 0 has W \(2, 4\)"),
        (torch.zeros(2, 3), [(torch.zeros(4, 3), torch.zeros(3))], r"b \(3,\)"),
    ],
)
def test_a_wrong_forward_pass_is_refused(x, layers, words):
    with pytest.raises(ValueError, match=words):
        mlp.forward(x, layers)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("y", "words"),
    [
        (torch.eye(2)[[0, 1, 1]], "if y is one-hot, give y.argmax"),
        (torch.eye(2, dtype=torch.int64)[[0, 1, 1]], "if y is one-hot"),
        (torch.tensor([[0], [1], [1]]), r"int64 of shape \(3, 1\)"),
        (torch.tensor([0.0, 1, 1]), "torch.float32"),
        (torch.tensor([False, True, True]), "torch.bool"),
        (torch.tensor([0, 1]), r"of shape \(2,\); one whole class number for each of the 3 rows"),
        (torch.tensor([1, 2, 2]), "y is from 1 to 2; with 2 logits the classes are 0 to 1"),
        (torch.tensor([0, -1, 1]), "y is from -1 to 1"),
    ],
)
def test_wrong_labels_are_refused(y, words):
    with pytest.raises(ValueError, match=words):
        mlp.cross_entropy(torch.zeros(3, 2), y)


@pytest.mark.bad_input
def test_logits_that_are_no_table_are_refused():
    with pytest.raises(ValueError, match="logits have shape"):
        mlp.cross_entropy(torch.zeros(3), torch.zeros(3, dtype=torch.int64))
    with pytest.raises(ValueError, match="y is empty"):
        mlp.cross_entropy(torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64))


@pytest.mark.bad_input
def test_a_backward_pass_of_another_forward_pass_is_refused():
    trace = mlp.forward(torch.zeros(2, 3), LAYERS)
    for gradient, layers in ((torch.zeros(2, 3), LAYERS), (torch.zeros(2, 2), LAYERS[:1])):
        with pytest.raises(ValueError, match="from one forward pass"):
            mlp.backward(trace, gradient, layers)
