"""What the server's refusals are called here: its problem documents become our errors again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import httpx
from pydantic import BaseModel, ValidationError

from core.errors import (
    Conflict,
    Gone,
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
    ServerBusy,
    ServiceError,
    TransientError,
    Unauthenticated,
)


class Problem(BaseModel):
    code: str
    detail: str
    request_id: str | None = None


def error_in(answer: httpx.Response) -> ServiceError:
    """The error that the server raised, by its code; by its status if the code is not known here."""
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        # Not from Callscribe: a proxy, most likely.
        return _by_status(answer.status_code)(f"{answer.url.host} answered {answer.status_code}.")
    kind = _BY_CODE.get(problem.code) or _by_status(answer.status_code)
    where = f" (request {problem.request_id})" if answer.is_server_error and problem.request_id else ""
    return kind(f"{problem.detail}{where}")


def _by_status(status: int) -> type[ServiceError]:
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return TransientError
    return _BY_STATUS.get(status, InvalidRequest)


def _family(kind: type[ServiceError]) -> Iterator[type[ServiceError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)


_BY_CODE: Final[Mapping[str, type[ServiceError]]] = {kind.code: kind for kind in _family(ServiceError)}

_BY_STATUS: Final[Mapping[int, type[ServiceError]]] = {
    httpx.codes.UNAUTHORIZED: Unauthenticated,
    httpx.codes.NOT_FOUND: NotFound,
    httpx.codes.CONFLICT: Conflict,
    httpx.codes.GONE: Gone,
    httpx.codes.REQUEST_ENTITY_TOO_LARGE: PayloadTooLarge,
    httpx.codes.TOO_MANY_REQUESTS: ServerBusy,
}
