"""Correlation and pooling written out against torch's and SciPy's, and the classifier."""

import numpy as np
import pytest
import scipy.signal
import torch
import torch.nn.functional as F

from companion.nets import cnn


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("dims", [1, 2])
def test_it_is_torchs_convolution(dims, stride, padding, dilation, bias):
    torch.manual_seed(0)
    x, w = torch.randn(2, 3, *(11, 9)[:dims]).double(), torch.randn(4, 3, *(3, 2)[:dims]).double()
    b = torch.randn(4).double() if bias else None
    theirs = (F.conv1d, F.conv2d)[dims - 1](x, w, b, stride=stride, padding=padding, dilation=dilation)
    torch.testing.assert_close(cnn.correlate(x, w, b, stride=stride, padding=padding, dilation=dilation), theirs)


def test_it_is_correlation_and_convolution_flips():
    x, w = np.arange(20.0).reshape(4, 5), np.array([[1.0, 2], [3, 5]])
    ours = cnn.correlate(torch.tensor(x)[None, None], torch.tensor(w)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(ours, scipy.signal.correlate2d(x, w, mode="valid"))
    np.testing.assert_allclose(ours, scipy.signal.convolve2d(x, w[::-1, ::-1], mode="valid"))
    assert not np.allclose(ours, scipy.signal.convolve2d(x, w, mode="valid"))


@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 2), (3, 1), (2, 3)])
def test_pooling_is_torchs(size, stride):
    x = torch.randn(2, 3, 9, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(cnn.pool(x, size, stride=stride), F.max_pool2d(x, size, stride))
    torch.testing.assert_close(cnn.pool(x, size, stride=stride, kind="mean"), F.avg_pool2d(x, size, stride))


def test_gradients_flow_through_what_is_written_out():
    x = torch.randn(1, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    w = torch.randn(3, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, w: cnn.pool(cnn.correlate(x, w, padding=1), 2), (x, w))


def test_the_classifier_has_its_parameters_and_shapes():
    net = cnn.Classifier()
    assert sum(p.numel() for p in net.parameters()) == 93_322
    assert net(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    assert [tuple(m.shape[1:]) for m in net.features(torch.zeros(1, 1, 28, 28))] == [
        (32, 26, 26),
        (64, 11, 11),
        (64, 3, 3),
    ]
    assert cnn.Classifier((3, 32, 40), classes=7)(torch.zeros(2, 3, 32, 40)).shape == (2, 7)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: cnn.correlate(torch.zeros(1, 2, 5), torch.zeros(1, 3, 3)),
            r"x has shape \(1, 2, 5\), weight \(1, 3, 3\)",
        ),
        (lambda: cnn.correlate(torch.zeros(1, 2, 5, 5), torch.zeros(1, 2, 3)), "are needed"),
        (
            lambda: cnn.correlate(torch.zeros(1, 2, 5), torch.zeros(1, 2, 3), dilation=3),
            "reaches over 7 entries of axis 2",
        ),
        (lambda: cnn.pool(torch.zeros(1, 1, 4, 4), 5), "reaches over 5 entries"),
        (lambda: cnn.pool(torch.zeros(1, 1, 4, 4), 2, kind="median"), "kind is 'median'"),
        (lambda: cnn.Classifier((1, 17, 28)), "at least 18 × 18"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
