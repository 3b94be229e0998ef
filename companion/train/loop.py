"""Repeat the reader's step. The body of the reader's `for` is the callback, and leaving it is the way to stop."""

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from tqdm import tqdm  # tqdm.auto warns in notebooks without ipywidgets

from companion.train.runtime import Runtime

LOOK = 50  # steps between two looks at the losses on a GPU, where each look waits for it; on a CPU they lie there


class State:
    """What `fit` hands to the body of the loop after each step; always the same object."""

    def __init__(self, run: Runtime, step: int) -> None:
        self.run = run
        self.step = step  # steps done, over all runs
        self.images = 0  # seen since the start of this run, over all processes
        self.seconds = 0.0  # spent in steps and batches, not in the body
        self._read: dict[str, list[float]] = {}
        self._unread: dict[str, list[tuple[int, torch.Tensor]]] = {}

    @property
    def rate(self) -> float:
        """Images per second so far."""
        return self.images / self.seconds if self.seconds else 0.0

    @property
    def losses(self) -> dict[str, list[float]]:
        """All losses of this run by name, in order. Reading them waits for the device, and stops at a NaN."""
        unread, self._unread = self._unread, {}
        fresh = {name: torch.stack([loss for _, loss in kept]).tolist() for name, kept in unread.items()}
        for name, values in fresh.items():
            self._read.setdefault(name, []).extend(values)
        for name, values in fresh.items():
            for (number, _), value in zip(unread[name], values, strict=True):
                if not math.isfinite(value):
                    raise FloatingPointError(_no_number(name, value, number, self.run))
        return self._read

    def mean(self, last: int) -> dict[str, float]:
        """The mean of each loss over its `last` values."""
        return {name: sum(values[-last:]) / len(values[-last:]) for name, values in self.losses.items()}

    def keep(self, losses: Any) -> None:
        """Note the losses of the step to come, without waiting for them."""
        for name, loss in (losses if isinstance(losses, dict) else {"loss": losses}).items():
            loss = torch.as_tensor(loss).detach() if isinstance(loss, torch.Tensor | float | int) else None
            if loss is None or loss.numel() != 1:
                raise TypeError(f"step returned {_described(losses)}; one scalar, or scalars by name, are needed.")
            self._unread.setdefault(name, []).append((self.step, loss.reshape(())))


def fit(step: Callable, batches: Any, *, run: Runtime, steps: int, start: int = 0, bar: bool = True) -> Iterator[State]:
    """Call step(*batch) until `steps` steps are done, the first `start` of them in an earlier run; yield after each.

    `step` returns its losses: scalars by name, or one scalar. `batches` is a `data.batches` stream, which begins at
    step `start` at once, or any iterable of batches, repeated as often as needed, whose first `start` are dropped; a
    sampler that has `set_epoch` is told each epoch. Before each step `run.reseed(number)` fixes torch's random numbers.
    A progress bar: on terminals only. Where `start` is `steps` or more nothing is left to do, and nothing is yielded.

    Raises FloatingPointError when a loss becomes NaN or infinite, with the step and its seed.
    """
    _check(step, steps, start)
    state = State(run, start)
    stream = batches.stream(start) if hasattr(batches, "stream") else _repeat(batches, run, start)
    shown = tqdm(range(start, steps), initial=start, total=steps, disable=None if bar and run.first else True)
    for number in shown:
        begun = time.perf_counter()
        run.reseed(number)
        batch = next(stream, None)
        if batch is None:
            raise ValueError(f"the stream of batches ended at step {number} of {steps}; one without end is needed.")
        batch = batch if isinstance(batch, tuple | list) else (batch,)
        state.keep(step(*batch))
        state.step, state.images = number + 1, state.images + _count(batch[0]) * run.world
        if run.device.type == "cpu" or state.step % LOOK == 0 or state.step == steps:
            _ = state.losses
        state.seconds += time.perf_counter() - begun
        shown.set_postfix_str(f"{state.rate:,.0f} images/s", refresh=False)
        yield state


def _repeat(batches: Iterable, run: Runtime, start: int) -> Iterator:
    """Epoch after epoch, from batch `start` on; those before are drawn as the earlier run drew them, and dropped."""
    number, tell = 0, getattr(getattr(batches, "sampler", None), "set_epoch", None)
    for epoch in itertools.count():
        before = number
        if tell:
            tell(epoch)
        run.reseed(number) if number < start else None  # a DataLoader draws the order of an epoch with its first batch
        for batch in batches:
            number += 1
            if number > start:
                yield batch
            else:
                run.reseed(number)
        if number == before:
            raise ValueError("batches is empty, or an iterator that is used up: give a list or a DataLoader.")


def _count(x: Any) -> int:
    """Of a batch's first part, or of the first entry of a dict."""
    return len(next(iter(x.values())) if isinstance(x, dict) else x)


def _check(step: Callable, steps: int, start: int) -> None:
    if not callable(step):
        raise TypeError(f"step is a {type(step).__name__}; a function of one batch that returns its losses is needed.")
    for name, value, least in (("steps", steps, 1), ("start", start, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} is {value!r}; a whole number of steps, ≥ {least}, is needed.")


def _described(losses: Any) -> str:
    if isinstance(losses, dict):
        return "{" + ", ".join(f"{name}: {_described(loss)}" for name, loss in losses.items()) + "}"
    return f"a tensor of shape {tuple(losses.shape)}" if isinstance(losses, torch.Tensor) else f"{losses!r}"


def _no_number(name: str, value: float, number: int, run: Runtime) -> str:
    return (
        f"{name} is {value} at step {number} on process {run.rank}. That step draws from run.reseed({number}) with "
        f"seed {run.seed}: begin there, with a smaller lr or max_norm."
    )
