"""One item of a batch, as its caller describes it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from core.errors import InvalidRequest
from models.base import JsonObject
from models.states import Lane
from submission.fetching import SCHEMES, shown
from submission.fields import Text, kept
from submission.options import JobOptions

LONGEST_ID: Final = 256
LONGEST_TOLD: Final = 2_000
"""Characters of what is wrong with an item."""
_OPTIONS: Final = tuple(JobOptions.model_fields)


class BatchDefaults(JobOptions):
    """How the items of a batch are transcribed that do not say otherwise."""

    lane: Lane = Lane.BULK
    """Bulk, unless somebody waits."""


class ItemRequest(BatchDefaults):
    """A recording that is in storage already, and how it is to be transcribed."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    custom_id: Text = Field(min_length=1, max_length=LONGEST_ID)
    """The caller's own name of it, unique in its batch; left out, what names its audio."""
    upload_id: uuid.UUID | None = None
    """A recording that was put in storage by way of `POST /v1/uploads`, ..."""
    url: Text | None = Field(default=None, max_length=2_048)
    """... or one that lies there already, `s3://bucket/key`, or anywhere else, `https://…`, where this
    installation may read, ..."""
    file: Text | None = Field(default=None, min_length=1, max_length=1_024)
    """... or a member of the batch's own zip archive."""
    filename: Text | None = Field(default=None, max_length=1_024)
    """What the caller calls the file, if not as it is called where it lies."""

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_audio(cls, given: object) -> object:
        if not isinstance(given, dict) or given.get("custom_id") is not None:
            return given
        names = [given.get(name) for name in ("file", "url", "upload_id")]
        name = next((str(name) for name in names if name is not None), None)
        # Of addresses to fetch from, the query is a secret as often as not.
        return {**given, "custom_id": shown(name) if name and name.startswith(SCHEMES) else name}

    @model_validator(mode="after")
    def _of_one_audio(self) -> Self:
        if [self.upload_id, self.url, self.file].count(None) != 2:
            raise PydanticCustomError("one_audio", "Give one of `upload_id`, `url` and `file`.")
        return self

    @property
    def options(self) -> JobOptions:
        return JobOptions.model_validate(self.model_dump(include=set(_OPTIONS)))


def item_of(given: object, defaults: Mapping[str, object]) -> ItemRequest:
    """With the batch's defaults filled in; metadata of both are put together, the item's own first.

    Raises `InvalidRequest`, which says what is wrong with it.
    """
    if not isinstance(given, dict):
        raise InvalidRequest("An item is a JSON object.")
    merged: dict[str, object] = {**defaults, **given}
    ours, theirs = defaults.get("metadata"), given.get("metadata")
    if isinstance(ours, dict) and isinstance(theirs, dict):
        merged["metadata"] = {**ours, **theirs}
    try:
        return ItemRequest.model_validate(merged)
    except ValidationError as error:
        raise InvalidRequest(told(error)) from error


def told(error: ValidationError) -> str:
    """What is wrong, field by field, in a line that can be kept: names of fields are the caller's."""
    findings = "; ".join(
        f"{'.'.join(str(part) for part in finding['loc']) or 'item'}: {finding['msg']}"
        for finding in error.errors(include_url=False, include_input=False, include_context=False)[:5]
    )
    return kept(findings)[:LONGEST_TOLD]


def stored(item: ItemRequest) -> JsonObject:
    """As a row keeps it."""
    return item.model_dump(mode="json", exclude={"custom_id"}, exclude_defaults=True)


def restored(custom_id: str, request: JsonObject) -> ItemRequest:
    """What `stored` made of it."""
    return ItemRequest.model_validate({**request, "custom_id": custom_id})
