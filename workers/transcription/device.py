"""The one device of a transcribe worker: its engine, the runner that feeds it, and a sign that it lives."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from functools import partial
from typing import Self

from core.errors import DatabaseUnavailable
from models import Worker
from models.repositories.workers import WorkerRepository
from workers import alive
from workers.engine_process.hosts import START_FAILED_EXIT, ProcessHost
from workers.engine_process.keeper import EngineKeeper
from workers.process import Process
from workers.transcription.device_batches import DeviceBatchRunner
from workers.transcription.loading import load_engine
from workers.transcription.summary import Summary

logger = logging.getLogger(__name__)


def exit_without_engine() -> None:
    """Nothing is leased then: the engine's end gave it back. Whoever keeps the worker starts it anew."""
    logger.critical("engine not loaded again")
    os._exit(START_FAILED_EXIT)


class Device:
    """Started once in a process, and closed at its end."""

    def __init__(self, process: Process, engine: EngineKeeper) -> None:
        self.process = process
        self.engine = engine
        self.name = f"{socket.gethostname()}/{os.getpid()}"
        self.runner = DeviceBatchRunner(process, engine, worker=self.name)
        self._closed = threading.Event()
        self._presence = threading.Thread(target=self._stay_present, name="presence", daemon=True)

    @classmethod
    def load(cls, process: Process, model: str) -> Self:
        """Blocks until the engine is loaded and warm. Raises `EngineBroken` if it cannot be."""
        engine = EngineKeeper(
            partial(load_engine, model, log_level=process.settings.log_level),
            ProcessHost,
            retry_pause=process.settings.retry_pause.total_seconds(),
            on_unloadable=exit_without_engine,
        )
        engine.start()
        device = cls(process, engine)
        device._presence.start()
        return device

    def run(self, batch_id: uuid.UUID) -> Summary | None:
        return self.runner.run(batch_id)

    def drain(self) -> None:
        """Claim nothing more; what runs may end. For signal handlers: takes no lock."""
        self.runner.admission.drain()

    def abandon(self) -> None:
        """What runs is given back now, not ended."""
        self.drain()
        self.engine.abandon()

    def close(self) -> None:
        self.drain()
        self._closed.set()
        self._presence.join()
        self.runner.reader.close()
        self.engine.close()

    def _stay_present(self) -> None:
        pause = self.process.settings.heartbeat_every.total_seconds()
        self._tell(lambda workers: workers.beat(self._row()))
        while not self._closed.wait(pause):
            self._tell(lambda workers: workers.beat(self._row()))
        self._tell(lambda workers: workers.leave(self.name))

    def _tell(self, message: Callable[[WorkerRepository], None]) -> None:
        try:
            with self.process.sessions.begin() as session:
                message(WorkerRepository(session))
            alive.touch(self.process.settings.alive_file)
        except DatabaseUnavailable:
            logger.warning("presence not told")

    def _row(self) -> Worker:
        traits = self.engine.traits
        return Worker(
            name=self.name,
            model=traits.identity.model,
            engine_version=traits.identity.version,
            device=traits.identity.device,
            dtype=traits.identity.dtype,
            max_batch_ms=int(traits.max_batch_seconds * 1000),
            max_batch_chunks=traits.max_batch_chunks,
        )
