"""Jobs as callers see them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from models.channel_finding import ChannelFinding
from models.chinese_script import ChineseScript
from models.states import JobStage, JobState, Lane
from submission.fields import Metadata, Moment
from submission.options import JobOptions


class Described(BaseModel):
    """Its fields' docstrings are the API's documentation."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class JobCreate(JobOptions):
    """A job on a recording that was put in storage by way of `POST /v1/uploads`, or that is to be fetched."""

    upload_id: uuid.UUID | None = None
    """What was uploaded, or ..."""
    url: str | None = Field(default=None, max_length=2_048)
    """... where it can be fetched, `https://…`, if this installation does that."""

    @model_validator(mode="after")
    def _of_one_audio(self) -> Self:
        if (self.upload_id is None) == (self.url is None):
            raise PydanticCustomError("one_audio", "Give one of `upload_id` and `url`.")
        return self


class JobForm(Described):
    """A recording with its options as form fields, in any order."""

    file: Annotated[bytes, Field(json_schema_extra={"format": "binary"})]
    """The recording, in any common audio or video container."""
    model: str | None = None
    language: str | None = None
    script: ChineseScript = ChineseScript.AS_IS
    lane: Lane = Lane.LIVE
    roles: str | None = None
    """`agent,customer` in the order of the channels, or JSON as in the other form of this request."""
    metadata: str | None = None
    """A JSON object of at most 16 kB."""
    expires_at: Moment | None = None
    reuse: bool = False
    webhook_url: str | None = None


class JobQuery(Described):
    model_config = ConfigDict(extra="forbid")

    status: list[JobState] = Field(default_factory=list)
    """Only jobs in one of these states."""
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = None
    """`next_cursor` of the page before."""


class JobWait(Described):
    model_config = ConfigDict(extra="forbid")

    wait: float = Field(default=0, ge=0, le=60)
    """Seconds to wait for the job to end before answering."""


class Source(Described):
    """The recording as it came; what is null is known after preparation."""

    filename: str | None
    size_bytes: int
    sha256: str | None
    duration_ms: int | None
    channel_count: int | None
    sample_rate: int | None
    container: str | None
    codec: str | None
    erased_at: datetime | None
    """When it was removed, as its owner's policy has it; the transcript may stay for longer."""


class JobChannel(Described):
    index: int
    role: str | None
    """As it was given; null too where the channel turned out to hold everybody."""
    findings: list[ChannelFinding] | None
    """What is wrong with it; null where a transcript was taken over, which has them."""


class EffectiveOptions(Described):
    """What is in effect, defaults filled in."""

    model: str
    language: str | None
    script: ChineseScript
    lane: Lane
    roles: dict[str, str]
    reuse: bool
    webhook_url: str | None


class Timings(Described):
    """Milliseconds in each stage that is over; null for the others."""

    queued: int | None
    preparing: int | None
    waiting: int | None
    """Prepared, until a device took its first chunk."""
    transcribing: int | None
    finishing: int | None
    total: int | None


class JobError(Described):
    code: str
    message: str
    retryable: bool
    """Whether the same recording may succeed when it is submitted again."""


class Links(Described):
    self: str
    transcript: str
    cancel: str
    retry: str
    webhook: str | None
    """What tells `webhook_url` of this job's end; `null` without one."""


class JobRead(Described):
    """One recording to transcribe, and where it stands."""

    id: uuid.UUID
    object: Literal["job"] = "job"
    status: JobState
    stage: JobStage | None
    """Where in `processing` it is."""
    progress: float = Field(ge=0, le=1)
    attempt: int
    """1, and one more for each time that a stage had to be begun again."""
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    """When it became completed, failed, canceled or expired."""
    expires_at: datetime | None
    """The deadline that its caller gave it."""
    reused_from: uuid.UUID | None
    """The job that its transcript was made for; that one may be deleted by now."""
    retry_of: uuid.UUID | None
    """The job that ended otherwise and was to be tried again as this one."""
    batch_id: uuid.UUID | None
    """The batch of which it answers an item, ..."""
    custom_id: str | None
    """... and what its caller calls that."""
    model: str
    lane: Lane
    language: str | None
    metadata: Metadata
    source: Source
    channels: list[JobChannel]
    """Empty until the recording is decoded."""
    options: EffectiveOptions
    timings_ms: Timings
    error: JobError | None
    links: Links


class JobPage(Described):
    """Newest first."""

    data: list[JobRead]
    has_more: bool
    next_cursor: str | None
