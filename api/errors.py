"""What errors mean over HTTP. The one place where error families become statuses."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.problems import ProblemPart
from core.errors import (
    Conflict,
    Gone,
    IdempotencyInFlight,
    InvalidRequest,
    JobNotDone,
    MalformedBody,
    NotFound,
    PayloadTooLarge,
    QuotaExceeded,
    RateLimited,
    RecordingRejected,
    ScopeMissing,
    ServiceError,
    TransientError,
    Unauthenticated,
    UnsupportedMediaType,
)

logger = logging.getLogger(__name__)

STATUSES: Final[Mapping[type[ServiceError], HTTPStatus]] = {
    InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    MalformedBody: HTTPStatus.BAD_REQUEST,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    ScopeMissing: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Gone: HTTPStatus.GONE,
    Conflict: HTTPStatus.CONFLICT,
    PayloadTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    RecordingRejected: HTTPStatus.UNPROCESSABLE_ENTITY,
    TransientError: HTTPStatus.SERVICE_UNAVAILABLE,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    QuotaExceeded: HTTPStatus.TOO_MANY_REQUESTS,
    JobNotDone: HTTPStatus.GATEWAY_TIMEOUT,
}
"""The nearest ancestor counts; a family that is not here is a fault of ours."""

HEADERS: Final[Mapping[type[ServiceError], Mapping[str, str]]] = {
    Unauthenticated: {"WWW-Authenticate": 'Bearer realm="callscribe"'},
    ScopeMissing: {"WWW-Authenticate": 'Bearer realm="callscribe", error="insufficient_scope"'},
    IdempotencyInFlight: {"Retry-After": "2"},
    TransientError: {"Retry-After": "5"},
    QuotaExceeded: {"Retry-After": "60"},
}
"""The nearest ancestor counts here too."""

FRAMEWORK_CODES: Final[Mapping[int, str]] = {
    HTTPStatus.BAD_REQUEST: MalformedBody.code,
    HTTPStatus.NOT_FOUND: NotFound.code,
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: PayloadTooLarge.code,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: UnsupportedMediaType.code,
}
"""For what the framework refuses before any code of ours runs."""


def status_of(kind: type[ServiceError]) -> HTTPStatus:
    statuses = (STATUSES[ancestor] for ancestor in kind.__mro__ if ancestor in STATUSES)
    return next(statuses, HTTPStatus.INTERNAL_SERVER_ERROR)


def headers_of(kind: type[ServiceError]) -> Mapping[str, str]:
    return next((HEADERS[ancestor] for ancestor in kind.__mro__ if ancestor in HEADERS), {})


def register(app: FastAPI) -> None:
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _framework_error)
    app.add_exception_handler(ClientDisconnect, _client_disconnect)


async def _service_error(request: Request, error: Exception) -> Response:
    error = cast(ServiceError, error)
    status = status_of(type(error))
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        return _fault(request, error)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        logger.warning("Dependency failed", extra={"code": error.code}, exc_info=error)
    headers = headers_of(type(error))
    return problems.answer(request, status, code=error.code, detail=str(error), headers=headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    parts = _parts(cast(RequestValidationError, error).errors())
    return problems.answer(
        request,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        code=InvalidRequest.code,
        detail="; ".join(f"{part.pointer}: {part.detail}" for part in parts[:3]),
        errors=parts,
    )


def _parts(findings: Sequence[Mapping[str, object]]) -> list[ProblemPart]:
    """Without the values that were refused: those may be somebody's secrets."""
    return [
        ProblemPart(
            pointer="".join(f"/{step}" for step in cast(tuple[object, ...], finding["loc"])),
            code=str(finding["type"]),
            detail=str(finding["msg"]),
        )
        for finding in findings
    ]


async def _framework_error(request: Request, error: Exception) -> Response:
    error = cast(HTTPException, error)
    status = HTTPStatus(error.status_code)
    code = FRAMEWORK_CODES.get(status, InvalidRequest.code)
    return problems.answer(request, status, code=code, detail=error.detail, headers=error.headers)


async def _client_disconnect(request: Request, _error: Exception) -> Response:
    """Nobody reads this answer; the log line is what remains."""
    logger.info("Client went away", extra={"path": request.url.path})
    return problems.answer(
        request, HTTPStatus.BAD_REQUEST, code=MalformedBody.code, detail="The body ended early."
    )


def _fault(request: HTTPConnection, error: Exception) -> Response:
    logger.error("Request failed", extra={"path": request.url.path}, exc_info=error)
    return problems.answer(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        code=ServiceError.code,
        detail="Something went wrong on our side. The request id finds it in the log.",
    )


class LastResort:
    """Answers for bugs: nothing of what happened inside is shown."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def note_beginning(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, note_beginning)
        except Exception as error:
            if begun:
                raise
            await _fault(HTTPConnection(scope), error)(scope, receive, send)
