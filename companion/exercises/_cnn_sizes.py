"""The checker of the sizes of layers."""

from collections.abc import Callable
from typing import Any

from companion.exercises._cnn_cases import CHAINS
from companion.exercises.answers import ask, number
from companion.exercises.verdict import Wrong, exercise

Count = Callable[[int, int, int, int, int], int]


def counted(size: int, chain: list, layer: Count, *, short: int | None = 0) -> int:
    """The size after all layers, `short` once a layer finds no room (None: go on counting)."""
    for kernel, stride, padding, dilation in chain:
        if short is not None and size + 2 * padding - dilation * (kernel - 1) < 1:
            return short
        size = layer(size, kernel, stride, padding, dilation)
    return size


def places(n: int, k: int, s: int, p: int, d: int) -> int:
    """⌊(n + 2p − d(k − 1) − 1)/s⌋ + 1."""
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


SIZE_MISTAKES: dict[str, Callable[[int, list], int]] = {
    "the + 1 is missing: the place at 0 counts too.": lambda n, c: counted(n, c, lambda *a: places(*a) - 1),
    "you round up. A place that is cut off at the end does not count.":
        lambda n, c: counted(n, c, lambda n, k, s, p, d: -(-(n + 2 * p - d * (k - 1) - 1) // s) + 1),
    "the padding is on both sides: 2·padding.":
        lambda n, c: counted(n, c, lambda n, k, s, p, d: places(n - p, k, s, p, d)),
    "the padding is missing.": lambda n, c: counted(n, c, lambda n, k, s, p, d: places(n, k, s, 0, d)),
    "the dilation is missing: k weights reach over dilation·(k − 1) + 1 entries.":
        lambda n, c: counted(n, c, lambda n, k, s, p, d: places(n, k, s, p, 1)),
    "you took dilation·k for the reach. It is dilation·(k − 1) + 1: nothing follows the last weight.":
        lambda n, c: counted(n, c, lambda n, k, s, p, d: (n + 2 * p - d * k) // s + 1),
    "the stride is missing.": lambda n, c: counted(n, c, lambda n, k, s, p, d: places(n, k, 1, p, d)),
    "you divide the size by the stride and forget the kernel's reach.":
        lambda n, c: counted(n, c, lambda n, k, s, p, d: (n + 2 * p - 1) // s + 1),
    "the − 1 is missing: the last start is n + 2p − d(k − 1) − 1.":
        lambda n, c: counted(n, c, lambda n, k, s, p, d: (n + 2 * p - d * (k - 1)) // s + 1),
    "only the first layer counts in yours. Each layer takes the size that the one before leaves.":
        lambda n, c: counted(n, c[:1], places),
    "every layer of yours starts from the first size. Each takes the size that the one before leaves.":
        lambda n, c: counted(n, c[-1:], places),
    "you went through the layers from the last to the first.": lambda n, c: counted(n, c[::-1], places),
    "a line that is too short for a kernel gives 0, and no layer after it can mend that.":
        lambda n, c: counted(n, c, places, short=None),
    "a line that became too short gives 0 in the end, not a negative number, and stays at 0.":
        lambda n, c: max(0, counted(n, c, places, short=None)),
    "you go on with a line of 0 entries: padding must not revive it. Return 0 at once.":
        lambda n, c: counted(n, c, lambda *a: max(0, places(*a)), short=None),
}  # fmt: skip


@exercise(
    "Your sizes are right, layer after layer, down to the line that gets too short.",
    "How far does a kernel reach? And where is the last place it can start from?",
    "(size + 2·padding − dilation·(kernel − 1) − 1)//stride + 1, and its result is the next layer's size.",
    "Before each layer: if size + 2·padding is less than dilation·(kernel − 1) + 1, the answer is 0, at once.",
)
def check_output_size(student: Any) -> None:
    """student(size, chain) -> the length that leaves the last of the layers (kernel, stride, padding, dilation)."""
    found = [number(ask(student, size=size, chain=chain), "the size") for size, chain in CHAINS]
    truth = [counted(size, chain, places) for size, chain in CHAINS]
    for (size, chain), one, right in zip(CHAINS, found, truth, strict=True):
        if one != right:
            causes = (why for why, rule in SIZE_MISTAKES.items() if found == [rule(*case) for case in CHAINS])
            cause = next(causes, "go through it layer by layer, with a pencil.")
            raise Wrong(f"For size = {size} and chain = {chain} you returned {one:g}, and {right} comes out: {cause}")
