"""What every kernel of the book is started with, so that the printed numbers depend on the chapter alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

# A sum over threads adds in another order on another number of cores. One thread is the number every machine has, and
# two chapters at a time still fill two cores.
_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

# A reader's own choice of images is not what the book prints.
_UNSET = ("COMPANION_IMAGES", "COMPANION_DATA")


@contextmanager
def environment() -> Iterator[None]:
    """Kernels inherit the environment of the process that starts them: set it while they start."""
    before = dict(os.environ)
    os.environ.update(_THREADS)
    for name in _UNSET:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
