"""A door in front of a server: while it is shut nothing comes through, and nothing is lost."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Self

from embedded.ports import LOOPBACK

BLOCK = 65_536


class Gate:
    """Starts open; on a free port of this machine."""

    port: int

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._serving: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), name="gate")

    def __enter__(self) -> Self:
        self._thread.start()
        self._loop = self._serving.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def shut(self) -> None:
        self._loop.call_soon_threadsafe(self._open.clear)

    def open(self) -> None:
        self._loop.call_soon_threadsafe(self._open.set)

    async def _serve(self) -> None:
        self._open, self._ended = asyncio.Event(), asyncio.Event()
        self._open.set()
        server = await asyncio.start_server(self._hand_on, LOOPBACK, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._serving.set_result(asyncio.get_running_loop())
        await self._ended.wait()
        server.close()
        # Connections that nobody ended: their tasks are canceled by asyncio.run.

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_connection(LOOPBACK, self._upstream)
        with suppress(asyncio.CancelledError):
            await asyncio.gather(self._copy(reader, questions), self._copy(answers, writer))
        for sink in (questions, writer):
            sink.transport.abort()

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # either end may hang up at any time
            while block := await source.read(BLOCK):
                await self._open.wait()
                sink.write(block)
                await sink.drain()
        sink.transport.abort()
