"""What must survive a crash: written aside, then renamed, so that a whole file is there at every moment."""

import errno
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from companion.train.differences import difference, has_nan
from companion.train.runtime import Runtime, check_told


class Checkpoint:
    """Checkpoint(path, net=net, update=update, ema=ema): the state of all of these in one file.

    `save` keeps the file before as `path` + ".previous"; `load` falls back on it, with a warning, when the newest is
    torn. Only tensors and plain values are read (`weights_only=True`): no program in the file is run. Still take files
    only from whom you trust. With several processes the first reads and writes, and sends what it read to the others.
    """

    def __init__(self, path: str | os.PathLike, *, run: Runtime | None = None, **objects: Any) -> None:
        if not objects:
            raise ValueError("nothing to keep: name what must survive, as in Checkpoint(path, net=net, update=update).")
        for name, thing in objects.items():
            if not hasattr(thing, "state_dict") or not hasattr(thing, "load_state_dict"):
                raise TypeError(f"{name} is a {type(thing).__name__}, which has no state_dict and load_state_dict.")
        check_told(run, "Checkpoint(path, run=run, …)")
        self.path, self.objects, self.run, self.torn = Path(path), objects, run, False
        self.previous, self.aside = (self.path.with_name(self.path.name + end) for end in (".previous", ".tmp"))

    def save(self, step: int) -> None:
        """Write all states and the number of steps done.

        OSError if that fails, FloatingPointError if a state holds NaN: both leave the last file whole, and say so.
        """
        if self.run is not None and not self.run.first:
            return
        states = {name: thing.state_dict() for name, thing in self.objects.items()}
        if nan := has_nan(states):
            raise FloatingPointError(f"{self.path} was not written at step {step}: {nan} holds NaN; {self._kept()}.")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _write(self.aside, {"step": step, "states": states})
            if self.path.exists() and not self.torn:  # a torn file must not take the place of a whole one
                os.replace(self.path, self.previous)
            os.replace(self.aside, self.path)
            self.torn = False
            _sync(self.path.parent)
        except (OSError, RuntimeError) as error:  # torch's zip writer turns a full disk into a RuntimeError
            _remove(self.aside)
            said = f"{self.path} could not be written at step {step} ({_reason(error)}); {self._kept()}."
            raise OSError(said) from error

    def load(self) -> int:
        """Put everything back and return the number of steps done; 0, with nothing changed, if there is no file.

        Raises ValueError if the file is of another architecture or holds other names, naming the first difference.
        """
        found = self._agreed()
        if found is None:
            return 0
        for name, thing in self.objects.items():
            if name not in found["states"]:
                held = ", ".join(sorted(found["states"]))
                raise ValueError(f"{self.path} holds {held}, and no {name}; give the names it was written with.")
            if other := difference(thing.state_dict(), found["states"][name]):
                raise ValueError(
                    f"{self.path} is of another architecture: {name}.{other}. "
                    "Build what the file was written with, or give another path."
                )
        for name, thing in self.objects.items():
            thing.load_state_dict(found["states"][name])
        return int(found["step"])

    def _agreed(self) -> dict | None:
        """What the first process reads, on every process; its error too, so that none waits for the others."""
        box: list[Any] = [None]
        if self.run is None or self.run.first:
            try:
                box = [self._read()]
            except (OSError, ValueError) as error:
                box = [error]
        if self.run is not None and self.run.world > 1:
            dist.broadcast_object_list(box, src=0)
        if isinstance(box[0], Exception):
            raise box[0]
        return box[0]

    def _read(self) -> dict | None:
        """The newest whole file. Unreadable ones are an error, not a fresh start."""
        torn: list[str] = []
        for path in (self.path, self.previous):
            try:
                found = _load(path)
            except FileNotFoundError:
                continue
            except Exception as error:  # a torn pickle raises nearly anything, from EOFError to IndexError
                if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno != errno.EINVAL):
                    raise  # nothing is known of the file then; EINVAL is what torch says of half a zip
                torn.append(f"{path} ({_reason(error)})")
                continue
            self.torn = bool(torn)
            if torn:
                warnings.warn(f"torn: {torn[0]}; going on from {path}, step {found['step']}.", stacklevel=4)
            return found
        if torn:
            raise ValueError(f"torn or foreign: {'; '.join(torn)}. Delete it to begin anew, or give another path.")
        return None

    def _kept(self) -> str:
        whole = next((path for path in (self.path, self.previous) if _is_whole(path)), None)
        return f"the last checkpoint, {whole}, is whole" if whole else "there is no earlier one"


def _write(path: Path, state: dict) -> None:
    with path.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())  # on disk before the rename makes it the newest


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # the error that brought us here is the one to tell


def _sync(folder: Path) -> None:
    """After a power cut the new names must be there too."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reason(error: BaseException) -> str:
    if isinstance(error, pickle.UnpicklingError):
        return "it holds more than tensors and plain values, or is no file of torch"
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _is_whole(path: Path) -> bool:
    try:
        return bool(_load(path))
    except Exception:  # as in _read
        return False


def _load(path: Path) -> dict:
    found = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(found, dict) or set(found) != {"step", "states"}:
        raise KeyError("it is no checkpoint of companion.train")
    return found
