"""A connection to the API: closed when no whole request head comes in time."""

from __future__ import annotations

import asyncio
from typing import Final, cast

import h11
import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_BYTES: Final = 32 * 1024
"""Of a request's line and headers; h11 answers more with 400."""


class ApiConfig(uvicorn.Config):
    """uvicorn has a time-out for what is idle between two requests, and none for what drips."""

    head_seconds = 20.0


class TimedConnection(H11Protocol):
    """The body has time-outs of its own, in `incoming`."""

    _deadline: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """From the first byte of a head, or the connection's begin, until the head is whole."""
        if self.conn.their_state is not h11.IDLE:
            self._forget()
        elif self._deadline is None:
            seconds = cast(ApiConfig, self.config).head_seconds
            self._deadline = self.loop.call_later(seconds, self._give_up)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.conn.their_state is h11.IDLE:
            self.transport.close()
