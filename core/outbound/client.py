"""The client itself: one request on a connection of its own, no redirects, no proxy, bounded in all."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import certifi
import httpcore

from core.errors import AddressForbidden, RemoteDisconnected, RemoteFailure, RemoteMalformed, ResponseTooLarge
from core.outbound.addresses import AddressRules
from core.outbound.connection import Deadline, PinnedBackend
from core.outbound.resolving import Resolver, resolve
from core.outbound.targets import Target
from core.version import VERSION


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer whose body is still to come."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    address: str
    pieces: Iterator[bytes]
    """As they came over the wire; no Content-Encoding is undone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One that came as a whole."""

    status: int
    headers: Mapping[str, str]
    address: str
    body: bytes


class OutboundClient:
    """Safe for threads; holds no connection between requests, so each one is checked anew.

    Errors are `InvalidRequest` for a URL that is none, `AddressForbidden`, and those of the family
    `RemoteFailure`; both of the latter carry what was learned before: `address` and `status`.
    """

    def __init__(
        self, rules: AddressRules, *, ca_file: Path | None = None, resolver: Resolver = resolve
    ) -> None:
        self._rules = rules
        self._resolver = resolver
        self._tls = trusting(ca_file)

    def send(self, request: Request, *, seconds: float, body_limit: int) -> Answer:
        """The whole answer, which has so long to come and may have so many bytes."""
        with self.open(request, deadline=Deadline(seconds)) as incoming:
            body = bytearray()
            for piece in incoming.pieces:
                body += piece
                if len(body) > body_limit:
                    raise ResponseTooLarge
        return Answer(incoming.status, incoming.headers, incoming.address, bytes(body))

    @contextmanager
    def open(self, request: Request, *, deadline: Deadline) -> Iterator[Incoming]:
        """The answer as it comes; the time runs on while it is read."""
        target = Target.of(request.url)
        self._rules.check_place(target.scheme, target.host, target.port)
        backend = PinnedBackend(self._rules, self._resolver, deadline)
        connection = httpcore.HTTPConnection(
            target.url.origin, ssl_context=self._tls, network_backend=backend
        )
        incoming: Incoming | None = None
        try:
            with connection, _named(backend):
                headers = [*_HEADERS, ("Host", target.authority), *request.headers.items()]
                with connection.stream(
                    request.method, target.url, headers=headers, content=request.content or None
                ) as response:
                    incoming = _incoming(response, backend)
                    yield incoming
        except (AddressForbidden, RemoteFailure) as error:
            error.address = error.address or (str(backend.address) if backend.address else None)
            error.status = error.status or (incoming.status if incoming else None)
            raise


_HEADERS = (("User-Agent", f"Callscribe/{VERSION}"), ("Accept-Encoding", "identity"), ("Connection", "close"))


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """The system's authorities, those of certifi where an image has none, and the operator's own."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def _incoming(response: httpcore.Response, backend: PinnedBackend) -> Incoming:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    return Incoming(response.status, headers, str(backend.address), response.iter_stream())


@contextmanager
def _named(backend: PinnedBackend) -> Iterator[None]:
    try:
        yield
    except httpcore.ProtocolError as error:
        raise (RemoteDisconnected if backend.hung_up else RemoteMalformed) from error
