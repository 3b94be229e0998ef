"""Features of a network handed in: what its last dense layer is given, in blocks, and the net left as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from companion.evaluate import features
from companion.nets import cnn


@pytest.fixture
def net():
    torch.manual_seed(0)
    return cnn.Classifier()


PICTURES = np.random.default_rng(0).integers(0, 256, (23, 1, 28, 28)).astype(np.uint8)


def by_hand(net, x):
    with torch.no_grad():
        h = torch.relu(net.dense(net.features(x)[-1].flatten(1)))
        return h, net.last(h)


@pytest.mark.parametrize("size", [1, 7, 500])
def test_bytes_are_divided_by_255_and_come_back_in_order(net, library, size):
    found = features.extract(net, library(PICTURES), size=size)
    for ours, theirs in zip(found, by_hand(net, torch.tensor(PICTURES) / 255), strict=True):
        assert library.owns(ours)
        np.testing.assert_allclose(library.numpy(ours), theirs, atol=1e-6)
    assert found.x.shape == (23, 64)
    assert found.logits.shape == (23, 10)


def test_other_pictures_are_taken_as_they_are(net, library, dtype):
    x = (PICTURES / 127.5 - 1).astype(dtype)
    found = features.extract(net, library(x))
    assert library.numpy(found.x).dtype == np.float32  # the net's precision
    np.testing.assert_allclose(library.numpy(found.x), by_hand(net, torch.tensor(x).float())[0], atol=1e-5)


def test_the_net_is_in_evaluation_mode_meanwhile_and_as_before_afterwards():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 20), nn.BatchNorm1d(20), nn.Dropout(0.9), nn.Linear(20, 3))
    before = {name: t.clone() for name, t in net.state_dict().items()}
    for mode in (True, False):
        net.train(mode)
        first, second = (features.extract(net, PICTURES, size=size) for size in (5, 23))
        np.testing.assert_allclose(first.x, second.x, atol=1e-6)
        assert net.training is mode
    assert all(torch.equal(before[name], t) for name, t in net.state_dict().items())
    assert not net[4]._forward_pre_hooks
    assert not torch.is_tensor(first.x)


def test_tensors_need_no_gradient_and_stay_tensors(net):
    found = features.extract(net, torch.tensor(PICTURES))
    assert not found.x.requires_grad
    assert not found.logits.requires_grad


def test_a_net_that_fails_is_left_as_it_was(net):
    net.train()
    with pytest.raises(RuntimeError):
        features.extract(net, PICTURES[:, :, :5, :5])
    assert net.training
    assert not net.last._forward_pre_hooks
