"""Writes what a benchmark measured, and on what: results without their machine mean nothing."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.marks import Mark

RESULTS: Final = Path(__file__).with_name("results")
ROOT: Final = Path(__file__).resolve().parents[1]
CPU_FACTS: Final = Path("/proc/cpuinfo")


def write_result(
    name: str,
    figures: Mapping[str, object],
    *,
    packages: Sequence[str] = (),
    marks: Sequence[Mark] = (),
    load_before: float | None = None,
    out: Path | None = None,
) -> Path:
    """`results/<name>.json` unless told otherwise, in place of what an earlier run wrote."""
    path = out or RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "benchmark": name,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit_of(ROOT),
        "machine": _machine(load_before),
        "versions": {package: version(package) for package in packages},
        "figures": figures,
        "marks": [{"figure": mark.figure, "mark": str(mark), "met": mark.is_met(figures)} for mark in marks],
    }
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _machine(load_before: float | None) -> dict[str, object]:
    """What matters for speed; not whose it is."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3),
        "load_before": round(os.getloadavg()[0], 1) if load_before is None else load_before,
        "system": _system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
    }


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform(terse=True)


def _cpu_model() -> str:
    if not CPU_FACTS.exists():
        return platform.processor()
    lines = CPU_FACTS.read_text().splitlines()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def commit_of(tree: Path) -> str:
    """The short name, marked when the tree has changes that are not in it; results of other runs are none."""
    try:
        name = _git(tree, "rev-parse", "--short=12", "HEAD")
        changed = _git(tree, "status", "--porcelain", "--untracked-files=no", ".", ":!benchmarks/results")
    except FileNotFoundError:
        return "unknown"
    return (f"{name}-dirty" if changed else name) or "unknown"


def _git(tree: Path, *arguments: str) -> str:
    """What it says; nothing where it fails."""
    return subprocess.run(
        ["git", *arguments], cwd=tree, capture_output=True, text=True, check=False
    ).stdout.strip()
