"""What must survive a crash: written aside, then renamed, so that a whole file is there at every moment."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from companion.train.runtime import Runtime


class Checkpoint:
    """Checkpoint(path, net=net, update=update, ema=ema): the state of all of these in one file.

    `save` keeps the file before as `path` + ".previous"; `load` falls back on it when the newest is torn. Only tensors
    and plain values are read (`weights_only=True`), so a file from elsewhere can do no harm. With several processes the
    first reads and writes, and sends what it read to the others.
    """

    def __init__(self, path: str | os.PathLike, *, run: Runtime | None = None, **objects: Any) -> None:
        if not objects:
            raise ValueError("nothing to keep: name what must survive, as in Checkpoint(path, net=net, update=update).")
        for name, thing in objects.items():
            if not hasattr(thing, "state_dict") or not hasattr(thing, "load_state_dict"):
                raise TypeError(f"{name} is a {type(thing).__name__}, which has no state_dict and load_state_dict.")
        self.path, self.objects, self.run = Path(path), objects, run
        self.previous = self.path.with_name(self.path.name + ".previous")

    def save(self, step: int) -> None:
        """Write all states and the number of steps done. Raises OSError, with the last file whole, if that fails."""
        if self.run is not None and not self.run.first:
            return
        state = {name: thing.state_dict() for name, thing in self.objects.items()}
        aside = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _write(aside, {"step": step, "states": state})
            if self.path.exists():
                os.replace(self.path, self.previous)
            os.replace(aside, self.path)
        except (OSError, RuntimeError) as error:  # torch's zip writer turns a full disk into a RuntimeError
            aside.unlink(missing_ok=True)
            kept = f"the last checkpoint, {self._there()}, is whole" if self._there() else "there is no earlier one"
            raise OSError(f"{self.path} could not be written at step {step} ({error}); {kept}.") from error

    def load(self) -> int:
        """Put everything back and return the number of steps done; 0, with nothing changed, if there is no file.

        Raises ValueError if the file is of another architecture or holds other names, naming the first difference.
        """
        found = self._agreed()
        if found is None:
            return 0
        for name, thing in self.objects.items():
            _check_same(self.path, name, thing.state_dict(), found["states"].get(name), found["states"])
        for name, thing in self.objects.items():
            thing.load_state_dict(found["states"][name])
        return int(found["step"])

    def _agreed(self) -> dict | None:
        """What the first process reads, on every process; its error too, so that none waits for the others."""
        box: list[Any] = [None]
        if self.run is None or self.run.first:
            try:
                box = [self._read()]
            except ValueError as error:
                box = [error]
        if self.run is not None and self.run.world > 1:
            dist.broadcast_object_list(box, src=0)
        if isinstance(box[0], ValueError):
            raise box[0]
        return box[0]

    def _read(self) -> dict | None:
        torn = []
        for path in (self.path, self.previous):
            try:
                return _load(path)
            except FileNotFoundError:
                continue
            except PermissionError:
                raise
            except Exception as error:  # a torn pickle raises nearly anything, from EOFError to IndexError
                torn.append(f"{path} ({str(error).splitlines()[0] if str(error) else type(error).__name__})")
        if torn:
            raise ValueError(f"torn or foreign: {'; '.join(torn)}. Delete it to begin anew, or give another path.")
        return None

    def _there(self) -> Path | None:
        return next((path for path in (self.path, self.previous) if path.exists()), None)


def _write(path: Path, state: dict) -> None:
    with path.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())  # on disk before the rename makes it the newest


def _load(path: Path) -> dict:
    found = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(found, dict) or set(found) != {"step", "states"}:
        raise KeyError("it is no checkpoint of companion.train")
    return found


def _check_same(path: Path, name: str, ours: dict, theirs: dict | None, states: dict) -> None:
    """ValueError unless both states have the same entries of the same shapes."""
    if theirs is None:
        raise ValueError(
            f"{path} holds {', '.join(sorted(states))}, and no {name}; give the names it was written with."
        )
    mine, others = dict(_shapes(ours)), dict(_shapes(theirs))
    for entry in sorted(mine.keys() | others.keys()):
        if entry.startswith("optimizer.state.") or mine.get(entry) == others.get(entry):
            continue  # an optimizer has no state before its first step
        there, here = (f"shape {shapes[entry]}" if entry in shapes else "nothing" for shapes in (others, mine))
        raise ValueError(
            f"{path} is of another architecture: {name}.{entry} has {there} in the file and {here} here. "
            "Build what the file was written with, or give another path."
        )


def _shapes(state: Any, stem: str = "") -> Iterator[tuple[str, tuple[int, ...]]]:
    if isinstance(state, torch.Tensor):
        yield stem, tuple(state.shape)
    elif isinstance(state, dict):
        for key, value in state.items():
            yield from _shapes(value, f"{stem}.{key}" if stem else str(key))
