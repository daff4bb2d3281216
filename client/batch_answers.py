"""What the API answers of batches; what else it says is kept, as `model_extra`."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from pydantic import Field, JsonValue, model_validator

from client.answers import Answer, Metadata, Transcript

FINAL: Final = frozenset({"completed", "canceled"})
"""Statuses that a batch stays in, unless its failed items are tried again."""


class Trouble(Answer):
    """Why there is no transcript."""

    code: str
    message: str


class RequestCounts(Answer):
    """How many items are where; `total` has them all."""

    total: int = 0
    refused: int = 0
    waiting: int = 0
    queued: int = 0
    processing: int = 0
    completed: int = 0
    failed: int = 0
    canceled: int = 0
    expired: int = 0

    @property
    def over(self) -> int:
        return self.completed + self.unsuccessful

    @property
    def unsuccessful(self) -> int:
        """Those that are over and have no transcript."""
        return self.refused + self.failed + self.canceled + self.expired


class AudioSeconds(Answer):
    known: float = 0.0
    """Of the recordings that were read so far."""
    completed: float = 0.0


class Batch(Answer):
    id: uuid.UUID
    name: str | None = None
    status: str
    metadata: Metadata = Field(default_factory=dict)
    created_at: datetime
    closed_at: datetime | None = None
    completed_at: datetime | None = None
    request_counts: RequestCounts
    progress: float = 0.0
    audio_seconds: AudioSeconds | None = None
    """Not counted in lists of batches."""
    rtfx: float | None = None
    """Seconds of audio for each second of work."""
    eta_seconds: float | None = None
    error: Trouble | None = None

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def is_completed(self) -> bool:
        """Every item has its transcript."""
        return self.status == "completed" and self.request_counts.unsuccessful == 0


class BatchItem(Answer):
    number: int
    """1 is the first one that the batch was told of."""
    custom_id: str | None = None
    status: str
    job_id: uuid.UUID | None = None
    filename: str | None = None
    metadata: Metadata = Field(default_factory=dict)
    error: Trouble | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_its_error(cls, given: object) -> object:
        """The files of errors have code and message in columns of their own."""
        if not isinstance(given, dict) or "code" not in given:
            return given
        code, message = given["code"], given.get("message") or ""
        return given | {"error": None if code is None else {"code": code, "message": message}}

    @property
    def called(self) -> str:
        """What its caller knows it by."""
        return self.custom_id or self.filename or f"item {self.number}"


class RefusedItem(Answer):
    index: int
    """Its place among the items of the request."""
    custom_id: str | None = None
    code: str
    message: str


class AddedItems(Answer):
    accepted: int
    refused: list[RefusedItem] = Field(default_factory=list)


class Result(Answer):
    """One completed item."""

    number: int
    custom_id: str | None = None
    job_id: uuid.UUID
    filename: str | None = None
    metadata: Metadata = Field(default_factory=dict)
    transcript: Transcript


class Reviewed(Answer):
    """A call that somebody should listen to."""

    custom_id: str | None = None
    job_id: uuid.UUID
    filename: str | None = None
    trust: float | None = None
    flags: list[JsonValue] = Field(default_factory=list)
