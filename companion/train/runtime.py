"""Where a program runs: on which device, in which precision, as which of how many processes."""

import contextlib
import ctypes
import os
import sys
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Runtime:
    """One of `world` processes that train together, number `rank`; `dtype` is what autocast multiplies in."""

    device: torch.device
    dtype: torch.dtype
    rank: int
    world: int
    seed: int

    @property
    def first(self) -> bool:
        """Is this the process that prints and writes?"""
        return self.rank == 0

    def autocast(self) -> torch.autocast:
        """Products inside are made in `dtype`, losses of torch's `F` in float32; nothing happens where it is float32.

        What else comes out of a product stays in `dtype`: cast it, as in net(x).float(), before a sum of your own.
        """
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.dtype is torch.bfloat16)

    def reseed(self, step: int) -> int:
        """Make torch's random numbers from here on a function of (seed, rank, step) alone; returns the number used.

        `fit` calls it before each step: a resumed run draws what the uninterrupted one would have drawn, and no state
        of a generator has to be saved.
        """
        seed = int(np.random.SeedSequence((self.seed, self.rank, step)).generate_state(1, np.uint64)[0] >> np.uint64(1))
        torch.default_generator.manual_seed(seed)  # torch.manual_seed asks every kind of device there is: 100 × slower
        if self.device.type in ("cuda", "mps"):
            getattr(torch, self.device.type).manual_seed(seed)
        return seed

    def mean(self, x: torch.Tensor) -> torch.Tensor:
        """The average of x over all processes, on each of them."""
        if self.world == 1:
            return x
        total = x.detach().to(self.device, copy=True)  # GPUs send only what lies on them
        dist.all_reduce(total)
        return (total / self.world).to(x.device)

    def close(self) -> None:
        """Leave the group of processes; harmless where there is none."""
        if dist.is_initialized():
            dist.destroy_process_group()

    def __enter__(self) -> "Runtime":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def launch(device: str | None = None, *, precision: str | None = None, seed: int = 0) -> Runtime:
    """The runtime of this process: alone, or as torchrun's environment says.

    `device` is "cpu", "cuda", "cuda:1", "mps" or None for the best there is. `precision` is "float32", "bfloat16" or
    None: bfloat16 where the GPU multiplies it natively, else float32. ValueError for a device that is not there. On a
    processor under Linux the C library is told to keep freed memory, for the whole program.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed is {seed!r}; a whole number ≥ 0 and < 2³² is needed.")
    if precision not in (None, *PRECISIONS):
        raise ValueError(f"precision is {precision!r}; allowed are {', '.join(PRECISIONS)} and None for the best.")
    rank, world, local = (
        int(os.environ.get(name, d)) for name, d in (("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0))
    )
    place = _device(device, local, world)
    if place.type == "cuda":
        torch.cuda.set_device(place)
    if place.type == "cpu":
        _keep_memory()
    if world > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
    dtype = PRECISIONS[precision] if precision else _best_dtype(place)
    return Runtime(place, dtype, rank, world, seed)


def check_told(run: Runtime | None, call: str) -> None:
    """Several processes that know nothing of each other would train apart: ValueError."""
    if run is None and dist.is_initialized() and dist.get_world_size() > 1:
        raise ValueError(f"there are {dist.get_world_size()} processes and no run; call {call} with train.launch()'s.")


def _device(name: str | None, local: int, world: int) -> torch.device:
    have = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    name = name or next(kind for kind, there in have.items() if there and not (kind == "mps" and world > 1))
    kind, colon, number = name.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if not have.get(kind) or (colon and not (number.isdecimal() and int(number) < count)):
        there = ", ".join(k for k, is_there in have.items() if is_there)
        raise ValueError(f"device is {name!r}, which this machine does not have; it has {there}.")
    if kind == "mps" and world > 1:
        raise ValueError(f"device is 'mps' with {world} processes; torch joins processes on cuda and cpu only.")
    if kind == "cuda" and world > 1 and (number or local >= count):
        raise ValueError(
            f"device is {name!r} for process {local} of this machine, which has {count} GPUs; ask for 'cuda', and for "
            "no more processes than GPUs."
        )
    return torch.device(kind, local) if kind == "cuda" and not number else torch.device(name)


def _best_dtype(device: torch.device) -> torch.dtype:
    native = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.bfloat16 if native else torch.float32


def _keep_memory() -> None:
    """Let the C library keep freed blocks: each step frees and asks for the same large ones.

    A page given back to the system must be cleared before it comes again. No digit changes.
    """
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # the names and numbers of glibc's malloc.h
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # musl has no mallopt
            mallopt = ctypes.CDLL(None).mallopt
            for option, value in ((mmap_threshold, 2**30), (trim_threshold, 2**31 - 1), (top_pad, 2**26)):
                mallopt(option, value)
