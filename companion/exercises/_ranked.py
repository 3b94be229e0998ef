"""The checker of NDCG, by its answers to all cases together: fractions of few logarithms coincide."""

from collections.abc import Callable
from typing import Any

import numpy as np

from companion.exercises.answers import ask, close, number
from companion.exercises.verdict import Wrong, exercise

# (listed, relevant, k): hits at the front, at the end, past k; more relevant items than k, fewer; none found
LISTS: tuple[tuple[list[int], list[int], int], ...] = (
    ([4, 7, 1, 3, 9], [7, 3], 5), ([4, 7, 1, 3, 9], [4], 5), ([4, 7, 1, 3, 9], [9, 4, 8, 2], 3),
    ([5, 0, 2], [0, 2, 5], 3), ([5, 0, 2, 8], [8, 0, 6], 2), ([5, 0, 2], [1], 3), ([3, 6, 0, 1], [0, 1], 2),
)  # fmt: skip


@exercise(
    "Your NDCG counts the first k places, weighs them by 1/log₂(1 + place), and is 1 for the best order.",
    "The first place counts 1, the second 1/log₂ 3. What is the most that any list of k could collect?",
    "DCG is Σ 1/log₂(1 + j) over the places j = 1 … k whose item is relevant; divide by the DCG of the best list.",
    "The best list of k has min(k, number of relevant items) hits, all of them in front.",
)
def check_ndcg(student: Any) -> None:
    """student(listed, relevant, k) -> NDCG@k of a list of items, best first; `relevant` items count 1, others 0."""
    answers, stopped = [], None
    for listed, relevant, k in LISTS:
        try:
            answers.append(number(ask(student, listed=listed, relevant=relevant, k=k), "an NDCG"))
        except Wrong as wrong:
            stopped = wrong
            break
    for mine, case in zip(answers, LISTS, strict=False):
        if not close(mine, _ndcg(*case)):
            listed, relevant, k = case
            raise Wrong(
                f"For listed = {listed}, relevant = {relevant}, k = {k} you returned {mine:.4f}: {_why(answers)}"
            )
    if stopped:
        raise stopped


def _why(answers: list[float]) -> str:
    for why, rule in NDCG_MISTAKES.items():
        if close(answers, [rule(*case) for case in LISTS[: len(answers)]]):
            return why
    return (
        "write down the gain of each place, divide each by log₂(1 + place), add up, and do the same for the best list."
    )


def _dcg(hits: Any) -> float:
    return float(np.sum(np.asarray(hits, float) / np.log2(2 + np.arange(len(hits)))))


def _hits(listed: list[int], relevant: list[int], k: int) -> list[bool]:
    return [item in relevant for item in listed[:k]]


def _ndcg(listed: list[int], relevant: list[int], k: int) -> float:
    return _dcg(_hits(listed, relevant, k)) / _dcg([1] * min(k, len(relevant)))


def _from_one(listed: list[int], relevant: list[int], k: int) -> float:
    """Discount 1/log₂(place + 2), places counted from 1."""
    return _late(_hits(listed, relevant, k)) / _late([1] * min(k, len(relevant)))


def _late(hits: Any) -> float:
    return float(np.sum(np.asarray(hits, float) / np.log2(3 + np.arange(len(hits)))))


def _as_in_2002(hits: Any) -> float:
    """The discount of Järvelin & Kekäläinen (2002) with base 2: none for the first two places, then 1/log₂ place."""
    return float(np.sum(np.asarray(hits, float) / np.maximum(1, np.log2(1 + np.arange(len(hits))))))


def _share(hits: Any) -> float:
    return float(np.sum(np.asarray(hits, float) / (1 + np.arange(len(hits)))))


def _found(listed: list[int], relevant: list[int], k: int) -> list[bool]:
    """The hits of this list, in their best order: what one forgets are the relevant items that were not listed."""
    return sorted(_hits(listed, relevant, k), reverse=True)


NDCG_MISTAKES: dict[str, Callable[[list[int], list[int], int], float]] = {
    "that is the DCG, not yet divided by that of the best list.": lambda a, b, k: _dcg(_hits(a, b, k)),
    "you divided by a list of k hits. With fewer relevant items than k, the best list has only so many.":
        lambda a, b, k: _dcg(_hits(a, b, k)) / _dcg([1] * k),
    "you divided by the gain of all relevant items. A list of k has room for k.":
        lambda a, b, k: _dcg(_hits(a, b, k)) / _dcg([1] * len(b)),
    "you divided by the best order of what you listed. The relevant items that you missed count as well.":
        lambda a, b, k: _dcg(_hits(a, b, k)) / (_dcg(_found(a, b, k)) or 1),
    "the whole list was counted. Cut it to the first k places.":
        lambda a, b, k: _dcg(_hits(a, b, len(a))) / _dcg([1] * min(k, len(b))),
    "that is recall: the share of the relevant items found. NDCG also weighs the places.":
        lambda a, b, k: sum(_hits(a, b, k)) / len(b),
    "that is precision: the share of the k places that are hits.": lambda a, b, k: sum(_hits(a, b, k)) / k,
    "the discount is shifted by one place: the first place must count 1/log₂ 2 = 1.": _from_one,
    "you discount by 1/log₂(place) from the second place on, as the paper of 2002 does. Here it is 1/log₂(1 + place).":
        lambda a, b, k: _as_in_2002(_hits(a, b, k)) / _as_in_2002([1] * min(k, len(b))),
    "you took the natural logarithm above and log₂ below: with the same one in both, its base cancels.":
        lambda a, b, k: _ndcg(a, b, k) / np.log(2),
    "you took log₂ above and the natural logarithm below: with the same one in both, its base cancels.":
        lambda a, b, k: _ndcg(a, b, k) * np.log(2),
    "you discount by 1/place. NDCG discounts by 1/log₂(1 + place).":
        lambda a, b, k: _share(_hits(a, b, k)) / _share([1] * min(k, len(b))),
}  # fmt: skip
