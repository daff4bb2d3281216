"""Errors in the shape that OpenAI's clients read: `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse, Response

PREFIX: Final = "/v1/audio/"
"""Of the paths that answer so."""
SHOULD_RETRY: Final = "x-should-retry"
"""OpenAI's clients send a request again after any 5xx and 409 unless this says `false`."""


class OpenAiError(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    message: str
    type: str
    """`invalid_request_error` where the caller has to act, else `server_error`."""
    param: str | None
    """The form field at fault."""
    code: str
    """The same stable codes as everywhere in this API."""


class OpenAiProblem(BaseModel):
    error: OpenAiError


def status_there(status: HTTPStatus) -> HTTPStatus:
    """What is not valid is 400 there, where the rest of this API says 422."""
    return HTTPStatus.BAD_REQUEST if status is HTTPStatus.UNPROCESSABLE_ENTITY else status


def answer(
    status: HTTPStatus,
    *,
    code: str,
    detail: str,
    params: Sequence[str],
    headers: Mapping[str, str] | None,
) -> Response:
    status = status_there(status)
    error = OpenAiError(
        message=detail,
        type="server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error",
        param=params[0] if params else None,
        code=code,
    )
    return JSONResponse(OpenAiProblem(error=error).model_dump(), status, headers=dict(headers or {}))
