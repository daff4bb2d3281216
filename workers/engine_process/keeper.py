"""Keeps one engine alive: when it ends, those who waited are told and another one is started."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from math import inf
from typing import Final

from core.errors import EngineBroken
from workers.engine_process.hearing import Hearing
from workers.engine_process.hosts import END_WITHIN_S, Host, Load
from workers.engine_process.life import Life
from workers.engine_process.messages import Traits

logger = logging.getLogger(__name__)

LONGEST_PAUSE_S: Final = 60.0


def do_nothing() -> None:
    """For those who need not be told."""


class EngineKeeper:
    """Thread-safe. The thread that starts the engine's process lives as long as the keeper."""

    def __init__(
        self,
        load: Load,
        host: Callable[[], Host],
        *,
        retry_pause: float = 2.0,
        on_unloadable: Callable[[], None] = do_nothing,
    ) -> None:
        """`on_unloadable` is called when an engine that worked before cannot be loaded any more."""
        self._traits: Traits | None = None
        self.listeners: list[Callable[[], None]] = []
        """Called, from the keeper's thread, whenever a chunk ended or an engine came or went."""
        self._load = load
        self._host = host
        self._retry_pause = retry_pause
        self._on_unloadable = on_unloadable
        self._life: Life | None = None
        self._fruitless = 0
        """Engines in a row that ended before they had heard anything."""
        self._loaded = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="engine keeper", daemon=True)

    def start(self) -> None:
        """Blocks until the engine is loaded and warm; `EngineBroken` if it cannot be."""
        self._thread.start()
        self._loaded.wait()
        if self._life is None:
            raise EngineBroken("The engine could not be loaded.")

    @property
    def traits(self) -> Traits:
        """Of the present engine, else of the last one. `EngineBroken` before the first."""
        life = self._life
        if life is not None:
            self._traits = life.traits
        if self._traits is None:
            raise EngineBroken
        return self._traits

    def open(self) -> Hearing:
        """A place for one device batch. `EngineBroken` while there is no engine."""
        life = self._life
        if life is None:
            raise EngineBroken
        return Hearing(life)

    def until_room(self) -> float:
        """Seconds until the engine could begin with another chunk; infinite while there is none."""
        life = self._life
        return inf if life is None else life.until_room()

    def kill(self) -> None:
        """As the kernel would; another one is started."""
        life = self._life
        if life is not None:
            life.kill()

    @property
    def is_abandoned(self) -> bool:
        """Its end was wanted: nothing that was inside is to blame."""
        return self._closing.is_set()

    def abandon(self) -> None:
        """End it at once and for good."""
        self._closing.set()
        self.kill()

    def close(self) -> None:
        """End it for good. What is still inside is lost."""
        self._closing.set()
        life = self._life
        if life is not None:
            life.close()
        self._thread.join(END_WITHIN_S)
        self.kill()
        self._thread.join()

    def _keep(self) -> None:
        while not self._closing.is_set():
            try:
                self._life = Life.begin(self._host(), self._load)
            except EngineBroken:
                self._give_up()
                return
            self._traits = self._life.traits
            self._loaded.set()
            self._tell()
            if self._closing.is_set():
                self._life.close()
            self._attend(self._life)

    def _attend(self, life: Life) -> None:
        while life.listen():
            self._tell()
        self._life = None
        self._tell()
        status = life.end()
        if not self._closing.is_set():
            logger.critical("engine lost", extra={"status": status})
            self._closing.wait(self._pause_after(life))

    def _tell(self) -> None:
        for listener in self.listeners:
            listener()

    def _pause_after(self, life: Life) -> float:
        """None after the first one; growing while one engine after the other hears nothing."""
        self._fruitless = 0 if life.has_heard else self._fruitless + 1
        if self._fruitless < 2:
            return 0.0
        return min(LONGEST_PAUSE_S, self._retry_pause * 2.0 ** min(self._fruitless - 2, 10))

    def _give_up(self) -> None:
        if self._loaded.is_set():
            self._on_unloadable()
        self._loaded.set()
