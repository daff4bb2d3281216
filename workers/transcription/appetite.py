"""Hints are taken from the broker only when the device has room for what they announce."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from celery import bootsteps

from workers.settings import WorkerSettings
from workers.transcription.admission import LOOK_EVERY_S
from workers.transcription.tasks import this_device

MOST_AT_ONCE: Final = 3
"""Threads of a transcribe worker: one device batch commits, one is heard, one comes in."""


class PrefetchCount(Protocol):
    """Of Celery's connection to the broker."""

    @property
    def value(self) -> int: ...
    def increment_eventually(self, n: int) -> object: ...
    def decrement_eventually(self, n: int) -> object: ...


class Timer(Protocol):
    def cancel(self) -> object: ...


class Timers(Protocol):
    def call_repeatedly(self, secs: float, fun: Callable[[], None]) -> Timer: ...


class Consumer(Protocol):
    """What is needed of Celery's."""

    @property
    def qos(self) -> PrefetchCount | None: ...
    @property
    def timer(self) -> Timers: ...
    def call_soon(self, p: Callable[[], None]) -> object: ...


def do_nothing() -> None:
    """To have the event loop turn once more."""


class Appetite(bootsteps.StartStopStep):
    """Sets Celery's prefetch count, as its autoscaler does.

    A hint that waits here for the device could have been another worker's at once. So Celery may hold
    as many messages as device batches run, and one more while there is room.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Consumer, **_: object) -> None:
        super().__init__(consumer)
        self._consumer = consumer
        self._timer: Timer | None = None

    def include_if(self, _consumer: Consumer) -> bool:
        """Only where there is a device."""
        return WorkerSettings().worker_model is not None

    def start(self, consumer: Consumer) -> None:
        """At each connection to the broker: its prefetch count begins anew."""
        listeners = this_device().engine.listeners
        if self.adjust not in listeners:
            listeners.append(self.adjust)
        # Time alone makes room too: the engine comes nearer to its end.
        self._timer = consumer.timer.call_repeatedly(LOOK_EVERY_S, self.adjust)

    def stop(self, _consumer: Consumer) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def adjust(self) -> None:
        """Thread-safe."""
        wanted = max(1, min(MOST_AT_ONCE, this_device().runner.admission.welcome))
        qos = self._consumer.qos
        if qos is None or qos.value == wanted:
            return
        if wanted > qos.value:
            qos.increment_eventually(wanted - qos.value)
        else:
            qos.decrement_eventually(qos.value - wanted)
        self._consumer.call_soon(do_nothing)
