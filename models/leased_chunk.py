"""A chunk as its holder sees it: what to read, and the fence to write under."""

from __future__ import annotations

import uuid
from typing import NamedTuple


class LeasedChunk(NamedTuple):
    """Columns of `Chunk` under their own names. A claim hands out many: whole rows would take longer."""

    id: int
    job_id: uuid.UUID
    attempt: int
    object_key: str
    first_byte: int
    last_byte: int
    first_sample: int
    start_ms: int
    end_ms: int
    language: str | None
    alone: bool

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms
