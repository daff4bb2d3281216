"""A connection to the very address that was checked, in which everything ends at one deadline."""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Final

import httpcore
from typing_extensions import override

from core.errors import RemoteDisconnected, RemoteRefused, RemoteTimeout, RemoteTlsFailed
from core.outbound.addresses import Address, AddressRules
from core.outbound.resolving import Resolver, resolve_within

LONGEST_CONNECT_S: Final = 10.0
"""For one of several addresses, so that the next has its turn."""


def _nothing() -> None: ...


class Deadline:
    """By the wall clock: a peer that sends a byte now and then does not move it."""

    def __init__(
        self, seconds: float, *, longest_step: float = math.inf, on_step: Callable[[], None] = _nothing
    ) -> None:
        """No single step may take longer than `longest_step`; `on_step` is called before each."""
        self._ends_at = time.monotonic() + seconds
        self._longest_step = longest_step
        self._on_step = on_step

    def left(self) -> float:
        """Seconds for the next step; raises `RemoteTimeout` when there are none."""
        self._on_step()
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise RemoteTimeout
        return min(left, self._longest_step)


class PinnedBackend(httpcore.NetworkBackend):
    """Resolves once, refuses a name with any bad address, and connects to what it has checked.

    Host header, SNI and the certificate's name stay those of the URL.
    """

    address: Address | None = None
    """Where the connection led, or was last tried."""
    hung_up = False
    """Whether the peer ended the connection. Over TLS a reset looks like any other end."""

    def __init__(self, rules: AddressRules, resolver: Resolver, deadline: Deadline) -> None:
        self._rules = rules
        self._resolver = resolver
        self.deadline = deadline

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = resolve_within(self._resolver, host, port, seconds=self.deadline.left())
        self.address = addresses[0]
        self._rules.check_addresses(host, addresses)
        *others, last = addresses
        for address in others:
            try:
                return self._connect(address, port)
            except (RemoteRefused, RemoteTimeout):
                continue
        return self._connect(last, port)

    def _connect(self, address: Address, port: int) -> PinnedStream:
        self.address = address
        seconds = min(self.deadline.left(), LONGEST_CONNECT_S)
        try:
            connected = socket.create_connection((str(address), port), timeout=seconds)
        except TimeoutError as error:
            raise RemoteTimeout from error
        except OSError as error:
            raise RemoteRefused from error
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return PinnedStream(connected, self)


class PinnedStream(httpcore.NetworkStream):
    """Each call gets what is left of the time, whatever it is told."""

    def __init__(self, connected: socket.socket, backend: PinnedBackend) -> None:
        self._socket = connected
        self._backend = backend

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._socket.settimeout(self._backend.deadline.left())
        try:
            received = self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise RemoteTimeout from error
        except OSError as error:
            raise RemoteDisconnected from error
        self._backend.hung_up = not received
        return received

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        while view:
            self._socket.settimeout(self._backend.deadline.left())
            try:
                sent = self._socket.send(view)
            except TimeoutError as error:
                raise RemoteTimeout from error
            except OSError as error:
                # Perhaps the peer has answered before it hung up: httpcore then looks.
                raise httpcore.WriteError from error
            view = view[sent:]

    @override
    def close(self) -> None:
        self._socket.close()

    @override
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        self._socket.settimeout(self._backend.deadline.left())
        try:
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise RemoteTimeout from error
        except ssl.SSLError as error:
            self.close()
            raise RemoteTlsFailed(f"TLS failed: {error.reason or error}.") from error
        except OSError as error:
            self.close()
            raise RemoteDisconnected from error
        return PinnedStream(secured, self._backend)
