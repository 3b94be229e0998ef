"""What counts as the same printed output."""

import pytest

from tools.compare import Text, same


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("error 0.98109474", "error 0.981094740000001"),
        ("[1.  0.5]", "[1. 0.5]"),
        ("1.5e-20", "0.0"),
        ("-0.0", "0.0"),
        ("σ = 2.", "σ = 2.0"),
        ("nan inf 3", "nan inf 3"),
    ],
)
def test_noise_is_forgiven(left, right):
    assert same(left, right)
    assert Text(left) == Text(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("error 0.98109474", "error 0.98109500"),
        ("rank 7", "rank 8"),
        ("rank 7", "rank 7.0"),
        ("44 %", "43 %"),
        ("0.5", "-0.5"),
        ("0.5 0.5", "0.5"),
        ("error 0.5", "errors 0.5"),
        ("nan", "0.0"),
        ("1.0\n2.0", "1.0 2.0"),
        ("v1.2.3", "v1.2.4"),
    ],
)
def test_a_change_is_seen(left, right):
    assert not same(left, right)
    assert Text(left) != Text(right)


def test_a_cell_may_loosen_its_floats_and_percentages_and_nothing_else():
    assert Text.within("loss 1.000, 3 epochs", 1e-2) == Text("loss 1.009, 3 epochs")
    assert Text.within("loss 1.000, 3 epochs", 1e-2) != Text("loss 1.011, 3 epochs")
    assert Text.within("loss 1.000, 3 epochs", 1e-2) != Text("loss 1.000, 4 epochs")
    assert Text.within("44 % of 7, 44%", 0.05) == Text("43 % of 7, 43%")
    assert Text.within("44 % of 7, 44%", 0.05) != Text("44 % of 8, 44%")
