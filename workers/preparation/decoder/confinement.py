"""What the decoder process takes from itself before it looks at a recording."""

from __future__ import annotations

import contextlib
import resource
from typing import Final

from workers.preparation.decoder import landlock
from workers.preparation.decoder.walls import Wall

STDERR_BYTES: Final = 64 * 2**10
"""The only file it may write: its own complaints, for our log."""
OPEN_FILES: Final = 4
"""stdin, stdout, stderr and libav's copy of stdin: nothing else can be opened, connected or listened to."""


def confine(
    *, cpu_seconds: int, memory_bytes: int
) -> frozenset[Wall]:  # pragma: no cover - there is no way back
    """Give up core dumps, children, files, sockets, time and memory beyond the limits.

    There is no way back. Returns what stands beside the limits, which stand everywhere.
    """
    walls = frozenset({Wall.LANDLOCK}) if landlock.forbid_everything() else frozenset()
    bound(resource.RLIMIT_CORE, 0)
    bound(resource.RLIMIT_CPU, cpu_seconds)
    bound(resource.RLIMIT_FSIZE, STDERR_BYTES)
    # macOS knows no bound on address space and refuses this one.
    with contextlib.suppress(ValueError, OSError):
        bound(resource.RLIMIT_AS, memory_bytes)
    # Root's processes are not counted; a nursery that can has become nobody.
    bound(resource.RLIMIT_NPROC, 0)
    bound(resource.RLIMIT_NOFILE, OPEN_FILES)
    return walls


def bound(kind: int, amount: int) -> None:  # pragma: no cover - as above
    """Soft and hard limit, never above what the machine already allows."""
    _, hard = resource.getrlimit(kind)
    allowed = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    resource.setrlimit(kind, (allowed, allowed))
