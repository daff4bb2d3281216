"""Fields of a request that are more than a string or a number, as JSON or as text."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, JsonValue, StringConstraints
from pydantic_core import PydanticCustomError, from_json

METADATA_BYTES: Final = 16 * 1024

_RFC_3339: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")
"""A date, a time and a zone; other ways to write a time leave something to be guessed."""

_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""A NUL in JSON text, which Postgres cannot store; not a backslash that is followed by `u0000`."""

ChannelIndex = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]?)$")]
RoleName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]


def _by_channel(given: object) -> object:
    """A list, or a form field's text, as the mapping that is stored."""
    if isinstance(given, str):
        given = _parsed(given) if given.lstrip().startswith(("{", "[")) else given.split(",")
    if isinstance(given, list):
        return {str(index): name for index, name in enumerate(given)}
    return given


def _as_object(given: object) -> object:
    return _parsed(given) if isinstance(given, str) else given


def _parsed(text: str) -> JsonValue:
    try:
        value: JsonValue = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise PydanticCustomError("json_invalid", "Not valid JSON.") from error
    return value


def _storable(metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        text = json.dumps(metadata, allow_nan=False, ensure_ascii=False)
    except ValueError as error:
        raise PydanticCustomError("not_finite", "Numbers must be finite.") from error
    if _NUL.search(text):
        raise PydanticCustomError("nul_character", "Text must not hold NUL characters.")
    if len(text.encode()) > METADATA_BYTES:
        raise PydanticCustomError("too_large", "Metadata is limited to 16 kB.")
    return metadata


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul_character", "Text must not hold NUL characters.")
    return text


def kept(text: str) -> str:
    """As much of it as Postgres can keep: no NUL, and no half of a character."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _with_zone(given: object) -> object:
    if isinstance(given, datetime) or (isinstance(given, str) and _RFC_3339.fullmatch(given)):
        return given
    raise PydanticCustomError("rfc_3339", "A time as in RFC 3339, with its zone: 2026-11-22T18:00:00+01:00.")


def _no_number(given: object) -> object:
    if isinstance(given, int | float) and not isinstance(given, bool):
        raise PydanticCustomError("bool_type", "Input should be true or false.")
    return given


def _no_word(given: object) -> object:
    if isinstance(given, bool | str):
        raise PydanticCustomError("int_type", "Input should be a whole number.")
    return given


Flag = Annotated[bool, BeforeValidator(_no_number)]
"""True or false, as JSON or as a form's text; pydantic would take 0.0 too."""
NO_WORD: Final = BeforeValidator(_no_word)
"""After the bounds of an `int` of JSON, 3 or 3.0: pydantic would take "3" and true too."""
Text = Annotated[str, AfterValidator(_without_nul)]
"""Whatever is stored, as a text or within JSON."""
Moment = Annotated[AwareDatetime, BeforeValidator(_with_zone, json_schema_input_type=AwareDatetime)]
Roles = Annotated[
    dict[ChannelIndex, RoleName],
    BeforeValidator(_by_channel, json_schema_input_type=dict[ChannelIndex, RoleName] | list[RoleName]),
]
Metadata = Annotated[dict[str, JsonValue], BeforeValidator(_as_object), AfterValidator(_storable)]
