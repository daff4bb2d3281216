"""What a journal can say: one thing that has happened, a line each."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter


@dataclass(frozen=True, slots=True)
class Begun:
    """The first line."""

    digest: str
    """Of the submission that this is the journal of."""
    what: Literal["begun"] = "begun"
    version: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class Opening:
    """A batch is about to be asked for, under this key; also after an earlier one was closed."""

    key: str
    what: Literal["opening"] = "opening"


@dataclass(frozen=True, slots=True)
class Opened:
    batch_id: uuid.UUID
    what: Literal["opened"] = "opened"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file lies in storage, whole."""

    custom_id: str
    upload_id: uuid.UUID
    size: int
    mtime_ns: int
    at: float
    """Seconds since 1970."""
    what: Literal["uploaded"] = "uploaded"


@dataclass(frozen=True, slots=True)
class Added:
    """These are in the batch, or will never be."""

    custom_ids: tuple[str, ...]
    refused: dict[str, str]
    """By `custom_id`, what the server says."""
    what: Literal["added"] = "added"


@dataclass(frozen=True, slots=True)
class Closed:
    what: Literal["closed"] = "closed"


Record: TypeAlias = Annotated[
    Begun | Opening | Opened | Uploaded | Added | Closed, Field(discriminator="what")
]

RECORDS: Final[TypeAdapter[Record]] = TypeAdapter(Record)
