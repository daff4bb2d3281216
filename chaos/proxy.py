"""A TCP proxy before one server, whose connections can be cut, slowed, swallowed or refused.

What it swallows it still acknowledges: neither end learns from its kernel that the other is gone, as
when a machine or a stateful firewall in between has lost a connection's state.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self, TypeVar

LOOPBACK: Final = "127.0.0.1"
PIECE: Final = 64 * 1024

Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    is_swallowed: bool = False

    def abort(self) -> None:
        _reset(self.client)
        _reset(self.server)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End it with RST, not with FIN: what was sent and not yet read is lost."""
    connection = writer.get_extra_info("socket")
    if connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@dataclass(slots=True)
class _Weather:
    """What happens to all connections now."""

    delay: float = 0.0
    """Seconds that each piece waits before it is passed on."""
    refuses: bool = False
    swallows: bool = False
    """New connections are accepted and never answered."""


class FaultProxy:
    """Passes everything on until told otherwise. Its methods may be called from any thread."""

    port: int
    """Its own on loopback, known once it is entered."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self._connections: set[_Connection] = set()
        self._weather = _Weather()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy of {self.upstream}")
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._server.close)
        self.cut()
        asyncio.run_coroutine_threadsafe(self._all_ended(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def connections(self) -> int:
        return len(self._connections)

    def cut(self) -> int:
        """Reset every connection there is; returns their number."""
        return self._call(self._cut)

    def swallow(self, *, new_ones: bool = False) -> int:
        """Half-open: whatever is sent on present connections from now on never arrives.

        With `new_ones` connections that are made from now on are never answered either, until `heal`.
        """
        return self._call(lambda: self._swallow(new_ones=new_ones))

    def refuse(self) -> None:
        """End each new connection at once, until `heal`; present ones go on."""
        self._weather.refuses = True

    def slow(self, delay: float) -> None:
        """Hold back every piece by so many seconds, in each direction, until `heal`."""
        self._weather.delay = delay

    def heal(self) -> None:
        """Pass everything on again. What was swallowed stays so: its connections are lost."""
        self._weather = _Weather()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, LOOPBACK, 0, backlog=512)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._weather.refuses:
            _reset(writer)
            return
        try:
            from_server, to_server = await asyncio.open_connection(LOOPBACK, self.upstream)
        except OSError:
            _reset(writer)
            return
        connection = _Connection(writer, to_server, is_swallowed=self._weather.swallows)
        self._connections.add(connection)
        try:
            await asyncio.gather(
                self._pass(connection, reader, to_server), self._pass(connection, from_server, writer)
            )
        finally:
            writer.close()
            to_server.close()
            self._connections.discard(connection)

    async def _pass(
        self, connection: _Connection, source: asyncio.StreamReader, target: asyncio.StreamWriter
    ) -> None:
        """One direction, until its end is passed on too."""
        with suppress(OSError):
            while piece := await source.read(PIECE):
                if self._weather.delay:
                    await asyncio.sleep(self._weather.delay)
                if not connection.is_swallowed:
                    target.write(piece)
                    await target.drain()
        with suppress(OSError):
            if not connection.is_swallowed and not target.is_closing():
                target.write_eof()

    def _cut(self) -> int:
        for connection in self._connections:
            connection.abort()
        return len(self._connections)

    def _swallow(self, *, new_ones: bool) -> int:
        self._weather.swallows = new_ones
        for connection in self._connections:
            connection.is_swallowed = True
        return len(self._connections)

    async def _all_ended(self) -> None:
        own = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not own]
        await asyncio.gather(*others, return_exceptions=True)

    def _call(self, action: Callable[[], Result]) -> Result:
        """Run it on the loop's thread, to whom the connections belong."""
        done: Future[Result] = Future()
        self._loop.call_soon_threadsafe(lambda: done.set_result(action()))
        return done.result()
