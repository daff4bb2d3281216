"""What the API answers, as far as the commands look at it; what else it says is kept."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

FINAL: Final = frozenset({"completed", "failed", "canceled", "expired"})
"""Statuses that nothing leaves."""


class Answer(BaseModel):
    # A newer server may say more than this client knows of.
    model_config = ConfigDict(frozen=True, extra="allow")


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


class JobPage(Answer):
    data: list[Job]


class Channel(Answer):
    index: int
    role: str | None


class Utterance(Answer):
    channel: int
    role: str | None
    start_ms: int
    end_ms: int
    text: str


class Warned(Answer):
    code: str
    message: str


class Transcript(Answer):
    model: str
    duration_ms: int
    language: str | None
    channels: list[Channel]
    utterances: list[Utterance]
    warnings: list[Warned]


class Model(Answer):
    id: str


class ModelPage(Answer):
    data: list[Model]
