"""TLS in front of a server that was built without it."""

from __future__ import annotations

import asyncio
import ssl
import struct
from concurrent.futures import Future
from threading import Thread
from types import TracebackType
from typing import Self

import trustme

from embedded.ports import LOOPBACK

BLOCK = 65_536
TLS_REQUEST = struct.pack("!II", 8, 80877103)
"""https://www.postgresql.org/docs/18/protocol-message-formats.html, SSLRequest."""


class TlsFront:
    """Ends TLS as `tls-port` of a server would, and hands on what comes.

    No wheel holds a Redis, Valkey or Postgres with TLS in it. What is under test is the client's side, and
    that talks to OpenSSL here as there.
    """

    def __init__(
        self, authority: trustme.CA, *, upstream: int, port: int = 0, wants_certificates: bool = False
    ) -> None:
        """Its own certificate is for `localhost`; port 0 takes any free one."""
        self.port = port
        self._upstream = upstream
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(self._context)
        if wants_certificates:
            authority.configure_trust(self._context)
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._sinks: set[asyncio.StreamWriter] = set()
        self._serving: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), name="tls-front")

    def __enter__(self) -> Self:
        self._thread.start()
        self._serving.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop, stopped = self._serving.result()
        loop.call_soon_threadsafe(stopped.set)
        self._thread.join()

    async def _serve(self) -> None:
        stopped = asyncio.Event()
        server = await self._listening()
        self.port = server.sockets[0].getsockname()[1]
        self._serving.set_result((asyncio.get_running_loop(), stopped))
        await stopped.wait()
        server.close()
        for sink in self._sinks:
            sink.transport.abort()
        # Their ends are noticed in the next rounds of the loop.
        while self._sinks:
            await asyncio.sleep(0)

    async def _listening(self) -> asyncio.Server:
        return await asyncio.start_server(self._hand_on, LOOPBACK, self.port, ssl=self._context)

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_connection(LOOPBACK, self._upstream)
        await asyncio.gather(self._copy(reader, questions), self._copy(answers, writer))

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        self._sinks.add(sink)
        try:
            while block := await source.read(BLOCK):
                sink.write(block)
                await sink.drain()
        except OSError:
            pass  # either end may hang up at any time
        finally:
            sink.transport.abort()
            self._sinks.discard(sink)


class PostgresTlsFront(TlsFront):
    """The same for Postgres, which is asked for TLS in its own words first."""

    async def _listening(self) -> asyncio.Server:
        return await asyncio.start_server(self._agree, LOOPBACK, self.port)

    async def _agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readexactly(8) != TLS_REQUEST:
                writer.write(b"N")  # encryption by Kerberos, for one
            writer.write(b"S")
            await writer.start_tls(self._context)
        except (OSError, EOFError):
            # Whoever does not trust the certificate hangs up.
            writer.transport.abort()
            return
        await self._hand_on(reader, writer)
