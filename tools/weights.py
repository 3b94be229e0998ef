"""Ship what a recipe trained: python -m tools.weights RUN_FOLDER NAME [--key net] [--data WORDS]

Takes one network out of the run's last checkpoint (an EMA gives its averaged network), rounds it to float16, and writes
companion/weights/NAME.safetensors with its record NAME.json: the recipe's options, result, minutes and machine.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from benchmarks import contest
from companion.data.cache import write_atomically
from companion.data.weights import FOLDER

LIMIT = 1_500_000  # bytes; readers download all of them with the package

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # batch norm's: counted along, not learned


def network(folder: Path, key: str) -> dict[str, torch.Tensor]:
    """The state named `key` in the run's last checkpoint."""
    states = torch.load(folder / "last.pt", map_location="cpu", weights_only=True)["states"]
    if key not in states:
        raise SystemExit(f"{folder / 'last.pt'} holds {', '.join(states)}, and no {key}: give one of these as --key.")
    return states[key].get("net", states[key]) if isinstance(states[key].get("net"), dict) else states[key]


def packed(state: dict[str, torch.Tensor]) -> bytes:
    """Half the bytes: floating numbers as float16. Raises SystemExit if that loses one to infinity, or is too large."""
    half = {k: (v.half() if v.is_floating_point() else v).contiguous().clone() for k, v in state.items()}
    if lost := [k for k, v in half.items() if v.is_floating_point() and not bool(v.isfinite().all())]:
        raise SystemExit(f"{', '.join(lost)} holds numbers that float16 cannot: beyond 65,504, or NaN.")
    content = save(half)
    if len(content) > LIMIT:
        raise SystemExit(f"{len(content):,} bytes, and {LIMIT:,} are the limit: ship a narrower network.")
    return content


def ship(name: str, state: dict[str, torch.Tensor], record: dict[str, Any]) -> None:
    """Write both files, the checksum of the first into the second."""
    content = packed(state)
    record = record | {"sha256": hashlib.sha256(content).hexdigest()}
    write_atomically(FOLDER / f"{name}.safetensors", content)
    write_atomically(FOLDER / f"{name}.json", (json.dumps(record, indent=1) + "\n").encode())
    print(f"{name}: {len(content):,} bytes")


def record(folder: Path, recipe: str, data: str, state: dict[str, torch.Tensor]) -> dict[str, Any]:
    """What a reader needs to know about the numbers, and to make them again."""
    options = json.loads((folder / "options.json").read_text(encoding="utf8"))
    last = contest.last_line(folder)
    return {
        "command": f"python -m companion.recipes.{recipe} " + " ".join(_given(options)) + " --out RUN",
        "options": options,
        "data": data,
        "seed": options["seed"],
        "steps": last["step"],
        "minutes": round(last["seconds"] / 60, 1),
        "metrics": json.loads((folder / "result.json").read_text(encoding="utf8")),
        "parameters": sum(v.numel() for name, v in state.items() if not name.endswith(STATISTICS)),
        "machine": contest.machine(torch.get_num_threads()),
    }


def _given(options: dict[str, Any]) -> list[str]:
    """Options as words of a command, without those that change nothing in the weights."""
    words = []
    for name, value in options.items():
        if value is None or value is False or name in ("device", "report", "save", "compile"):
            continue
        words += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
    return words


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, help="the --out of a finished run")
    options.add_argument("name", help="such as dcgan-mnist: the recipe, a hyphen, the data")
    options.add_argument("--key", default="net", help="which state of the checkpoint (default net; ema for an average)")
    options.add_argument("--data", default="MNIST's 60,000 training images", help="what it was trained on, in words")
    given = options.parse_args(arguments)
    state = network(given.folder, given.key)
    ship(given.name, state, record(given.folder, given.name.split("-")[0].rstrip("0123456789"), given.data, state))


if __name__ == "__main__":
    main()
