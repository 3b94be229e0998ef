"""One contest: the same work, interleaved, at the same number of threads; medians, and ratios to a named peer."""

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("companion", "numpy", "scipy", "scikit-learn", "torch")


def race(entries: Mapping[str, Callable[[], Any]], *, repeats: int = 5) -> dict[str, list[float]]:
    """Seconds of each entry in each of `repeats` rounds; a round runs all of them once, after one round unmeasured."""
    seconds: dict[str, list[float]] = {name: [] for name in entries}
    for turn in range(repeats + 1):
        for name, run in entries.items():
            start = time.perf_counter()
            run()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def table(
    seconds: Mapping[str, list[float]], quality: Mapping[str, float], peer: str, measure: str = "error_over_best"
) -> list[dict[str, Any]]:
    """One row an entry: median, spread, share of the peer's time, and how good its answer was by that measure."""
    reference = statistics.median(seconds[peer])
    return [
        {
            "entry": name,
            "median_s": round(statistics.median(runs), 4),
            "min_s": round(min(runs), 4),
            "max_s": round(max(runs), 4),
            f"share_of {peer}": round(statistics.median(runs) / reference, 3),
            measure: round(quality[name], 6),
        }
        for name, runs in seconds.items()
    ]


def machine(threads: int) -> dict[str, Any]:
    """What a reader needs to judge the figures by."""
    model = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "processor": model[0] if model else platform.processor(),
        "system": platform.system(),
        "threads": threads,
        "date": time.strftime("%Y-%m-%d"),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def so_far(name: str) -> dict[str, list[dict[str, Any]]]:
    """The contests that results/<name>.json holds; none where there is no such file yet."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf8"))["contests"] if path.exists() else {}


def last_line(folder: Path) -> dict[str, Any]:
    """The end of a recipe's log: its last step, images a second, and the seconds since the run began."""
    return json.loads((folder / "log.jsonl").read_text(encoding="utf8").splitlines()[-1])


def write(name: str, record: dict[str, Any]) -> None:
    """results/<name>.json, and the same as a table on the screen."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    for title, rows in record["contests"].items():
        print(f"\n{title}")
        print("  ".join(f"{key:>24}" for key in rows[0]))
        for row in rows:
            print("  ".join(f"{value:>24}" for value in row.values()))
