"""How much memory and processor time a program takes with all that it starts."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil

SAMPLE_EVERY_S: Final = 0.25
MIB: Final = 1024**2


class TreeMemory:
    """Watches a process and its descendants while the context is open.

    On Linux shared pages are counted once, in parts (PSS); elsewhere in every process that has them.
    """

    def __init__(self, pid: int) -> None:
        self.peak_mib = 0.0
        self._root = psutil.Process(pid)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(SAMPLE_EVERY_S):
            self.peak_mib = max(self.peak_mib, sum(map(memory_of, tree(self._root))) / MIB)


def tree(root: psutil.Process) -> list[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def memory_of(process: psutil.Process) -> int:
    """Bytes; none of a process that has just ended."""
    try:
        memory = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
    return int(getattr(memory, "pss", memory.rss))


def cpu_seconds(pid: int) -> float:
    """Of a process and its descendants, those that have ended and were waited for included."""
    try:
        return sum(map(_cpu_seconds_of, tree(psutil.Process(pid))))
    except psutil.NoSuchProcess:
        return 0.0


def _cpu_seconds_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def disk_mib(path: Path) -> float:
    """What is allocated below a directory; a file with several names counts once."""
    files = {}
    for each in path.rglob("*") if path.exists() else ():
        status = each.lstat()
        files[(status.st_dev, status.st_ino)] = status.st_blocks * 512
    return sum(files.values()) / MIB
