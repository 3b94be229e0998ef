"""What may be asked of a set of pictures: a split and a count."""

SPLITS = ("train", "test")


def check_split(split: str) -> None:
    """Raises ValueError unless `split` is "train" or "test"."""
    if split not in SPLITS:
        raise ValueError(f'split is {split!r}; ask for "train" or "test".')


def check_count(n: int | None, *, what: str = "n") -> None:
    """Raises ValueError unless `n` is None or 1 or more; `what` is the caller's name for it."""
    if n is not None and n < 1:
        raise ValueError(f"{what} is {n}; it must be 1 or more.")
