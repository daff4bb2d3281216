"""Uploads as callers see them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from api.jobs.schemas import Described


class UploadCreate(Described):
    model_config = ConfigDict(extra="forbid")

    filename: str | None = Field(default=None, max_length=255, pattern=r"^[^\x00-\x1f\x7f/\\]+$")
    """What the caller calls the recording; shown with its job."""


class UploadRead(Described):
    """A place to put one recording: send its bytes to `url`, then submit a job with `id` as `upload_id`."""

    id: uuid.UUID
    object: Literal["upload"] = "upload"
    url: str
    """Lets whoever has it put this one object, and nothing else."""
    method: Literal["PUT"] = "PUT"
    headers: dict[str, str] = Field(default_factory=dict)
    """To be sent with the PUT."""
    expires_at: datetime
