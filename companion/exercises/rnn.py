"""Checkers of the chapter on recurrent networks."""

from typing import Any

import numpy as np

from companion.exercises._rnn_cases import SEQUENCES, gradients_of, sigmoid, states_of
from companion.exercises._rnn_gates import check_clip, check_lstm_step
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, cause, close, parts
from companion.exercises.verdict import Wrong, exercise

__all__ = ["check_clip", "check_lstm_step", "check_through_time", "check_unroll"]


@exercise(
    "Your states are those of the recurrence, from the one you were given to the last.",
    "Which two things does a new state depend on, and which of them changes while you go through the moments?",
    "Begin a list with h. At each moment append the tanh of a sum that holds the last entry of the list.",
    "The sum is x_t @ W.T + states[-1] @ U.T + b. Stack the list at the end: T + 1 states.",
)
def check_unroll(student: Any) -> None:
    """student(x, W, U, b, h) -> all T + 1 states, (T + 1) × sequences × hidden, for x of T × sequences × inputs."""
    for case in SEQUENCES:
        given = dict(zip(("x", "W", "U", "b", "h"), case, strict=True))
        T, n, k = len(case[0]), *case[4].shape
        known = {
            (T, n, k): "One is missing: the first of them is the h you were given, before any moment.",
            (n, k): "That is one state for each sequence. Keep all of them, one for each moment.",
            (n, T + 1, k): "Moments come first, then sequences.",
            (T + 1, k): "Keep the sequences apart.",
        }
        states = array(ask(student, **given), f"the states of {n} sequences before and after {T} moments",
                       (T + 1, n, k), known)  # fmt: skip
        if not close(states, states_of(*case)):
            raise Wrong(f"For {listed(given)}, {_unroll_mistake(case, states)}")


def _unroll_mistake(case: tuple, states: np.ndarray) -> str:
    x, W, U, b, h = case
    fed = np.stack([h, *(np.tanh(x_t @ W.T + h @ U.T + b) for x_t in x)])
    mistakes = {
        "you began with zeros. Begin with the h you were given.": states_of(x, W, U, b, 0 * h),
        "you forgot the tanh.": states_of(x, W, U, b, h, lambda a: a),
        "you took a sigmoid where the tanh belongs.": states_of(x, W, U, b, h, sigmoid),
        "you took ReLU where the tanh belongs.": states_of(x, W, U, b, h, lambda a: np.maximum(a, 0)),
        "you multiplied by U where its transpose belongs: rows are sequences, so it is h @ U.T.":
            states_of(x, W, U.T, b, h),
        "your bias is missing.": states_of(x, W, U, 0 * b, h),
        "your states do not depend on the states before: U is missing.": states_of(x, W, 0 * U, b, h),
        "your states do not see the input: W is missing.": states_of(x, 0 * W, U, b, h),
        "you made every state from the first one. Each is made from the one before.": fed,
        "you read the sequence from its end.": states_of(x[::-1], W, U, b, h),
        "your states are in the reverse order.": states_of(x, W, U, b, h)[::-1],
        "you added the old state to the new one. The tanh alone is the new state.": _added(*case),
    }  # fmt: skip
    if W.shape[0] == W.shape[1]:
        transposed = "you multiplied by W where its transpose belongs: rows are sequences, so it is x_t @ W.T."
        mistakes[transposed] = states_of(x, W.T, U, b, h)
        mistakes["you took sequences for moments: x[t] is what all sequences bring at moment t."] = (
            states_of(x.transpose(1, 0, 2), W, U, b, h)
        )  # fmt: skip
    if why := cause(states, mistakes):
        return why
    if not close(states[0], h):
        return "your first state is not the h you were given."
    return "your first state is right and a later one is not. Compute the state after one moment by hand."


def _added(x: Any, W: Any, U: Any, b: Any, h: Any) -> np.ndarray:
    states = [h]
    for x_t in x:
        states.append(states[-1] + np.tanh(x_t @ W.T + states[-1] @ U.T + b))
    return np.stack(states)


@exercise(
    "Your gradients are summed over all moments, and the first state gets its share.",
    "Draw the unrolled network. Through which two operations does a gradient pass from one state to the one before?",
    "Go backwards. At each moment first the slope of the tanh, then the three sums, then back through U.",
    "delta = g * (1 - states[t + 1]**2); add delta.T @ x[t], delta.T @ states[t], delta.sum(0); then g = delta @ U.",
)
def check_through_time(student: Any) -> None:
    """student(x, states, W, U, g) -> gradients by W, U, b and the first state; g is the one by the last state."""
    rng = np.random.default_rng(5)
    for case in SEQUENCES:
        x, W, U, _, h = case
        given = {"x": x, "states": states_of(*case), "W": W, "U": U, "g": rng.standard_normal(h.shape)}
        names = ("dW", "dU", "db", "dh")
        answer = parts(ask(student, **given), names)
        shapes = (W.shape, U.shape, U.shape[:1], h.shape)
        known = {
            (len(x), *W.shape): "Sum over the moments.",
            (len(x), *U.shape): "Sum over the moments.",
            h.shape: "Sum over the sequences too.",
        }
        found = [
            array(a, name, shape, {k: why for k, why in known.items() if k != shape})
            for a, name, shape in zip(answer, names, shapes, strict=True)
        ]
        _compare_gradients(given, found)


def _compare_gradients(given: dict[str, Any], found: list[np.ndarray]) -> None:
    truth = _summed(gradients_of(**given))
    wrong = {name for name, ours, right in zip(("dW", "dU", "db", "dh"), found, truth, strict=True)
             if not close(ours, right)}  # fmt: skip
    if not wrong:
        return
    for why, mistake in _through_time_mistakes(given, truth).items():
        if all(close(ours, theirs) for ours, theirs in zip(found, mistake, strict=True)):
            raise Wrong(f"For {listed(given)}, {why}")
    right = [name for name in ("dW", "dU", "db", "dh") if name not in wrong]
    rest = f"your {' and '.join(sorted(wrong))} {'is' if len(wrong) == 1 else 'are'} wrong"
    good = f", the rest is right: {', '.join(right)}." if right else ". Begin with a sequence of one moment."
    raise Wrong(f"For {listed(given)}, {rest}{good}")


def _summed(each: tuple) -> tuple:
    """What is asked for, from the gradients of each moment."""
    return each[0].sum(0), each[1].sum(0), each[2].sum(0), each[3][0]


def _through_time_mistakes(given: dict[str, Any], truth: tuple) -> dict[str, tuple]:
    each = gradients_of(**given)
    n, T, g = given["g"].shape[0], len(given["x"]), given["g"]

    def changed(**how: Any) -> tuple:
        return _summed(gradients_of(**given, **how))

    return {
        "your slope of the tanh is missing: 1 − h².": changed(slope=lambda before, after: 1.0),
        "your slope is that of the state before. The tanh made the state after: states[t + 1].":
            changed(slope=lambda before, after: 1 - before**2),
        "your slope is 1 − h. The square is missing.": changed(slope=lambda before, after: 1 - after),
        "your slope is that of the sigmoid, h(1 − h).": changed(slope=lambda before, after: after * (1 - after)),
        "your dU takes the states after each moment. U multiplied the state before: states[t].":
            changed(of_U=lambda before, after: after),
        "you went back through U transposed. With rows as sequences it is delta @ U.":
            changed(back=lambda delta, U: delta @ U.T),
        "you went back without U.": changed(back=lambda delta, U: delta),
        "your gradients are those of the last moment alone. Go back, and add up.":
            (each[0][-1], each[1][-1], each[2][-1], each[3][-2]),
        "your gradients by the weights are those of the first moment alone: = where += is needed.":
            (each[0][0], each[1][0], each[2][0], each[3][0]),
        "you added g at every moment. The loss looks at the last state only.": changed(everywhere=True),
        "you divided by the number of sequences. The loss is in g already.": (*(a / n for a in truth[:3]), truth[3]),
        "you took means over the moments. The gradients of shared weights are summed.":
            (*(a / T for a in truth[:3]), truth[3]),
        "your dU is transposed.": (truth[0], truth[1].T, truth[2], truth[3]),
        "your dh is g as it was given. It must go all the way back.": (*truth[:3], g),
        "your dh stops one step early. After the first moment's slope it goes back through U once more.":
            (*truth[:3], each[3][1] * (1 - given["states"][1] ** 2)),
        "your signs are turned.": tuple(-a for a in truth),
    }  # fmt: skip
