"""The network written out against autograd, and the facts that the chapter tells of it."""

import pytest
import torch
import torch.nn.functional as F

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


def test_gradients_by_hand_are_finite_differences():
    torch.manual_seed(1)
    net, x, y = mlp.MLP(3, 4, 2).double(), torch.randn(5, 3).double(), torch.tensor([0, 1, 1, 0, 1])
    layers = net.written_out()
    trace = mlp.forward(x, layers)
    found = mlp.backward(trace, mlp.cross_entropy(trace.logits, y)[1], layers)
    for i, j in ((0, 0), (1, 1)):
        W, step = layers[i][0], 1e-6
        values = []
        for sign in (1, -1):
            W[j, j] += sign * step
            values.append(mlp.cross_entropy(mlp.forward(x, layers).logits, y)[0])
            W[j, j] -= sign * step
        assert float(found[i][0][j, j]) == pytest.approx(float(values[0] - values[1]) / (2 * step), abs=1e-8)


def test_the_loss_survives_logits_of_any_size():
    logits = torch.tensor([[1e4, -1e4], [-1e4, 1e4]])
    value, gradient = mlp.cross_entropy(logits, torch.tensor([0, 0]))
    assert float(value) == 1e4
    assert torch.isfinite(gradient).all()


def test_parameters_are_counted():
    assert sum(p.numel() for p in mlp.MLP(784, 128, 10).parameters()) == 101_770


def test_pictures_are_flattened():
    assert mlp.MLP(784, 10)(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


@pytest.mark.bad_input
@pytest.mark.parametrize("sizes", [(), (3,), (3, 0), (3, 2.5), (True, 2)])
def test_wrong_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="at least two whole numbers"):
        mlp.MLP(*sizes)
