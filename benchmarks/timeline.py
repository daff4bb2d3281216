"""When a device worked and what it waited for, noted step by step where its engine runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.spread import percentile


class Timeline:
    """Seconds of the monotonic clock, which all processes of a machine share."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._steps: list[tuple[float, float, float, float]] = []

    def note(self, *, start: float, end: float, late: float, heard_s: float) -> None:
        """`late` is how long the device had nothing although work was there; `heard_s` ended in the step."""
        self._steps.append((start, end, late, heard_s))

    def save(self) -> None:
        with self._path.open("wb") as file:
            np.save(file, np.array(self._steps, np.float64).reshape(-1, 4))


def figures_of(path: Path, *, begin: float, end: float) -> dict[str, float]:
    """What happened in between."""
    steps = np.load(path)
    starts, ends, late, heard = steps[(steps[:, 0] >= begin) & (steps[:, 1] <= end)].T
    late_ms: Sequence[float] = (late * 1000).tolist()
    return {
        "busy_share": round(float((ends - starts).sum()) / (end - begin), 4),
        "rtfx": round(float(heard.sum()) / (end - begin)),
        "late_p50_ms": round(percentile(late_ms, 50), 3),
        "late_p99_ms": round(percentile(late_ms, 99), 3),
        "late_max_ms": round(max(late_ms), 1),
    }
