"""Every request has an id: the caller's own or a new one, in the answer, in problems and in the log."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.logging import bound

logger = logging.getLogger(__name__)

HEADER: Final = "X-Request-ID"
_ACCEPTED: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
"""What may go into headers and log lines as it came; anything else is replaced."""

_QUIET: Final = frozenset({"/healthz", "/readyz"})
"""Asked every few seconds by whoever runs this; not worth a line each."""


class RequestIds:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _id_for(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        begin = time.monotonic()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with bound(request_id=request_id):
            await self.app(scope, receive, send_with_id)
            _log(scope, status, time.monotonic() - begin)


def _id_for(headers: Headers) -> str:
    given = headers.get(HEADER, "")
    return given if _ACCEPTED.fullmatch(given) else uuid.uuid4().hex


def _log(scope: Scope, status: int, seconds: float) -> None:
    if scope["path"] not in _QUIET:
        logger.info(
            "Request answered",
            extra={
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "ms": round(seconds * 1000),
            },
        )
