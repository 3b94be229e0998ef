"""Repeat the reader's step. The body of the reader's `for` is the callback, and leaving it is the way to stop."""

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import torch
from tqdm.auto import tqdm

from companion.train.runtime import Runtime

CHECK_EVERY = 50  # steps between two looks at the losses: each look waits for the device


@dataclass
class State:
    """What `fit` hands to the body of the loop after each step; always the same object."""

    step: int = 0  # steps done, over all runs
    images: int = 0  # images seen since the start of this run, over all processes
    seconds: float = 0.0  # spent in steps and batches, not in the body
    _kept: dict[str, list[torch.Tensor]] = field(default_factory=lambda: defaultdict(list), repr=False)

    @property
    def rate(self) -> float:
        """Images per second so far."""
        return self.images / self.seconds if self.seconds else 0.0

    @property
    def losses(self) -> dict[str, list[float]]:
        """All losses of this run by name, in order. Reading them waits for the device."""
        return {name: torch.stack(values).float().tolist() for name, values in self._kept.items()}

    def mean(self, last: int) -> dict[str, float]:
        """The mean of each loss over the `last` steps."""
        return {name: float(torch.stack(values[-last:]).float().mean()) for name, values in self._kept.items()}


def fit(
    step: Callable, batches: Iterable, *, run: Runtime, steps: int, start: int = 0, bar: bool = True
) -> Iterator[State]:
    """Call step(*batch) until `steps` steps are done, the first `start` of them in an earlier run; yield after each.

    `step` returns its losses: scalars by name, or one scalar. `batches` is a `data.batches` stream, which begins at
    step `start` at once, or any iterable of batches, repeated as often as needed; then the steps already done are
    skipped. Before each step `run.reseed(number)` fixes torch's random numbers. A progress bar: on terminals only.

    Raises FloatingPointError when a loss becomes NaN or infinite, with the step and its seed.
    """
    _check(steps, start, step)
    state = State(step=start)
    stream = batches.stream(start) if hasattr(batches, "stream") else _repeat(batches, start)
    for number in tqdm(range(start, steps), initial=start, total=steps, disable=None if bar and run.first else True):
        begun = time.perf_counter()
        run.reseed(number)
        batch = next(stream)
        losses = step(*batch)
        for name, loss in losses.items() if isinstance(losses, dict) else [("loss", losses)]:
            state._kept[name].append(loss.detach())
        state.step, state.images = number + 1, state.images + len(batch[0]) * run.world
        if state.step % CHECK_EVERY == 0 or state.step == steps:
            _check_finite(state, run)
        state.seconds += time.perf_counter() - begun
        yield state


def _repeat(batches: Iterable, start: int) -> Iterator:
    """Epoch after epoch, from batch `start` on."""

    def forever() -> Iterator:
        while True:
            empty = True
            for batch in batches:
                empty = False
                yield batch
            if empty:
                raise ValueError("batches is empty, or an iterator that is used up: give a list or a DataLoader.")

    return itertools.islice(forever(), start, None)


def _check(steps: int, start: int, step: Callable) -> None:
    if not callable(step):
        raise TypeError(f"step is a {type(step).__name__}; a function of one batch that returns its losses is needed.")
    if start < 0:
        raise ValueError(f"start is {start}; the number of steps already done, ≥ 0, is needed.")


def _check_finite(state: State, run: Runtime) -> None:
    for name, values in state._kept.items():
        recent = torch.stack(values[-CHECK_EVERY:])
        if not bool(torch.isfinite(recent).all()):
            number = state.step - len(recent) + int(torch.isfinite(recent).logical_not().nonzero()[0])
            raise FloatingPointError(
                f"{name} is {float(recent[number - state.step])} at step {number} on process {run.rank}. That step "
                f"draws from run.reseed({number}), seed {run.seed}: begin there, with a smaller lr or max_norm."
            )
