"""Which hints are due now, decided in one short transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from sqlalchemy.orm import Session

from core.broker import (
    ADMIT_QUEUE,
    DELIVER_QUEUE,
    FINISH_QUEUE,
    PREPARE_LIVE_QUEUE,
    PREPARE_QUEUE,
    TaskName,
    transcribe_queue,
)
from models import Lane
from models.repositories.batches import BatchRepository
from models.repositories.deliveries import DeliveryRepository
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.dispatching import Crew, Dispatching
from models.repositories.jobs import JobRepository

PATIENT_RESENDS: Final = 4
"""So often a hint that is due again is not worth a message while its queue is not empty: half a minute. It
mostly lies there. After that it is sent all the same, for a queue may never be empty."""
DELIVERIES_AT_ONCE: Final = 64
"""Deliveries that may be announced at once, over all webhooks; bounds what lies in the broker."""

ADMISSIONS_AT_ONCE: Final = 1
"""Batches that may be announced at once: their workers are those that prepare recordings."""

PREPARE_QUEUES: Final = {Lane.LIVE: PREPARE_LIVE_QUEUE, Lane.BULK: PREPARE_QUEUE}


@dataclass(frozen=True, slots=True)
class Hint:
    """A task name and an id, and where to send them."""

    task: TaskName
    subject: uuid.UUID
    queue: str
    summary: str
    hints: int = 1
    """How many were sent, this one included."""

    @property
    def can_wait(self) -> bool:
        """Whether the last one may still lie in its queue."""
        return 1 < self.hints <= 1 + PATIENT_RESENDS


def due_hints(session: Session, *, models: Sequence[str], window: int) -> list[Hint]:
    """Notes each hint as sent; `forget` those that could not be. None while another dispatches."""
    dispatching = Dispatching(session)
    outlook = dispatching.outlook(window=window)
    if not outlook.mine:
        return []
    return [
        *(_finish(dispatching, window) if outlook.finish else ()),
        *(_again(dispatching, window) if outlook.device_batches else ()),
        *_transcribe(dispatching, models),
        *(_prepare(dispatching, Lane.LIVE, window) if outlook.live else ()),
        *(_prepare(dispatching, Lane.BULK, window) if outlook.bulk else ()),
        *(_deliver(session, DELIVERIES_AT_ONCE) if outlook.deliveries else ()),
        *(_admit(session, ADMISSIONS_AT_ONCE) if outlook.batches else ()),
    ]


def forget(session: Session, hints: Sequence[Hint]) -> None:
    """They were not sent after all: due again at once."""
    subjects = [hint.subject for hint in hints]
    JobRepository(session).forget_hints(subjects)
    DeviceBatchRepository(session).forget_hints(subjects)
    DeliveryRepository(session).forget_hints(subjects)
    BatchRepository(session).forget_hints(subjects)


def forget_all(session: Session) -> None:
    """The broker lost them all."""
    JobRepository(session).forget_all_hints()
    DeviceBatchRepository(session).forget_all_hints()
    DeliveryRepository(session).forget_all_hints()
    BatchRepository(session).forget_all_hints()


def _prepare(dispatching: Dispatching, lane: Lane, window: int) -> Iterator[Hint]:
    for job_id, hints in dispatching.hint_for_preparation(lane, window=window):
        yield Hint(TaskName.PREPARE, job_id, PREPARE_QUEUES[lane], f"{lane} job {job_id}", hints)


def _finish(dispatching: Dispatching, window: int) -> Iterator[Hint]:
    for job_id, hints in dispatching.hint_for_finish(window=window):
        yield Hint(TaskName.FINISH, job_id, FINISH_QUEUE, f"job {job_id}", hints)


def _deliver(session: Session, window: int) -> Iterator[Hint]:
    for delivery_id in DeliveryRepository(session).hint(window=window):
        yield Hint(TaskName.DELIVER, delivery_id, DELIVER_QUEUE, f"delivery {delivery_id}")


def _admit(session: Session, window: int) -> Iterator[Hint]:
    for batch_id, hints in BatchRepository(session).hint(window=window):
        yield Hint(TaskName.ADMIT, batch_id, ADMIT_QUEUE, f"batch {batch_id}", hints)


def _again(dispatching: Dispatching, window: int) -> Iterator[Hint]:
    for batch_id, hints, model in dispatching.hint_again(limit=window):
        yield _transcription(batch_id, model, hints)


def _transcribe(dispatching: Dispatching, models: Sequence[str]) -> Iterator[Hint]:
    crews = dispatching.crews()
    for model in models:
        for _ in range(_missing(dispatching, model, crews.get(model, Crew()))):
            yield _transcription(DeviceBatchRepository(dispatching.session).open(model).id, model)


def _transcription(batch_id: uuid.UUID, model: str, hints: int = 1) -> Hint:
    return Hint(TaskName.TRANSCRIBE, batch_id, transcribe_queue(model), model, hints)


def _missing(dispatching: Dispatching, model: str, crew: Crew) -> int:
    """Device batches that are to be opened: those that the backlog can fill, at most one for each device.

    One spare for each device keeps it busy; more would only lie in the broker, since what goes
    in is decided when a device is free.
    """
    demand = dispatching.demand(model, crew)
    wanted = min(crew.devices, demand.suspects + ceil(demand.waiting / crew.batch_chunks))
    return wanted - demand.announced
