"""What happens when a worker's processes start and end."""

from __future__ import annotations

import logging
import os
import threading
from typing import Final

from celery.signals import heartbeat_sent, setup_logging, worker_process_init, worker_process_shutdown

from core import logging as log_lines
from workers import alive
from workers.preparation.tasks import this_spare
from workers.process import this_process
from workers.settings import WorkerSettings
from workers.transcription.tasks import this_device

logger = logging.getLogger(__name__)

PARENT_CHECK_S: Final = 1.0
START_FAILED_EXIT: Final = 78
"""Exit status of a child that could not load its engine; EX_CONFIG of sysexits.h."""


@setup_logging.connect
def log_as_json(**_: object) -> None:
    """Celery leaves logging alone when somebody answers this signal."""
    log_lines.configure(WorkerSettings().log_level)


@heartbeat_sent.connect
def tell_probes(**_: object) -> None:
    """In the parent, every two seconds while its loop turns. A device tells of itself."""
    settings = WorkerSettings()
    if settings.worker_model is None:
        alive.touch(settings.alive_file)


@worker_process_init.connect
def begin(**_: object) -> None:
    """In a fresh child, before its first task."""
    log_lines.configure(WorkerSettings().log_level)
    threading.Thread(target=_end_with, args=(os.getppid(),), name="orphan watch", daemon=True).start()
    if this_process().settings.worker_model is not None:
        _load_or_exit()


@worker_process_shutdown.connect
def end(**_: object) -> None:
    this_spare().close()
    if this_process().settings.worker_model is not None:
        this_device().close()


def _load_or_exit() -> None:
    # Celery logs what a signal's receiver raises and goes on: a child without its engine
    # would take hints and run none of them.
    try:
        this_device()
    except BaseException:
        logger.critical("engine not loaded", exc_info=True)
        os._exit(START_FAILED_EXIT)


def _end_with(parent: int) -> None:
    # A child whose parent was killed would go on for ever, its engine on the device.
    while os.getppid() == parent:
        threading.Event().wait(PARENT_CHECK_S)
    os._exit(1)
