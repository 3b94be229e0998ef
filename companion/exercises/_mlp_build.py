"""Two of the checkers on multilayer perceptrons: a network built by hand, and how the weights of a layer begin."""

from typing import Any

import numpy as np

from companion.exercises._mlp_cases import BITS, SIZES, corners
from companion.exercises._words import described, plain
from companion.exercises.answers import array, ask, number, parts
from companion.exercises.verdict import Wrong, exercise


@exercise(
    "Your network tells odd from even at every corner.",
    "Odd or even depends on one number only, how many bits are 1. Draw what you want over that number.",
    "The line goes up and down like a saw. Each ReLU bends it once: how many bends, and where?",
    "All weights 1 and the biases 0, −1, …, −(n − 1): the units are ReLU(s − j). The slopes +1, −1, +1, … need the "
    "outer weights 1, −2, 2, −2, …",
)
def check_parity(student: Any) -> None:
    """student(n) -> (W, b, v, c) with v·ReLU(Wx + b) + c > 1/2 exactly where an odd number of x's n bits is 1.

    W has n columns and one row per hidden unit, b and v one entry per unit, c is one number.
    """
    for n in BITS:
        W, b, v, c = parts(ask(student, n=n), ("W", "b", "v", "c"))
        x = corners(n)
        b = _units(b, n)
        W = array(W, f"W for {n} bits and your {len(b)} hidden units", (len(b), n))
        v = array(v, f"v for your {len(b)} hidden units", (len(b),))
        found = np.maximum(x @ W.T + b, 0) @ v + number(c, "c")
        count = x.sum(1)
        odd = count % 2 == 1
        if ((found > 0.5) != odd).any() or np.abs(found - 0.5).min() < 1e-6:
            raise Wrong(_parity_mistake(n, x, found, odd))


def _units(b: Any, n: int) -> np.ndarray:
    size = plain(b)
    if size is None or size.ndim != 1 or len(size) == 0:
        raise Wrong(f"Your b is {described(b)}; for {n} bits it must be a vector with one entry per hidden unit.")
    return array(b, "b", size.shape)


def _parity_mistake(n: int, x: np.ndarray, found: np.ndarray, odd: np.ndarray) -> str:
    count = x.sum(1)
    wrong = int(np.argmax(((found > 0.5) != odd) | (np.abs(found - 0.5) < 1e-6)))
    row = x[wrong].astype(int).tolist()
    begin = f"For {n} bits your network says {found[wrong]:.4g} at {row}, whose number of ones is {int(count[wrong])}: "
    design = np.column_stack([x, np.ones(len(x))])
    fit = design @ np.linalg.lstsq(design, found, rcond=None)[0]
    if np.ptp(found) < 1e-9:
        return begin + "it says the same at every corner. No unit makes a difference, or all cancel."
    if ((found > 0.5) != odd).all() and np.abs(found - 0.5).min() >= 1e-6:
        return begin + "odd and even are exchanged. Turn the signs of v and take 1 − c."
    if ((found > 0) == odd).all():
        return begin + "your border is 0. The exercise asks for 1/2: add 1/2 to c."
    if np.allclose(found, fit, atol=1e-9):
        return begin + (
            "at the corners it is a weighted sum, without a bend. Give the units biases, so that each bends at a place "
            "of its own between the corners."
        )
    if ((found > 0.5) == (count >= 1)).all():
        return begin + "that is OR. From two ones on it must come down again."
    if ((found > 0.5) == (count == n)).all():
        return begin + "that is AND: only the corner with all ones is told apart."
    if n > 2 and ((found > 0.5) == odd)[count <= 2].all():
        return begin + f"up to two ones it is right. For {n} bits the line must go up again at 3."
    return begin + "plot v·ReLU(Wx + b) + c over the number of ones, and see where it should turn."


@exercise(
    "Your weights are random, centred, and of the variance that keeps the sums of a ReLU network alike.",
    "A sum has as many terms as the layer has inputs. What does that do to its variance, and what does ReLU take away?",
    "The variance must be 2/inputs. Is it the variance that you hand to the generator, or its root?",
    "rng.standard_normal((outputs, inputs)) times the root of 2/inputs.",
)
def check_start(student: Any) -> None:
    """student(inputs, outputs, rng) -> W, outputs × inputs, random with mean 0 and variance 2/inputs."""
    for inputs, outputs in SIZES:
        what = f"the weights of a layer with {inputs} inputs and {outputs} outputs"
        W, again = (
            array(
                ask(student, inputs=inputs, outputs=outputs, rng=np.random.default_rng(seed)), what, (outputs, inputs)
            )
            for seed in (1, 2)
        )
        _check_random(W, again)
        mean, spread = float(W.mean()), float(W.std())
        begin = (
            f"For {inputs} inputs and {outputs} outputs your weights have mean {mean:.3g} and variance {W.var():.3g}: "
        )
        if abs(mean) > 6 * spread / np.sqrt(W.size):
            raise Wrong(begin + "the mean must be 0, so that no sum leans to one side.")
        if abs(W.var() * inputs / 2 - 1) > 0.05:
            raise Wrong(begin + _variance_mistake(float(W.var()), inputs, outputs))


def _check_random(W: np.ndarray, again: np.ndarray) -> None:
    if np.ptp(W) == 0:
        raise Wrong(
            f"All your weights are {W[0, 0]:g}. Then all units compute the same, get the same gradient, and stay alike."
        )
    if np.array_equal(W, again):
        raise Wrong("You returned the same weights for two different generators: draw them from the rng you are given.")
    for axis, name in ((0, "rows"), (1, "columns")):
        if np.allclose(W, W.take([0], axis=axis)):
            raise Wrong(f"Your weights are random, but all {name} are the same: draw every entry on its own.")


def _variance_mistake(variance: float, inputs: int, outputs: int) -> str:
    mistakes = {
        1 / inputs: "that is 1/inputs. ReLU halves the mean square, so 2/inputs is needed.",
        4 / inputs**2: "you took 2/inputs as the standard deviation. It is the variance: take the root.",
        2 / outputs: "you counted the outputs. A sum has as many terms as there are inputs.",
        2 / (inputs + outputs): "that is Glorot's 2/(inputs + outputs), made for tanh. He's is 2/inputs.",
        2 / (3 * inputs): "a uniform number from (−a, a) has the variance a²/3: take a = √(6/inputs).",
        1 / (3 * inputs): "that is torch's default, uniform up to 1/√inputs: six times too small here.",
        1.0: "that is 1. Each sum has as many terms as there are inputs, so it must shrink with them.",
        np.sqrt(2 / inputs): "you took the root once too often, or handed a variance where its root is asked for.",
    }
    for value, why in mistakes.items():
        if abs(variance / value - 1) < 0.05:
            return why
    return f"the variance must be 2/inputs = {2 / inputs:.3g}."
