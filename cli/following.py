"""Watching a job until it ends."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from cli.answers import Job
from core.errors import TransientError

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at a job that goes on; its end is heard of at once."""
PATIENCE: Final = 60
"""Looks in a row that may fail, a second apart: a server may be restarted meanwhile."""


class JobSource(Protocol):
    def job(self, job_id: uuid.UUID, *, wait: float = 0) -> Job: ...


def follow(
    source: JobSource, job_id: uuid.UUID, *, pause: Callable[[float], None] = time.sleep
) -> Iterator[Job]:
    """The job each time it was looked at; the last is final. Raises what the server goes on refusing with."""
    failures = 0
    while True:
        try:
            job = source.job(job_id, wait=LOOK_EVERY)
        except TransientError:
            failures += 1
            if failures > PATIENCE:
                raise
            pause(LOOK_EVERY)
            continue
        failures = 0
        yield job
        if job.is_final:
            return
