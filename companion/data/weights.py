"""What the recipes trained on real MNIST, shipped in companion/weights: float16 numbers, and how they came about.

<name>.safetensors holds the state of a network, without pickle; <name>.json its record: the command that made it, its
seed, data, minutes, versions, metrics and the file's sha256. `python -m tools.weights` writes both from a run's folder.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "weights"


def weight_names() -> list[str]:
    """The names that `weights` knows."""
    return sorted(path.stem for path in FOLDER.glob("*.safetensors"))


def weights(name: str) -> dict[str, Any]:
    """The state of that network, for its `load_state_dict`: torch tensors on the CPU, floating ones in float32.

    Raises ValueError for a name that is not there, and for a file that is not the one its record was written for.
    """
    from safetensors.torch import load

    content = _read(name, "safetensors")
    if hashlib.sha256(content).hexdigest() != record(name)["sha256"]:
        raise ValueError(f"{FOLDER / name}.safetensors is not the file of its record; install companion again.")
    return {key: value.float() if value.is_floating_point() else value for key, value in load(content).items()}


def record(name: str) -> dict[str, Any]:
    """How those weights were made, and what they were measured to do. Raises ValueError for an unknown name."""
    return json.loads(_read(name, "json"))


def _read(name: str, kind: str) -> bytes:
    if name not in weight_names():
        raise ValueError(f"there are no weights named {name!r}; there are {', '.join(weight_names())}.")
    return (FOLDER / f"{name}.{kind}").read_bytes()
