"""The checker of the rank that explains a share, by its answers to all cases together: small whole numbers coincide."""

from collections.abc import Callable
from typing import Any

import numpy as np

from companion.exercises._cases import SHARES
from companion.exercises._words import listed
from companion.exercises.answers import ask, number
from companion.exercises.verdict import Wrong, exercise


@exercise(
    "Your rank is the smallest that explains the share asked for, ties included.",
    "How much of ‖A‖²_F does one singular value carry?",
    "Square s, add up cumulatively, divide by the total. The first place where the share is reached is wanted.",
    "Python counts places from 0, ranks count from 1. np.cumsum adds up; np.argmax of a comparison finds the place.",
)
def check_explained_rank(student: Any) -> None:
    """student(s, share) -> the smallest r with Σ_{i≤r} sᵢ² ≥ share·Σ sᵢ², for descending s and 0 < share ≤ 1."""
    answers, stopped = _answers(student)
    for (s, share, r), mine in zip(SHARES, answers, strict=False):
        if mine != r:
            raise Wrong(f"For {listed({'s': s, 'share': share})} you returned {mine}: {_why(answers)}")
    if stopped:
        raise stopped


def _answers(student: Any) -> tuple[list[int], Wrong | None]:
    """The ranks, up to the case where something else came: that may be the consequence of an earlier wrong rank."""
    answers: list[int] = []
    for s, share, _ in SHARES:
        try:
            value = number(ask(student, s=s, share=share), "a rank")
            if value != round(value):
                raise Wrong(
                    f"For {listed({'s': s, 'share': share})} you returned {value:.4g}; a rank is a whole "
                    "number. Return how many singular values it takes, not the share they reach."
                )
        except Wrong as stopped:
            return answers, stopped
        answers.append(int(value))
    return answers, None


def _why(answers: list[int]) -> str:
    for why, rule in RANK_MISTAKES.items():
        if answers == [rule(s, share) for s, share, _ in SHARES[: len(answers)]]:
            return why
    return "add up the squares by hand, and see at which place the share is first reached."


def _first(parts: np.ndarray, share: float) -> int:
    return int(np.searchsorted(np.cumsum(parts), share * parts.sum())) + 1


RANK_MISTAKES: dict[str, Callable[[np.ndarray, float], int]] = {
    "the singular values were added, not their squares. ‖A‖²_F is the sum of squares.": _first,
    "one too few. Likely cause: the place found, counted from 0, was not turned into a count.":
        lambda s, share: _first(s**2, share) - 1,
    "one too many. The term that reaches the share is the last one needed.": lambda s, share: _first(s**2, share) + 1,
    "right but for ties. A share that is reached exactly counts: ≥, not >.":
        lambda s, share: int(np.searchsorted(np.cumsum(s**2), share * np.sum(s**2), side="right")) + 1,
    "right but for ties. A share that is reached exactly counts: compare by ≥, not by >.":
        lambda s, share: int(np.argmax(np.cumsum(s**2) > share * np.sum(s**2))) + 1,
    "that is where the rest falls to `share`. The first r values must carry the share, not what is cut off.":
        lambda s, share: _first(s**2, 1 - share),
    "the root was taken: you compare norms, and the share is of squares.": lambda s, share: _first(s**2, share**2),
    "the sum was compared with the share itself. Divide by the total first.": lambda s, share: 1,
    "that is a share of the number of singular values. Weigh them by their squares.":
        lambda s, share: int(np.ceil(share * len(s))),
}  # fmt: skip
