"""RFC 9457 problem details: the shape of every answer that is not a success."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from api.audio import errors as openai

MEDIA_TYPE = "application/problem+json"


class ProblemPart(BaseModel):
    """One of several things that are wrong."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    pointer: str
    """Where, as a path: `/body/lane`, `/query/limit`."""
    code: str
    """Stable and machine-readable."""
    detail: str


class Problem(BaseModel):
    """What went wrong. Programs look at `code`, people read `detail`."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    """The code as a URI."""
    title: str
    status: int
    detail: str
    instance: str
    """Path of the request."""
    code: str
    """Stable and machine-readable; jobs that fail use the same codes."""
    request_id: str
    """Also in the `X-Request-ID` header and in the server's log."""
    errors: list[ProblemPart] = Field(default_factory=list)
    """Each thing that is wrong, where there can be several."""


def answer(
    request: HTTPConnection,
    status: HTTPStatus,
    *,
    code: str,
    detail: str,
    errors: Sequence[ProblemPart] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    if request.url.path.startswith(openai.PREFIX):
        return openai.answer(status, code=code, detail=detail, params=_fields(errors), headers=headers)
    problem = Problem(
        type=f"urn:callscribe:problem:{code}",
        title=status.phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        code=code,
        request_id=request.state.request_id,
        errors=list(errors),
    )
    return JSONResponse(problem.model_dump(), status, headers=headers, media_type=MEDIA_TYPE)


def _fields(errors: Sequence[ProblemPart]) -> list[str]:
    return [error.pointer.rsplit("/", 1)[-1] for error in errors]
