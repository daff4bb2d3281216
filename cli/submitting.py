"""Sending a recording until it is known that the server has it; however often, it makes one job."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from cli.answers import Job
from cli.client import OnSent, SubmitOptions, ignore
from core.errors import IdempotencyInFlight, ServiceError, TransientError

PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each further try: a server may be restarted, or be late with an earlier one."""


class Submitter(Protocol):
    def submit(
        self, recording: Path, options: SubmitOptions, *, key: str | None = None, on_sent: OnSent = ignore
    ) -> Job: ...


def submit_once(
    client: Submitter,
    recording: Path,
    options: SubmitOptions,
    *,
    on_sent: OnSent = ignore,
    on_retry: Callable[[ServiceError], None] = ignore,
    pause: Callable[[float], None] = time.sleep,
) -> Job:
    """Raises what the server refuses with, at once; what it fails with, after some tries.

    A failure may have come after the job was made, as when the answer was lost: all tries carry
    the same key, under which the server makes one job.
    """
    key = str(uuid.uuid4())
    for seconds in PAUSES:
        try:
            return client.submit(recording, options, key=key, on_sent=on_sent)
        except (TransientError, IdempotencyInFlight) as error:
            on_retry(error)
            pause(seconds)
    return client.submit(recording, options, key=key, on_sent=on_sent)
