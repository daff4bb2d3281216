"""The directory that holds everything the embedded stack keeps, used by one supervisor at a time."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from core.errors import Conflict, StateDirectoryRefused
from embedded.credentials import Credentials, load_or_create
from embedded.files import private_directory

ORPHAN_TIMEOUT = 30.0
"""Seconds that servers of a killed supervisor get to finish."""
POLL = 0.05


class StateDirectory:
    """Claimed on entering; a second claim is refused, a killed one leaves no trace.

    Two locks: the supervisor holds the first alone. The second is inherited by every server, so
    whoever gets it knows that no server of an earlier run lives, whatever pid files say.
    """

    credentials: Credentials
    service_lock: int
    """File descriptor that servers are to keep open."""

    def __init__(self, path: Path, *, orphan_timeout: float = ORPHAN_TIMEOUT) -> None:
        self._orphan_timeout = orphan_timeout
        self.path = path.expanduser().absolute()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        _take_possession(self.path)
        with ExitStack() as opening:
            if not _locked(_open_lock(opening, self.path / "supervisor.lock"), wait=0):
                raise Conflict("Another Callscribe is running on this state directory.")
            self.service_lock = _open_lock(opening, self.path / "services.lock")
            if not _locked(self.service_lock, wait=self._orphan_timeout):
                raise Conflict("Servers of an earlier run on this state directory have not stopped.")
            self.credentials = load_or_create(self.path / "secrets.json")
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def directory(self, name: str) -> Path:
        return private_directory(self.path / name)


def _take_possession(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    if not path.is_dir() or path.stat().st_uid != os.geteuid():
        raise StateDirectoryRefused
    path.chmod(0o700)


def _open_lock(opening: ExitStack, path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    opening.callback(os.close, descriptor)
    return descriptor


def _locked(descriptor: int, *, wait: float) -> bool:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL)
        else:
            return True
