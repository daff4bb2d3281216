"""What the API answers of jobs and transcripts; what else it says is kept, as `model_extra`."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

FINAL: Final = frozenset({"completed", "failed", "canceled", "expired"})
"""Statuses that nothing leaves."""


Metadata: TypeAlias = dict[str, JsonValue]


class Answer(BaseModel):
    # A newer server may say more than this client knows of.
    model_config = ConfigDict(frozen=True, extra="allow")


Entry = TypeVar("Entry", bound=Answer)


class JobError(Answer):
    code: str
    message: str


class Source(Answer):
    filename: str | None = None
    duration_ms: int | None = None


class Job(Answer):
    id: uuid.UUID
    status: str
    stage: str | None
    progress: float
    attempt: int
    created_at: datetime
    expires_at: datetime | None = None
    model: str
    language: str | None
    lane: str
    source: Source
    metadata: Metadata = Field(default_factory=dict)
    timings_ms: dict[str, int | None]
    error: JobError | None

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def is_completed(self) -> bool:
        return self.status == "completed"

    @property
    def reason(self) -> str:
        """Why there is no transcript; empty where nothing more can be said."""
        if self.status == "expired":
            return "Its deadline passed."
        return self.error.message if self.error else ""

    @property
    def name(self) -> str:
        """What its caller knows it by."""
        return self.source.filename or str(self.id)


class Page(Answer, Generic[Entry]):
    """Lists come in pages; `next_cursor` asks for the next one."""

    data: list[Entry]
    has_more: bool = False
    next_cursor: str | None = None


class Channel(Answer):
    index: int
    role: str | None


class Utterance(Answer):
    channel: int
    role: str | None
    start_ms: int
    end_ms: int
    text: str
    confidence: float | None = None


class Warned(Answer):
    code: str
    message: str


class Quality(Answer):
    trust: float | None = None
    """0 to 1, as docs/quality.md defines it; `flags` and all else are in `model_extra`."""


class Transcript(Answer):
    """docs/transcript.md has every field; those that are not named here are in `model_extra`."""

    model: str
    duration_ms: int
    language: str | None
    text: str = ""
    channels: list[Channel]
    utterances: list[Utterance]
    warnings: list[Warned]
    metrics: Metadata | None = None
    quality: Quality | None = None


class Model(Answer):
    id: str
