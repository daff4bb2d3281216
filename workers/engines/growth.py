"""How far a download is, seen from the outside: by what lies on disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

Progress = Callable[[str, int, int], None]
"""Told the step, the bytes done and the bytes in all (0 if unknown); may be called from a thread."""

EVERY: Final = 0.25
"""Seconds between two looks."""


def no_progress(step: str, done: int, total: int) -> None:
    """For callers that do not watch."""


@contextmanager
def watched(directory: Path, step: str, total: int, on_progress: Progress) -> Iterator[None]:
    """Report how `directory` grows while the block runs. pip and the hub each have bars of their own,
    of different shapes; both write files as they go."""
    done = threading.Event()
    look = partial(_look, directory, step, total, on_progress)
    watcher = threading.Thread(target=_keep_looking, args=(look, done), name="growth", daemon=True)
    on_progress(step, 0, total)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    on_progress(step, total, total)


def _keep_looking(look: Callable[[], None], done: threading.Event) -> None:
    while not done.wait(EVERY):
        look()


def _look(directory: Path, step: str, total: int, on_progress: Progress) -> None:
    on_progress(step, min(size_of(directory), total), total)


def size_of(directory: Path) -> int:
    """Bytes of all files below; those that vanish meanwhile count nothing."""
    size = 0
    for path in directory.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return size
