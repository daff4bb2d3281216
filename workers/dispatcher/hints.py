"""Which hints are due now, decided in one short transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from sqlalchemy.orm import Session

from core.broker import (
    DELIVER_QUEUE,
    FINISH_QUEUE,
    PREPARE_LIVE_QUEUE,
    PREPARE_QUEUE,
    TaskName,
    transcribe_queue,
)
from models import Lane, Worker
from models.repositories.chunks import ChunkRepository
from models.repositories.deliveries import DeliveryRepository
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.jobs import JobRepository
from models.repositories.workers import WorkerRepository

ASSUMED_BATCH_CHUNKS: Final = 8
"""Size of a device batch while no worker has said what it takes."""
DELIVERIES_AT_ONCE: Final = 64
"""Deliveries that may be announced at once, over all webhooks; bounds what lies in the broker."""

PREPARE_QUEUES: Final = {Lane.LIVE: PREPARE_LIVE_QUEUE, Lane.BULK: PREPARE_QUEUE}


@dataclass(frozen=True, slots=True)
class Hint:
    """A task name and an id, and where to send them."""

    task: TaskName
    subject: uuid.UUID
    queue: str
    summary: str


def due_hints(session: Session, *, models: Sequence[str], window: int) -> list[Hint]:
    """Notes each hint as sent; `forget` those that could not be."""
    return [
        *_finish(session, window),
        *_transcribe(session, models, window),
        *_prepare(session, window),
        *_deliver(session, DELIVERIES_AT_ONCE),
    ]


def forget(session: Session, hints: Sequence[Hint]) -> None:
    """They were not sent after all: due again at once."""
    subjects = [hint.subject for hint in hints]
    JobRepository(session).forget_hints(subjects)
    DeviceBatchRepository(session).forget_hints(subjects)
    DeliveryRepository(session).forget_hints(subjects)


def forget_all(session: Session) -> None:
    """The broker lost them all."""
    JobRepository(session).forget_all_hints()
    DeviceBatchRepository(session).forget_all_hints()
    DeliveryRepository(session).forget_all_hints()


def _prepare(session: Session, window: int) -> Iterator[Hint]:
    for lane in Lane:
        for job_id in JobRepository(session).hint_for_preparation(lane, window=window):
            yield Hint(TaskName.PREPARE, job_id, PREPARE_QUEUES[lane], f"{lane} job {job_id}")


def _finish(session: Session, window: int) -> Iterator[Hint]:
    for job_id in JobRepository(session).hint_for_finish(window=window):
        yield Hint(TaskName.FINISH, job_id, FINISH_QUEUE, f"job {job_id}")


def _deliver(session: Session, window: int) -> Iterator[Hint]:
    for delivery_id in DeliveryRepository(session).hint(window=window):
        yield Hint(TaskName.DELIVER, delivery_id, DELIVER_QUEUE, f"delivery {delivery_id}")


def _transcribe(session: Session, models: Sequence[str], window: int) -> Iterator[Hint]:
    batches = DeviceBatchRepository(session)
    workers = WorkerRepository(session).present()
    for batch in batches.hint_again(limit=window):
        yield _transcription(batch.id, batch.model)
    for model in models:
        missing = _wanted(session, model, workers) - batches.open_count(model)
        for _ in range(missing):
            yield _transcription(batches.open(model).id, model)


def _transcription(batch_id: uuid.UUID, model: str) -> Hint:
    return Hint(TaskName.TRANSCRIBE, batch_id, transcribe_queue(model), model)


def _wanted(session: Session, model: str, workers: Sequence[Worker]) -> int:
    """Open device batches that the backlog can fill, at most one for each device.

    One spare for each device keeps it busy; more would only lie in the broker, since what goes
    in is decided when a device is free.
    """
    mine = [worker for worker in workers if worker.model == model]
    devices = max(1, len(mine))
    size = max((worker.max_batch_chunks for worker in mine), default=ASSUMED_BATCH_CHUNKS)
    chunks = ChunkRepository(session)
    suspects = chunks.suspects(model, limit=devices)
    waiting = chunks.waiting(model, limit=devices * size)
    return min(devices, suspects + ceil(waiting / size))
