"""Batches of pictures: kept as bytes on the device, chosen and scaled there; or read from a folder as they are needed.

    for x, y in itertools.islice(Batches(data.images(), 100).stream(), 600): ...

The order is a function of (seed, epoch) alone, so a stream can begin at any step at once, and processes share it
without a word: of each step's world·size positions every process takes its own `size`. Batches run across the ends of
epochs, so that all have the same size and each picture is used exactly once an epoch, by exactly one process.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Sampler

Batch = tuple[torch.Tensor, torch.Tensor]


def order(n: int, seed: int, epoch: int) -> torch.Tensor:
    """The permutation of 0..n−1 of that epoch."""
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    return torch.randperm(n, generator=generator)


class Share:
    """Which pictures a process takes at each step: from position (step·world + rank)·size in the row of all epochs."""

    def __init__(self, n: int, size: int, *, seed: int = 0, rank: int = 0, world: int = 1) -> None:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"size is {size!r}; a whole number ≥ 1 is needed: pictures per process and step.")
        if n < 1:
            raise ValueError("there are no pictures; at least one is needed.")
        self.n, self.size, self.seed, self.rank, self.world = n, size, seed, rank, world

    def steps(self, start: int) -> Iterator[torch.Tensor]:
        """The numbers of the pictures of step `start`, of the next, and so on without end."""
        epoch, permutation = -1, torch.empty(0)
        for step in range(start, 2**62):
            parts, position, missing = [], (step * self.world + self.rank) * self.size, self.size
            while missing:
                if position // self.n != epoch:
                    epoch, permutation = position // self.n, order(self.n, self.seed, position // self.n)
                part = permutation[position % self.n :][:missing]
                parts.append(part)
                position, missing = position + len(part), missing - len(part)
            yield parts[0] if len(parts) == 1 else torch.cat(parts)


class Batches:
    """x in [0, 1] (or [−1, 1] if `signed`), (size, c, h, w) float32, and y, (size,) int64, both on the device.

    `augment` is a function of such x that keeps its shape; what it draws from torch's generator is fixed by `fit`.
    """

    def __init__(
        self,
        images: Any,
        size: int,
        *,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        device: Any = "cpu",
        signed: bool = False,
        augment: Callable | None = None,
    ) -> None:
        x, y = torch.as_tensor(images.x), torch.as_tensor(images.y)
        if x.dtype != torch.uint8 or x.ndim != 4 or len(x) != len(y):
            raise ValueError(
                f"x is {x.dtype} of shape {tuple(x.shape)} with {len(y)} labels; uint8 (n, c, h, w) and a label each, "
                "as data.images returns them, are needed."
            )
        self.share = Share(len(x), size, seed=seed, rank=rank, world=world)
        self.x, self.y, self.signed, self.augment = x.to(device), y.to(device), signed, augment

    def stream(self, start: int = 0) -> Iterator[Batch]:
        """Batches without end, from step `start` on."""
        for chosen in self.share.steps(start):
            chosen = chosen.to(self.x.device, non_blocking=True)
            x = scaled(self.x.index_select(0, chosen), self.signed)  # ten times as fast as self.x[chosen]
            yield (self.augment(x) if self.augment else x), self.y.index_select(0, chosen)

    def once(self) -> Iterator[Batch]:
        """Every picture once, in order, as it is: for measuring. The last batch may be smaller."""
        for x, y in zip(self.x.split(self.share.size), self.y.split(self.share.size), strict=True):
            yield scaled(x, self.signed), y


def scaled(x: torch.Tensor, signed: bool = False) -> torch.Tensor:
    """Bytes as float32 in [0, 1], or in [−1, 1] if `signed`."""
    x = x.to(torch.float32).mul_((2 if signed else 1) / 255)
    return x.sub_(1) if signed else x


class FolderBatches:
    """The same from a folder of pictures that is too large for memory: `path`/<class>/<picture>, read by torchvision.

    Pictures become squares of `pixels` in `channels` channels. `workers` processes read ahead. Order, shares as above.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        size: int,
        *,
        pixels: int,
        channels: int = 3,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        device: Any = "cpu",
        signed: bool = False,
        augment: Callable | None = None,
        workers: int = 2,
    ) -> None:
        self.files = _squares(path, pixels, channels)
        self.share = Share(len(self.files), size, seed=seed, rank=rank, world=world)
        self.device, self.signed, self.augment, self.workers = torch.device(device), signed, augment, workers

    def stream(self, start: int = 0) -> Iterator[Batch]:
        """Batches without end, from step `start` on."""
        for x, y in self._read(_Lists(self.share.steps(start))):
            x = scaled(x, self.signed)
            yield (self.augment(x) if self.augment else x), y

    def once(self) -> Iterator[Batch]:
        """Every picture once, in order, as it is: for measuring. The last batch may be smaller."""
        for x, y in self._read(_Lists(torch.arange(len(self.files)).split(self.share.size))):
            yield scaled(x, self.signed), y

    def _read(self, numbers: Sampler) -> Iterator[Batch]:
        pin = self.device.type == "cuda"
        reader = DataLoader(
            self.files,
            batch_sampler=numbers,
            num_workers=self.workers,
            pin_memory=pin,
            generator=torch.Generator(),  # else the workers' seeds would be drawn from the reader's random numbers
        )
        for x, y in reader:
            yield x.to(self.device, non_blocking=pin), y.to(self.device, non_blocking=pin)


class _Lists(Sampler):
    def __init__(self, tensors: Any) -> None:
        self.tensors = tensors

    def __iter__(self) -> Iterator[list[int]]:
        return (numbers.tolist() for numbers in self.tensors)


def _squares(path: str | os.PathLike, pixels: int, channels: int) -> Any:
    from torchvision import datasets
    from torchvision.transforms import v2

    mode = {1: "GRAY", 3: "RGB"}.get(channels)
    if mode is None:
        raise ValueError(f"channels is {channels!r}; allowed are 1 (grey) and 3 (colour).")
    shrink = v2.Compose(
        [
            v2.PILToTensor(),
            getattr(v2, "RGB" if mode == "RGB" else "Grayscale")(),
            v2.Resize(pixels),
            v2.CenterCrop(pixels),
        ]
    )
    try:
        return datasets.ImageFolder(os.fspath(path), transform=shrink)
    except FileNotFoundError as error:
        raise ValueError(f"{path} holds no pictures as <class>/<picture> ({error}); give a folder that does.") from None
