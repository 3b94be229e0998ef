"""The checker of a split that keeps some of each user's ratings to learn from."""

from typing import Any

import numpy as np

from companion.exercises._words import described
from companion.exercises.answers import ask, plain
from companion.exercises.verdict import Wrong, exercise

COUNTS = (12, 5, 1, 30, 4, 2, 9, 0, 17, 1)  # ratings of each user; floors and roundings of their shares differ
USERS = np.random.default_rng(4).permutation(np.repeat(np.arange(len(COUNTS)), COUNTS))


@exercise(
    "You hold out ⌊share·n⌋ random ratings of each user, and every user keeps some to learn from.",
    "Who has a single rating: can it be held out, and still be predicted?",
    "Go through the users; of the places of one user's ratings choose int(share * n) at random.",
    "where = np.flatnonzero(users == u); held[rng.choice(where, int(share * len(where)), replace=False)] = True",
)
def check_split(student: Any) -> None:
    """student(users, share, rng) -> held, True or False a rating: of each user's n, ⌊share·n⌋ random ones are True."""
    for share in (0.25, 0.5):
        masks = [_mask(ask(student, users=USERS, share=share, rng=np.random.default_rng(seed))) for seed in range(12)]
        _check_counts(masks[0], share)
        _check_chance(student, masks, share)


def _mask(answer: Any) -> np.ndarray:
    held = plain(answer) if not isinstance(answer, np.ndarray) else answer
    k = len(USERS)
    if held is None and isinstance(answer, (tuple, list)) and len(answer) == 2:
        raise Wrong(f"You returned {described(answer)}; one mask is enough: the test ratings are True, the rest False.")
    if held is None and hasattr(answer, "numpy"):
        held = np.asarray(answer)
    if held is None or held.shape != (k,):
        places = held is not None and held.ndim == 1 and held.dtype.kind in "iu"
        cause = " Those look like places: make a mask of zeros and set it True there." if places else ""
        raise Wrong(
            f"You returned {described(answer)}; a mask with one entry for each of the {k} ratings is needed.{cause}"
        )
    if not np.isin(held, (0, 1)).all():
        raise Wrong("Your mask holds other numbers than 0 and 1; True means held out, False means to learn from.")
    return held.astype(bool)


def _check_counts(held: np.ndarray, share: float) -> None:
    counts = np.array(COUNTS)
    mine, wanted = np.bincount(USERS[held], minlength=len(counts)), np.floor(share * counts)
    if (mine == wanted).all():
        return
    u = int(np.argmax(mine != wanted))
    said = f"With share = {share} you hold out {mine[u]} of the {counts[u]} ratings of user {u}, not {wanted[u]:.0f}:"
    lost = np.flatnonzero((mine == counts) & (counts > 0))
    reasons = {
        "you hold out what was to be kept. True marks the test.": mine == counts - wanted,
        "you rounded up, which takes a single rating away from who has no other. Round down.":
            mine == np.ceil(share * counts),
        "you rounded. Round down, with int(…).": mine == np.round(share * counts),
        "you hold out the same number of every user. It is a share of the user's own ratings.":
            np.ptp(mine[counts > 2]) == 0 and mine.any(),
        "at least one was held out of everybody, so user 2 has nothing to learn from.":
            mine == np.maximum(wanted, counts > 0),
    }  # fmt: skip
    reasons |= _causes_of_the_draw(held, mine, wanted)
    why = next((why for why, so in reasons.items() if np.all(so)), None)
    if why is None and abs(held.sum() - share * len(USERS)) <= 0.15 * len(USERS):
        why = "you drew from all ratings together. Draw among each user's own."
        why += f" User {lost[0]} has nothing left to learn from." if len(lost) else ""
    raise Wrong(f"{said} {why or 'count them with np.bincount(users[held]).'}")


def _causes_of_the_draw(held: np.ndarray, mine: np.ndarray, wanted: np.ndarray) -> dict[str, Any]:
    counts = np.array(COUNTS)
    front = not held[max(COUNTS) :].any()  # places within a user's own ratings are below the largest count
    return {
        "are those places among the user's own ratings? Use np.flatnonzero(users == u).": front and held.any(),
        "some were drawn twice. Draw without putting back: replace=False.": (mine <= wanted).all() and held.any(),
        "you hold out users; hold out ratings of each.": ((mine == 0) | (mine == counts)).all() and held.any(),
    }


def _check_chance(student: Any, masks: list[np.ndarray], share: float) -> None:
    again = _mask(ask(student, users=USERS, share=share, rng=np.random.default_rng(0)))
    if (again != masks[0]).any():
        raise Wrong("The same rng gave you two different masks. Draw from the rng you are given, not from np.random.")
    if all((mask == masks[0]).all() for mask in masks):
        first = all(not masks[0][w][np.argmin(masks[0][w]) :].any() for w in _places())
        last = all(masks[0][w][np.argmax(masks[0][w]) :].all() for w in _places() if masks[0][w].any())
        which = "the first ones of each user" if first else "the last ones of each user" if last else "the same ratings"
        raise Wrong(f"Whatever the rng, you hold out {which}. In a file these may be the oldest: choose at random.")
    ever = np.any(masks, axis=0)
    several = np.isin(USERS, [u for u, count in enumerate(COUNTS) if int(share * count)])
    missing = int(np.sum(several & ~ever))
    if missing > 0.2 * several.sum():  # by chance it is about (1 − share)¹² of them, 3 % at most
        raise Wrong(f"In {len(masks)} draws you never held out {missing} of the ratings: each must have its chance.")


def _places() -> list[np.ndarray]:
    return [np.flatnonzero(u == USERS) for u in range(len(COUNTS)) if COUNTS[u] > 1]
