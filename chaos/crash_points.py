"""A walk that is ended by SIGKILL after its n-th effect, or is told that the n-th effect failed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from typing import Final

from chaos import effects
from chaos.effects import Effect
from chaos.recordings import KnownRecording
from core.settings import hand_down

FORK_SERVER: Final = multiprocessing.get_context("forkserver")
FORK_SERVER.set_forkserver_preload(["chaos.walk"])
PATIENCE_S: Final = 120.0


class Trouble(StrEnum):
    CRASH = "crash"
    """SIGKILL once it is done. To be killed before it is the same as after the effect before it."""
    LIE = "lie"
    """It is done, and said to have failed."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a walk meets its trouble."""

    effect: int
    """Counted from 1."""
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Walker:
    """Who walks, with what: everything is handed to a fresh process."""

    environment: Mapping[str, str]
    recording: KnownRecording
    api_key: str
    idempotency_key: str

    def walk(self, point: Point | None = None) -> Walked:
        ours, its = FORK_SERVER.Pipe(duplex=False)
        process = FORK_SERVER.Process(target=_walk, args=(self, point, its))
        process.start()
        its.close()
        names: list[str] = []
        try:
            while True:
                names.append(ours.recv())
        except EOFError:
            process.join(PATIENCE_S)
        if process.exitcode is None:
            process.kill()
            process.join()
        return Walked(status=process.exitcode, effects=tuple(Effect(name) for name in names))


@dataclass(frozen=True, slots=True)
class Walked:
    status: int | None
    """0 if it came to its end, -9 if it was killed, else it gave up."""
    effects: tuple[Effect, ...]
    """All that it had, in order."""


class _Interference:
    """Tells of each effect, and makes trouble at one of them."""

    def __init__(self, point: Point | None, audience: Connection) -> None:
        self._point = point
        self._audience = audience
        self._count = 0

    def before(self, effect: Effect) -> None:
        self._audience.send(effect.value)

    def after(self, effect: Effect) -> bool:  # noqa: ARG002 - trouble comes by number
        self._count += 1
        if self._point is None or self._count != self._point.effect:
            return False
        if self._point.trouble is Trouble.CRASH:
            os.kill(os.getpid(), signal.SIGKILL)
        return True


def _walk(walker: Walker, point: Point | None, audience: Connection) -> None:
    """In a process of its own."""
    from chaos.walk import walk  # noqa: PLC0415 - loaded by the fork server, and nowhere else

    hand_down(walker.environment)
    effects.install(_Interference(point, audience))
    walk(walker.recording, api_key=walker.api_key, idempotency_key=walker.idempotency_key)
