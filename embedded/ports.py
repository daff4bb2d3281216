"""Loopback ports: the user's, else those of the last run, else random ones."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from core.errors import Conflict
from embedded.files import write_private

LOOPBACK = "127.0.0.1"
CANDIDATES = range(10_240, 22_000)
"""Below the range from which clients get theirs, also when SeaweedFS adds its 10,000."""


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: connections of the last run that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


Usable: TypeAlias = Callable[[int], bool]


class PortBook:
    """Hands out each port once and remembers it under its name, so that URLs outlive a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        self._taken: set[int] = set()

    def port(
        self, name: str, *, wanted: int | None = None, twin_offset: int = 0, is_usable: Usable = is_free
    ) -> int:
        """A usable port, whose twin `twin_offset` above it is usable as well."""
        if wanted is not None:
            if not is_free(wanted):
                raise Conflict(f"Port {wanted}, set for {name}, is taken by another program.")
            return wanted
        port = self._kept.get(name, 0)
        while port in self._taken or not (port and is_usable(port) and is_usable(port + twin_offset)):
            port = random.choice(CANDIDATES)  # noqa: S311 - a port is no secret
        self._remember(name, port)
        return port

    def _remember(self, name: str, port: int) -> None:
        self._taken.add(port)
        if self._kept.get(name) != port:
            self._kept[name] = port
            write_private(self._path, json.dumps(self._kept, indent=2))
