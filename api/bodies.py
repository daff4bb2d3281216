"""JSON bodies: read up to a limit, whatever Content-Length says, and validated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from email.message import Message
from typing import Final, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from api.dependencies import resources_of
from api.incoming import incoming
from core.errors import UnsupportedMediaType

UNREADABLE: Final = (TypeError, ValueError, LookupError)
"""What `email` raises of parameters that contradict each other, as those of RFC 2231 can."""
JSON_LIMIT: Final = 64 * 1024
"""Far above what most requests here need."""

Body = TypeVar("Body", bound=BaseModel)


def media_type_of(request: Request) -> Message:
    """Content-Type, taken apart; bodies that are packed once more are not taken."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType("Bodies with a Content-Encoding are not taken.")
    header = Message()
    header["Content-Type"] = request.headers.get("Content-Type", "application/octet-stream")
    try:
        header.get_params()
    except UNREADABLE as error:
        raise UnsupportedMediaType("The Content-Type cannot be read.") from error
    return header


def json_of(kind: type[Body], *, limit: int = JSON_LIMIT) -> Callable[[Request], Awaitable[Body]]:
    """The same as a dependency, for routes that are not asynchronous."""

    async def read(request: Request) -> Body:
        return await read_json(request, kind, limit=limit)

    return read


async def read_json(request: Request, kind: type[Body], *, limit: int = JSON_LIMIT) -> Body:
    """Raises `UnsupportedMediaType`, `PayloadTooLarge`, or the validation error with its pointers."""
    if media_type_of(request).get_content_type() != "application/json":
        raise UnsupportedMediaType("The body must be application/json.")
    body = bytearray()
    async with aclosing(incoming(request, resources_of(request).settings, limit=limit)) as pieces:
        async for piece in pieces:
            body += piece
    return checked(kind, bytes(body))


def checked(kind: type[Body], given: bytes | Mapping[str, str]) -> Body:
    """The body, or the error that names what is wrong with it."""
    try:
        return kind.model_validate_json(given) if isinstance(given, bytes) else kind.model_validate(given)
    except ValidationError as error:
        findings = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError(
            [{**finding, "loc": ("body", *finding["loc"])} for finding in findings]
        ) from error
