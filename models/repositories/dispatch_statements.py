"""The SQL of a dispatcher's round, put together once: that costs more than to run it."""

from __future__ import annotations

from functools import cache
from typing import Final

from sqlalchemy import ColumnElement, Exists, Select, Update, exists, func, select, update

from models.batch import Batch
from models.chunk import Chunk
from models.delivery import Delivery
from models.device_batch import DeviceBatch
from models.job import Job
from models.repositories.batches import TO_ADMIT
from models.repositories.claim_statements import OF_MODEL, OPEN, QUEUED
from models.repositories.hints import is_due
from models.repositories.jobs import waits_for
from models.repositories.literals import constant, number
from models.repositories.workers import IS_PRESENT
from models.states import DeliveryState, JobStage, Lane
from models.worker import Worker

DISPATCH_LOCK: Final = 0x64697370
"""Key of the advisory lock; `disp` in ASCII."""

AVAILABLE: Final = Job.available_at <= func.clock_timestamp()


def _to_prepare(lane: Lane, window: int) -> Select[*tuple[object, ...]]:
    """The first of a lane, in fair order."""
    waiting = (waits_for(JobStage.PREPARING), AVAILABLE, Job.lane == constant(lane))
    return _first(window, *waiting).order_by(Job.vft, Job.id)


def _to_finish(window: int) -> Select[*tuple[object, ...]]:
    return _first(window, waits_for(JobStage.FINISHING), AVAILABLE).order_by(Job.transcribed_at)


def _first(window: int, *conditions: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    return select(Job.id, Job.hinted_at, Job.hints).where(*conditions).limit(number(window))


def _any_due(head: Select[*tuple[object, ...]]) -> Exists:
    rows = head.subquery()
    return exists().where(is_due(rows.c.hinted_at, rows.c.hints))


@cache
def outlook(window: int) -> Select[*tuple[object, ...]]:
    """One row with the fields of `Outlook`."""
    waiting = Delivery.state == constant(DeliveryState.WAITING)
    return select(
        func.pg_try_advisory_xact_lock(number(DISPATCH_LOCK)).label("mine"),
        _any_due(_to_prepare(Lane.LIVE, window)).label("live"),
        _any_due(_to_prepare(Lane.BULK, window)).label("bulk"),
        _any_due(_to_finish(window)).label("finish"),
        exists().where(OPEN, is_due(DeviceBatch.hinted_at, DeviceBatch.hints)).label("device_batches"),
        exists().where(waiting, Delivery.available_at <= func.clock_timestamp()).label("deliveries"),
        exists().where(TO_ADMIT, Batch.available_at <= func.clock_timestamp()).label("batches"),
    )


@cache
def hint_for_preparation(lane: Lane, window: int) -> Update:
    return _hinting_jobs(_to_prepare(lane, window))


@cache
def hint_for_finish(window: int) -> Update:
    return _hinting_jobs(_to_finish(window))


def _hinting_jobs(head: Select[*tuple[object, ...]]) -> Update:
    """Rows are the fields of `Hinted`."""
    first = head.cte("first")
    # Only what is due is locked: whoever was sent a hint for the others may be claiming them now.
    due = (
        select(Job.id)
        .where(Job.id == first.c.id, is_due(Job.hinted_at, Job.hints))
        .with_for_update(of=Job, skip_locked=True)
        .cte("due")
    )
    noted = update(Job).where(Job.id == due.c.id)
    return noted.values(hinted_at=func.clock_timestamp(), hints=Job.hints + 1).returning(Job.id, Job.hints)


@cache
def hint_device_batches(limit: int) -> Update:
    """Rows are the fields of `HintedBatch`."""
    due = (
        select(DeviceBatch.id)
        .where(OPEN, is_due(DeviceBatch.hinted_at, DeviceBatch.hints))
        .order_by(DeviceBatch.hinted_at)
        .limit(number(limit))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    noted = update(DeviceBatch).where(DeviceBatch.id == due.c.id)
    return noted.values(hinted_at=func.clock_timestamp(), hints=DeviceBatch.hints + 1).returning(
        DeviceBatch.id, DeviceBatch.hints, DeviceBatch.model
    )


CREWS: Final = (
    select(Worker.model, func.count(), func.max(Worker.max_batch_chunks))
    .where(IS_PRESENT)
    .group_by(Worker.model)
)
"""Rows are a model and the fields of `Crew`."""


@cache
def demand(devices: int, batch_chunks: int) -> Select[*tuple[object, ...]]:
    """One row with the fields of `Demand`. Parameters: of_model."""
    queued = (Chunk.model == OF_MODEL, QUEUED)
    suspects = select(Chunk.id).where(*queued, Chunk.alone).limit(number(devices)).subquery()
    others = select(Chunk.id).where(*queued, ~Chunk.alone).limit(number(devices * batch_chunks)).subquery()
    announced = select(func.count()).where(DeviceBatch.model == OF_MODEL, OPEN)
    return select(
        select(func.count()).select_from(suspects).scalar_subquery(),
        select(func.count()).select_from(others).scalar_subquery(),
        announced.scalar_subquery(),
    )
