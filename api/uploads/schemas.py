"""Uploads as callers see them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from api.jobs.schemas import Described
from models.upload import UploadStatus
from submission.fields import NO_WORD

MOST_PARTS: Final = 1_000
"""Of one upload; S3 takes ten times as many."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class UploadCreate(Described):
    model_config = ConfigDict(extra="forbid")

    filename: str | None = Field(default=None, max_length=255, pattern=r"^[^\x00-\x1f\x7f/\\]+$")
    """What the caller calls the recording; shown with its job."""
    size_bytes: Annotated[int, Field(ge=1), NO_WORD] | None = None
    """Of the recording. The store takes exactly so many; large ones are sent in parts."""
    sha256: Sha256 | None = None
    """Its digest in hex, which is held against what came. Goes with `size_bytes`."""

    @model_validator(mode="after")
    def _digest_of_known_size(self) -> Self:
        if self.sha256 is not None and self.size_bytes is None:
            raise PydanticCustomError("size_missing", "`sha256` goes with `size_bytes`.")
        return self


class UploadPart(Described):
    """To be PUT with just so many bytes; its answer's `ETag` is asked for in the end."""

    number: int
    url: str
    size_bytes: int


class UploadForm(Described):
    """To be POSTed as `multipart/form-data`, by a page or a program that need not know the size before."""

    url: str
    fields: dict[str, str]
    """To be sent just so, and before the last field, `file`."""


class UploadRead(Described):
    """A place to put one recording. Once it is there, submit a job with `id` as `upload_id`."""

    id: uuid.UUID
    object: Literal["upload"] = "upload"
    status: UploadStatus
    """`waiting` to be sent, `complete` and checked, `used` by a job, or `expired`.

    What is sent in one piece is looked at when it is used, and `waiting` until then.
    """
    filename: str | None
    size_bytes: int | None
    """As it was announced."""
    sha256: str | None
    method: Literal["PUT"] = "PUT"
    url: str | None
    """Lets whoever has it put this one object, and nothing else; null of what is sent in `parts`."""
    headers: dict[str, str] = Field(default_factory=dict)
    """To be sent with the PUT to `url`."""
    form: UploadForm | None = None
    """Another way to send what goes in one piece: the store takes at most as much as the form allows."""
    parts: list[UploadPart] = Field(default_factory=list)
    """Of large ones, while they are waiting; afterwards `POST /v1/uploads/{upload_id}/complete`."""
    expires_at: datetime


class SentPart(Described):
    model_config = ConfigDict(extra="forbid")

    number: Annotated[int, Field(ge=1, le=MOST_PARTS), NO_WORD]
    etag: str = Field(min_length=1, max_length=128)
    """As the store answered it."""


class UploadComplete(Described):
    model_config = ConfigDict(extra="forbid")

    parts: list[SentPart] = Field(default_factory=list, max_length=MOST_PARTS)
    """All of them, in any order; none of what was sent in one piece."""
