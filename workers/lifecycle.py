"""What happens when a worker's processes start and end."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import Final

from celery.apps.worker import Worker
from celery.signals import (
    celeryd_after_setup,
    heartbeat_sent,
    setup_logging,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

from core import logging as log_lines
from core.broker import PREPARE_QUEUE
from core.errors import EngineBroken
from workers import alive
from workers.app import app
from workers.engine_process.hosts import START_FAILED_EXIT
from workers.engine_process.orphans import end_with_parent
from workers.preparation.decoder import standing
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.decoder.standing import Standing
from workers.preparation.decoder.walls import Wall
from workers.process import this_process
from workers.settings import WorkerSettings
from workers.transcription.appetite import Appetite
from workers.transcription.departure import Departure
from workers.transcription.tasks import this_device

logger = logging.getLogger(__name__)

app.steps["consumer"].add(Appetite)


@dataclass(slots=True)
class Found:
    """By the parent, for the children that it forks."""

    missing_walls: frozenset[Wall] | None = None
    """What its decoders lack; None where it prepares nothing."""


_FOUND: Final = Found()


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


@celeryd_after_setup.connect
def tell_of_decoders(instance: Worker, **_: object) -> None:
    """Once its queues are known, and before it has children."""
    if PREPARE_QUEUE in instance.app.amqp.queues.consume_from:
        _FOUND.missing_walls = standing.missing_walls(WorkerSettings().decoder, Nursery())


@worker_init.connect
def load(**_: object) -> None:
    """Before the worker takes its first hint."""
    settings = WorkerSettings()
    if settings.worker_model is None:
        return
    log_lines.configure(settings.log_level)
    try:
        this_device()
    except EngineBroken:
        # It has said why. Only what is no `Exception` gets past Celery.
        sys.exit(START_FAILED_EXIT)


@worker_ready.connect
def prepare_to_leave(**_: object) -> None:
    settings = WorkerSettings()
    if settings.worker_model is not None:
        Departure(this_device(), grace=settings.quit_grace).install()


@worker_shutting_down.connect
def drain(**_: object) -> None:
    """In the signal's handler: nothing here may wait for a lock."""
    if WorkerSettings().worker_model is not None:
        this_device().drain()


@worker_shutdown.connect
def unload(**_: object) -> None:
    """After the last task."""
    if WorkerSettings().worker_model is not None:
        this_device().close()


@worker_process_init.connect
def begin(**_: object) -> None:
    """In a fresh child of the CPU's queues, before its first task."""
    log_lines.configure(WorkerSettings().log_level)
    end_with_parent()
    if _FOUND.missing_walls is not None:
        Standing(this_process(), _FOUND.missing_walls).start()


@worker_process_shutdown.connect
def end(**_: object) -> None:
    this_process().nursery.close()
