"""Where an engine runs: in a process of its own, or for tests and comparisons in a thread."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Final, Protocol

from core.errors import EngineBroken
from workers.engine_process.loop import serve
from workers.engine_process.orphans import end_with_parent
from workers.engine_process.shelf import SharedFile
from workers.engines.base import ContinuousEngine

logger = logging.getLogger(__name__)

BROKEN_EXIT: Final = 71
"""Exit status of an engine whose device no longer answers; EX_OSERR of sysexits.h."""
START_FAILED_EXIT: Final = 78
"""Exit status of an engine, and of its worker, that could not be loaded; EX_CONFIG of sysexits.h."""
END_WITHIN_S: Final = 30.0
"""What an engine gets to unload before it is killed."""

Load = Callable[[], ContinuousEngine]
"""Makes the engine where it is to run; must survive pickling for `ProcessHost`."""


class Host(Protocol):
    """One life of an engine. Its end is seen at the connection, which is closed by then."""

    def start(self, load: Load, connection: Connection, file: int) -> None: ...

    def kill(self) -> None:
        """At once; harmless after the end."""
        ...

    def end(self) -> int | None:
        """Wait until it is gone, kill it if that takes too long; its exit status, if it has one."""
        ...


class ProcessHost:
    """Spawned, since CUDA cannot be used in a fork of a process that has threads."""

    def __init__(self) -> None:
        self._process: multiprocessing.process.BaseProcess | None = None

    def start(self, load: Load, connection: Connection, file: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=run, args=(load, connection, SharedFile(file)), name="engine")
        self._process.start()
        connection.close()
        # It ignores the signal with which Python ends children that are left at its own end.
        atexit.register(self.kill)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def end(self) -> int | None:
        if self._process is None:
            return None
        self._process.join(END_WITHIN_S)
        self._process.kill()
        self._process.join()
        atexit.unregister(self.kill)
        return self._process.exitcode


def run(load: Load, connection: Connection, file: SharedFile) -> None:
    """All that the engine's process does."""
    # A signal to the whole group is the worker's: it drains, then closes the connection.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    end_with_parent()
    try:
        engine = load()
    except BaseException:
        logger.critical("engine not loaded", exc_info=True)
        os._exit(START_FAILED_EXIT)
    try:
        serve(engine, connection, file.descriptor)
    except EngineBroken:
        # Every later call would fail too, and unloading may hang.
        logger.critical("device broken", exc_info=True)
        os._exit(BROKEN_EXIT)
    engine.close()


class ThreadHost:
    """The same loop beside its callers. It cannot be killed; what it raises ends it."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None

    def start(self, load: Load, connection: Connection, file: int) -> None:
        self._connection = connection
        self._thread = threading.Thread(
            target=self._run, args=(load, connection, os.dup(file)), name="engine", daemon=True
        )
        self._thread.start()

    def kill(self) -> None:
        """Cannot be done to a thread."""

    def end(self) -> int | None:
        if self._thread is not None:
            self._thread.join(END_WITHIN_S)
        return None

    def _run(self, load: Load, connection: Connection, file: int) -> None:
        try:
            engine = load()
            serve(engine, connection, file)
            engine.close()
        except BaseException:
            logger.critical("engine ended", exc_info=True)
        finally:
            connection.close()
            os.close(file)
