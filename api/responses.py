"""What the OpenAPI document says of bodies and problems that the framework cannot see by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, TypeAlias

from api import problems
from api.errors import status_of
from core.errors import ApiKeyExpired, DatabaseUnavailable, InvalidRequest, ServiceError, Unauthenticated

Declared: TypeAlias = dict[str, object]

EVERYWHERE: Final[tuple[type[ServiceError], ...]] = (
    InvalidRequest,
    Unauthenticated,
    ApiKeyExpired,
    DatabaseUnavailable,
    ServiceError,
)
"""What any request with a key may lead to."""


def problems_of(*kinds: type[ServiceError]) -> dict[int | str, Declared]:
    """Each status that these errors and the usual ones lead to, with their codes."""
    kinds_by_status: dict[HTTPStatus, list[type[ServiceError]]] = defaultdict(list)
    for kind in (*EVERYWHERE, *kinds):
        kinds_by_status[status_of(kind)].append(kind)
    declared: dict[int | str, Declared] = {}
    for status, alike in kinds_by_status.items():
        lines = (f"`{kind.code}`: {(kind.__doc__ or '').strip()}" for kind in alike)
        declared |= problem_at(status, "  \n".join(lines))
    return declared


def problem_at(status: HTTPStatus, description: str) -> dict[int | str, Declared]:
    content = {problems.MEDIA_TYPE: {"schema": schema_named("Problem")}}
    return {int(status): {"description": description, "content": content}}


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
