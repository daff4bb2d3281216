"""The processes of a nursery: itself, and the decoders that it forked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import psutil

PROGRAM: Final = "workers.preparation"
PATIENCE_S: Final = 10.0


def nurseries() -> list[psutil.Process]:
    """Of this process; other tests have their servers running."""
    return [each for each in psutil.Process().children() if PROGRAM in _command(each)]


def decoders() -> list[psutil.Process]:
    """Of all those; dead ones too, until they are reaped."""
    return [each for nursery in nurseries() for each in nursery.children()]


def is_over(process: psutil.Process | int) -> bool:
    """Ended, or about to: it was sent SIGKILL. Whoever inherited it may not have taken notice yet."""
    return all_over([process])


def all_over(processes: Sequence[psutil.Process | int]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not all(map(_has_ended, processes)):
        if time.monotonic() > deadline:
            return False
    return True


def _has_ended(process: psutil.Process | int) -> bool:
    try:
        known = psutil.Process(process) if isinstance(process, int) else process
        return known.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _command(process: psutil.Process) -> str:
    """Empty for one that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
