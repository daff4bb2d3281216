"""A server that somebody else runs: it answers as it is told, well or badly, and keeps what it was sent."""

from __future__ import annotations

import os
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self, TypeAlias

NAME: Final = "receiver.test"
"""What the certificate is made out to, beside the loopback addresses."""
DRIP_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    sni: str | None
    connection: socket.socket = field(repr=False)


Behaviour: TypeAlias = Callable[[Received], None]


class Receiver:
    """On loopback, with TLS if it is given a context; one thread a connection."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1") -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self.behaviour: Behaviour = status(204)
        self._tls = tls
        self._host = host
        self._server = _Server((host, 0), self)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/hook", *, host: str | None = None) -> str:
        return f"http{'s' if self._tls else ''}://{host or self._host}:{self.port}{path}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def attend(self, connection: socket.socket) -> None:
        self.connections += 1
        sni: list[str] = []
        if self._tls is not None:
            self._tls.sni_callback = lambda _socket, name, _context: sni.append(name) if name else None
            connection = self._tls.wrap_socket(connection, server_side=True)
        with connection, connection.makefile("rb") as reader:
            method, path, _ = reader.readline().decode().split(" ")
            headers = dict(_header(line) for line in iter(reader.readline, b"\r\n"))
            body = reader.read(int(headers.get("content-length", "0")))
            request = Received(method, path, headers, body, next(iter(sni), None), connection)
            self.requests.append(request)
            self.behaviour(request)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(address, socketserver.BaseRequestHandler)

    def finish_request(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)
        try:
            self.receiver.attend(request)
        except (OSError, ValueError):
            # The client hung up, or spoke no HTTP; what it learned is the test's matter.
            return


def _header(line: bytes) -> tuple[str, str]:
    name, value = line.decode("latin-1").split(":", 1)
    return name.lower(), value.strip()


def status(code: int, body: bytes = b"", **headers: str) -> Behaviour:
    """A whole answer."""

    def answer(request: Received) -> None:
        request.connection.sendall(_head(code, len(body), headers) + body)

    return answer


def _head(code: int, length: int, headers: Mapping[str, str]) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {code} X", f"Content-Length: {length}", *(": ".join(each) for each in named.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def raw(content: bytes) -> Behaviour:
    """Whatever this is, then the end of the connection."""
    return lambda request: request.connection.sendall(content)


def hang(request: Received) -> None:
    """Silent until the client gives up."""
    request.connection.recv(1)


def reset(request: Received) -> None:
    """RST instead of an answer."""
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # At once, although the request's reader still holds on to it.
    os.close(request.connection.detach())


def drip(request: Received) -> None:
    """A byte now and then, for ever: each arrives in time, the answer never does."""
    request.connection.sendall(_head(200, 1_000_000, {}))
    ticks = threading.Event()
    while not ticks.wait(DRIP_S):
        request.connection.sendall(b".")


def drip_head(request: Received) -> None:
    request.connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    ticks = threading.Event()
    while not ticks.wait(DRIP_S):
        request.connection.sendall(b".")


def endless(request: Received) -> None:
    """A body without an end, as fast as it is read."""
    request.connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        request.connection.sendall(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")


def shorter_than_promised(request: Received) -> None:
    request.connection.sendall(_head(200, 1_000, {}) + b"no more than this")
