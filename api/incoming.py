"""A body while it comes in: counted, and given up when it stops coming or only drips."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from starlette.requests import Request

from api.settings import ApiSettings
from core.errors import MalformedBody, PayloadTooLarge


class Pace:
    """Whether a sender keeps up: so much in each stretch of time that it was waited for.

    What we take for ourselves does not count, nor what it sends in vain while we do not read.
    """

    def __init__(self, *, slowest: float, stretch: float) -> None:
        """Bytes a second, and seconds."""
        self._slowest = slowest
        self._stretch = stretch
        self._size = 0
        self._waited = 0.0

    def note(self, size: int, *, waited: float) -> None:
        """Raises `MalformedBody` at the end of a stretch that brought too little."""
        self._size += size
        self._waited += waited
        if self._waited < self._stretch:
            return
        if self._size < self._slowest * self._waited:
            raise MalformedBody("The body came too slowly.")
        self._size, self._waited = 0, 0.0


async def incoming(request: Request, settings: ApiSettings, *, limit: int) -> AsyncGenerator[bytes, None]:
    """Its pieces. Content-Length may be absent, or a lie: what comes is counted."""
    patience = settings.upload_stall_timeout.total_seconds()
    pace = Pace(slowest=settings.upload_slowest, stretch=patience)
    size = 0
    async with aclosing(request.stream()) as pieces:
        while True:
            begin = time.monotonic()
            piece = await _next(pieces, patience=patience)
            if not piece:
                return
            pace.note(len(piece), waited=time.monotonic() - begin)
            size += len(piece)
            if size > limit:
                raise PayloadTooLarge(f"A request may have {limit} bytes here.")
            yield piece


async def _next(pieces: AsyncIterator[bytes], *, patience: float) -> bytes:
    """The next piece; an empty one is the end."""
    try:
        async with asyncio.timeout(patience):
            return await anext(pieces)
    except TimeoutError as error:
        raise MalformedBody("The body stopped coming.") from error
