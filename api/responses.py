"""What the OpenAPI document says of bodies and problems that the framework cannot see by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final, TypeAlias

from api import problems
from api.audio import errors as openai
from api.errors import status_of
from core.errors import (
    ApiKeyExpired,
    DatabaseUnavailable,
    InvalidRequest,
    RateLimited,
    ScopeMissing,
    ServiceError,
    Unauthenticated,
)

Declared: TypeAlias = dict[str, object]

EVERYWHERE: Final[tuple[type[ServiceError], ...]] = (
    InvalidRequest,
    Unauthenticated,
    ApiKeyExpired,
    ScopeMissing,
    RateLimited,
    DatabaseUnavailable,
    ServiceError,
)
"""What any request with a key may lead to."""


def problems_of(*kinds: type[ServiceError]) -> dict[int | str, Declared]:
    """Each status that these errors and the usual ones lead to, with their codes."""
    declared: dict[int | str, Declared] = {}
    for status, description in _described(kinds, status_of).items():
        declared |= problem_at(status, description)
    return declared


def openai_errors_of(*kinds: type[ServiceError]) -> dict[int | str, Declared]:
    """The same where answers have OpenAI's shape."""
    described = _described(kinds, lambda kind: openai.status_there(status_of(kind)))
    content = {"application/json": {"schema": schema_named("OpenAiProblem")}}
    return {int(status): {"description": text, "content": content} for status, text in described.items()}


def problem_at(status: HTTPStatus, description: str) -> dict[int | str, Declared]:
    content = {problems.MEDIA_TYPE: {"schema": schema_named("Problem")}}
    return {int(status): {"description": description, "content": content}}


def _described(
    kinds: Sequence[type[ServiceError]], status_of_kind: Callable[[type[ServiceError]], HTTPStatus]
) -> dict[HTTPStatus, str]:
    """The codes behind each status."""
    lines: dict[HTTPStatus, list[str]] = defaultdict(list)
    for kind in (*EVERYWHERE, *kinds):
        lines[status_of_kind(kind)].append(f"`{kind.code}`: {(kind.__doc__ or '').strip()}")
    return {status: "  \n".join(alike) for status, alike in lines.items()}


def body_of(schemas: Mapping[str, str]) -> Declared:
    """A request body that the route reads by itself, as one schema for each media type."""
    content = {media_type: {"schema": schema_named(name)} for media_type, name in schemas.items()}
    return {"requestBody": {"required": True, "content": content}}


def schema_named(name: str) -> Declared:
    """A reference to a schema that `api/openapi.py` puts into the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def texts_of(*media_types: str) -> dict[int | str, Declared]:
    """A success that may also come as one of these kinds of text."""
    return {200: {"content": {media_type: {"schema": {"type": "string"}} for media_type in media_types}}}
