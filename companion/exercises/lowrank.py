"""Checkers of the chapter on networks of low rank."""

from typing import Any

import numpy as np

from companion.exercises._lowrank_cases import SIZES, STEPS
from companion.exercises._lowrank_split import check_on_data, check_split
from companion.exercises._words import listed
from companion.exercises.answers import array, ask, compare, number, parts
from companion.exercises.verdict import Wrong, exercise

__all__ = ["check_on_data", "check_products", "check_split", "check_update_gradients"]


@exercise(
    "You count every multiplication of both layers, and none twice.",
    "How many places does a k × k kernel have on a size × size picture without padding? The 1 × 1 layer has as many.",
    "At each place the first layer makes `rank` sums of c·k² products, the second one o sums of `rank` products.",
    "places = (size − k + 1)²; places · rank · (c·k² + o).",
)
def check_products(student: Any) -> None:
    """student(c, o, k, rank, size) -> multiply-adds of k × k from c to rank channels, then 1 × 1 from rank to o."""
    for c, o, k, rank, size in SIZES:
        given = {"c": c, "o": o, "k": k, "rank": rank, "size": size}
        value = number(ask(student, **given), "the number of products")
        truth = (size - k + 1) ** 2 * rank * (c * k * k + o)
        compare(
            f"For {listed(given)} you returned {value:,.0f}:",
            value,
            truth,
            _count_mistakes(c, o, k, rank, size),
            f"{truth:,} is right. Count what one place costs first.",
        )
        if round(value) != truth:
            raise Wrong(f"For {listed(given)} you returned {value:,.0f}, and {truth:,} is right: near, but not exact.")


def _count_mistakes(c: int, o: int, k: int, rank: int, size: int) -> dict[str, float]:
    places = (size - k + 1) ** 2
    return {
        "that is the whole layer. Split, it goes through `rank` channels.": places * c * o * k * k,
        "you count weights, for one place. Each is used at every place.": rank * (c * k * k + o),
        "without padding there are size − k + 1 places along a side, not size.": size**2 * rank * (c * k * k + o),
        "there are size − k + 1 places along a side: the + 1 is missing.": (size - k) ** 2 * rank * (c * k * k + o),
        "the places lie in a plane: square their number along a side.": (size - k + 1) * rank * (c * k * k + o),
        "the second layer is missing.": places * rank * c * k * k,
        "the first layer is missing.": places * rank * o,
        "the second layer is 1 × 1: no k² there.": places * rank * k * k * (c + o),
        "the kernel is k × k: k² weights for each channel.": places * rank * (c * k + o),
        "the two layers follow each other: add their costs, do not multiply.": places * rank * c * k * k * o,
        "you count a multiply-add as two. Here it is one.": 2 * places * rank * (c * k * k + o),
        "the 1 × 1 layer runs on the maps of the first, not on the picture.":
            places * rank * c * k * k + size**2 * rank * o,
        "biases are no products.": places * (rank * (c * k * k + o) + o),
    }  # fmt: skip


@exercise(
    "Your gradients are those of the update alone, and of its scale.",
    "Write V = W + scale·BA. The gradient of the loss by V is M = gᵀx. How does V move with B? How with A?",
    "If B moves by δ, V moves by scale·δA, so ∂B = scale·MAᵀ. The same for A gives scale·BᵀM.",
    "With M = g.T @ x the two are scale * B.T @ M and scale * M @ A.T.",
)
def check_update_gradients(student: Any) -> None:
    """student(W, A, B, x, g, scale) -> (∂A, ∂B) of x ↦ x(W + scale·BA)ᵀ, g the gradient by the outputs."""
    for W, A, B, x, g, scale in STEPS:
        given = {"W": W, "A": A, "B": B, "x": x, "g": g, "scale": scale}
        answer = parts(ask(student, **given), ("∂A", "∂B"))
        M = g.T @ x
        exchanged = "∂A has the shape of A, ∂B that of B: yours are exchanged."
        for name, value, truth, mine in (
            ("∂A", answer[0], scale * B.T @ M, A),
            ("∂B", answer[1], scale * M @ A.T, B),
        ):
            other = (B if name == "∂A" else A).shape
            known = {} if other == mine.shape else {other: exchanged, other[::-1]: "A transpose is missing."}
            known |= {W.shape: "That is the gradient by W; go on to A and B."} if W.shape != mine.shape else {}
            found = array(value, name, mine.shape, known)
            mistakes = _gradient_mistakes(name, A, B, M, len(x), scale)
            compare(f"Your {name} is wrong:", found, truth, mistakes, "check it by finite differences.")


def _gradient_mistakes(name: str, A: np.ndarray, B: np.ndarray, M: np.ndarray, n: int, scale: float) -> dict[str, Any]:
    right = scale * (B.T @ M if name == "∂A" else M @ A.T)
    return {
        "the scale is missing: it multiplies BA.": right / scale,
        "the scale stands there twice. BA is scaled once.": right * scale,
        "the sign is turned. The gradient points where the loss rises.": -right,
        "it is twice too large: nothing is squared here.": 2 * right,
        "g is the gradient by the outputs as it stands: no mean over the rows.": right / n,
        "it is 0. A and B are asked for where they stand, not at B = 0.": 0 * right,
        "W plays no part in it: y is linear in W + scale·BA.": right + (A if name == "∂A" else B),
    }
