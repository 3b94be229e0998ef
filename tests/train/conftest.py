"""A runtime and a small network for the engine."""

import pytest
import torch
from torch import nn

from companion import train


@pytest.fixture
def run():
    return train.launch("cpu", seed=3)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).double()
