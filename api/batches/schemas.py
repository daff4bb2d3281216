"""Batches as callers see them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from api.jobs.schemas import Described
from api.paging import LARGEST
from models.quality_content import QualityFlag
from models.states import BatchState, ItemState, JobState
from submission.batches.item import BatchDefaults
from submission.fields import Metadata, Text

MOST_ITEMS = 10_000
"""Of one request; a manifest may hold any number."""


class ManifestSource(Described):
    """Items from a file with one of them a line, put in storage by way of `POST /v1/uploads`."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["manifest"]
    upload_id: uuid.UUID
    format: Literal["jsonl", "csv"]
    """CSV: a header, then a row an item; columns that are no options are metadata."""


class ZipSource(Described):
    """Every file of an archive, or what its `manifest.csv` or `manifest.jsonl` names as `file`."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["zip"]
    upload_id: uuid.UUID


class PrefixSource(Described):
    """Every object below a prefix."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["prefix"]
    url: Text = Field(max_length=2_048)
    """`s3://bucket/prefix/`, where this installation may read."""
    suffixes: list[Annotated[Text, Field(min_length=1, max_length=16)]] = Field(
        default_factory=list, max_length=32
    )
    """Only objects whose keys end so: `[".wav", ".mp3"]`; upper and lower case are alike."""


BatchSource = Annotated[ManifestSource | ZipSource | PrefixSource, Field(discriminator="type")]
Items = Annotated[list[JsonValue], Field(max_length=MOST_ITEMS)]
"""Each is looked at by itself: one that is wrong is refused, and keeps no other back."""


class BatchCreate(Described):
    """Recordings that are in storage already, and how they are to be transcribed."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, max_length=256, pattern=r"^[^\x00]*$")
    metadata: Metadata = Field(default_factory=dict)
    """The caller's own JSON object of the batch, handed back with it."""
    defaults: BatchDefaults = Field(default_factory=BatchDefaults)
    """Options of every item that does not say otherwise; metadata is put together with the item's."""
    items: Items = Field(default_factory=list)
    """`ItemRequest`s, at most 10,000 here."""
    source: BatchSource | None = None
    """Where further items are to be read from."""
    open: StrictBool = False
    """More items are to come, until `POST .../close`."""

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if not (self.items or self.source or self.open):
            raise PydanticCustomError(
                "empty_batch", "Give `items`, a `source`, or `open` the batch for items."
            )
        return self


class ItemsAdd(Described):
    model_config = ConfigDict(extra="forbid")

    items: Items


class ItemRefusal(Described):
    index: int
    """0-based position in the request."""
    custom_id: str | None
    code: str
    message: str


class ItemsAdded(Described):
    accepted: int
    refused: list[ItemRefusal]


class BatchQuery(Described):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = None
    """`next_cursor` of the page before."""


class ItemQuery(Described):
    model_config = ConfigDict(extra="forbid")

    status: list[ItemState | JobState] = Field(default_factory=list)
    """Only items that stand so."""
    limit: int = Field(default=100, ge=1, le=1_000)
    cursor: str | None = None
    """`next_cursor` of the page before."""


class ExportQuery(Described):
    model_config = ConfigDict(extra="forbid")

    format: Literal["jsonl", "csv"] = "jsonl"
    after: int = Field(default=0, ge=0, le=LARGEST)
    """Only items after this number: to go on where a download broke off."""


class BatchError(Described):
    code: str
    message: str


class RequestCounts(Described):
    """Every item is in one of them; together they are `total`."""

    total: int
    refused: int
    waiting: int
    """Not yet a job."""
    queued: int
    processing: int
    completed: int
    failed: int
    canceled: int
    expired: int


class AudioSeconds(Described):
    known: float
    """Of recordings that were decoded."""
    completed: float


class BatchLinks(Described):
    self: str
    items: str
    results: str
    errors: str
    cancel: str


class BatchRead(Described):
    """A group of recordings, and how far they are."""

    id: uuid.UUID
    object: Literal["batch"] = "batch"
    name: str | None
    status: BatchState
    metadata: Metadata
    created_at: datetime
    closed_at: datetime | None
    """When it was known that no more items come."""
    completed_at: datetime | None
    """When it became completed or canceled."""
    request_counts: RequestCounts
    progress: float = Field(ge=0, le=1)
    """Share of the items that are over; of a manifest that is still read, of those read so far."""
    audio_seconds: AudioSeconds | None
    """Null in lists of batches: it is counted recording by recording."""
    rtfx: float | None
    """Seconds of audio that ended in a second, over the last five minutes; null where none did."""
    eta_seconds: int | None
    """Until all items are over, at the pace of the last five minutes; null where that is not known."""
    error: BatchError | None
    """Why its source was not read to its end; what was read goes on."""
    links: BatchLinks


class BatchPage(Described):
    """Newest first."""

    data: list[BatchRead]
    has_more: bool
    next_cursor: str | None


class ItemRead(Described):
    number: int
    """1 is the first one that the batch was told of: of a manifest, the line."""
    custom_id: str | None
    status: ItemState | JobState
    """Its job's, once there is one."""
    job_id: uuid.UUID | None
    filename: str | None
    metadata: Metadata
    error: BatchError | None


class ReviewQuery(Described):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=1_000)


class ReviewItem(Described):
    """A call, and what speaks against its transcript."""

    number: int
    custom_id: str | None
    job_id: uuid.UUID
    filename: str | None
    metadata: Metadata
    duration_ms: int
    trust: float | None
    """How much of what was spoken nothing is said against, 0 to 1; null where that is not known."""
    flags: list[QualityFlag]
    """Where to listen, and why: docs/quality.md."""


class Review(Described):
    """Listen to these first."""

    data: list[ReviewItem]


class ItemPage(Described):
    """In the order in which the batch was told of them."""

    data: list[ItemRead]
    has_more: bool
    next_cursor: str | None
