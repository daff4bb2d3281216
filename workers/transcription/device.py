"""The one engine of a transcribe worker: loaded once, warmed, announced while it lives."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from typing import Final

from core.catalog import model_named
from core.errors import DatabaseUnavailable, EngineBroken
from models import Worker
from models.repositories.workers import WorkerRepository
from workers import alive
from workers.engines import registry
from workers.engines.base import Engine
from workers.engines.settings import EngineSettings
from workers.process import Process
from workers.transcription.device_batches import DeviceBatchRunner, Summary

logger = logging.getLogger(__name__)

BROKEN_EXIT: Final = 71
"""Exit status of a process whose device no longer answers; EX_OSERR of sysexits.h."""


class Device:
    """An engine, the runner that feeds it, and the thread that says it is there."""

    def __init__(self, process: Process, engine: Engine) -> None:
        self.process = process
        self.engine = engine
        self.name = f"{socket.gethostname()}/{os.getpid()}"
        self.runner = DeviceBatchRunner(process, engine, worker=self.name)
        self._closed = threading.Event()
        self._presence = threading.Thread(target=self._stay_present, name="presence", daemon=True)

    @classmethod
    def load(cls, process: Process, model: str) -> Device:
        """Blocks until the engine is loaded and warm. Raises `CheckpointUnavailable`."""
        engine = registry.load(model_named(model), EngineSettings())
        device = cls(process, engine)
        device._presence.start()
        return device

    def run(self, batch_id: uuid.UUID) -> Summary | None:
        try:
            return self.runner.run(batch_id)
        except EngineBroken:
            # Every later call would fail too, and unloading may hang. A fresh process starts over.
            logger.critical("device broken")
            os._exit(BROKEN_EXIT)

    def close(self) -> None:
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
        identity = self.engine.identity
        return Worker(
            name=self.name,
            model=identity.model,
            engine_version=identity.version,
            device=identity.device,
            dtype=identity.dtype,
            max_batch_ms=int(self.engine.max_batch_seconds * 1000),
            max_batch_chunks=self.engine.max_batch_chunks,
        )
