"""What many functions are asked to refuse, and the small matrix that they are tried on."""

import math

import numpy as np
import torch

GOOD = np.array([[3.0, 1.0, 0.5], [1.0, 2.0, 0.0], [0.0, 1.0, 1.0], [2.0, 0.0, 1.0]])


def span(name, low, high=None):
    return f"{low} ≤ {name} ≤ {high}" if high else f"{name} ≥ {low}"


def whole_number(name, low, high=None):
    """Wrong values for a whole number: (value, error, what the sentence must contain)."""
    outside = [low - 1, *([high + 1] if high else []), -7]
    refused = [
        (value, ValueError, (f"{name} is {value}", span(name, low, high), f"choose {name}")) for value in outside
    ]
    kinds = (2.0, 2.5, True, None, "2", [2], np.float64(2), np.array(2.5), torch.tensor(2.5))
    return refused + [(value, TypeError, (f"{name} is", "a whole number is needed")) for value in kinds]


def positive_number(name):
    refused = [(v, ValueError, (f"{name} is {v}", f"0 < {name} < inf")) for v in (0.0, -1.0, math.nan, math.inf)]
    return refused + [(v, TypeError, (f"{name} is {v!r}", "a positive number is needed")) for v in (True, "1", [1], 1j)]


def nonnegative_number(name):
    refused = [(v, ValueError, (f"{name} is {v}", f"0 ≤ {name} < inf")) for v in (-1.0, math.nan, math.inf)]
    return refused + [(v, TypeError, (f"{name} is {v!r}", "a number ≥ 0 is needed")) for v in (True, "1", [1], 1j)]


RNG = [("seed", (TypeError, ValueError), ()), (-1, ValueError, ()), (1.5, TypeError, ())]  # NumPy's own sentences
