"""Names to addresses, for no longer than there is time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from typing import TypeAlias

from core.errors import RemoteNameUnknown, RemoteTimeout
from core.outbound.addresses import Address

Resolver: TypeAlias = Callable[[str, int], Sequence[Address]]
"""All addresses of a host, the best one first. Raises `RemoteNameUnknown`."""


def resolve(host: str, port: int) -> Sequence[Address]:
    """As this machine does it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RemoteNameUnknown from error
    # An address with a zone is link-local; without it, it is refused for that.
    return list(dict.fromkeys(ip_address(str(entry[4][0]).split("%")[0]) for entry in found))


def resolve_within(resolver: Resolver, host: str, port: int, *, seconds: float) -> Sequence[Address]:
    """The system's resolver knows no deadline: what is late is left to end by itself."""
    answers: SimpleQueue[Sequence[Address] | RemoteNameUnknown] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolver(host, port))
        except RemoteNameUnknown as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise RemoteTimeout from None
    if isinstance(answer, RemoteNameUnknown):
        raise answer
    if not answer:
        raise RemoteNameUnknown
    return answer
