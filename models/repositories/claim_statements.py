"""The SQL of a claim, put together once: that costs more than to run it."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Double,
    FromClause,
    Interval,
    Select,
    Text,
    Update,
    bindparam,
    false,
    func,
    literal_column,
    select,
    true,
    union_all,
    update,
)

from models.chunk import BUCKETS, Chunk
from models.device_batch import DeviceBatch
from models.job import Job
from models.leased_chunk import LeasedChunk
from models.repositories.fairness import advancing, queue_of_transcription
from models.repositories.literals import constant, number
from models.states import ChunkState, DeviceBatchState, Lane

QUEUED: Final = Chunk.state == constant(ChunkState.QUEUED)
OPEN: Final = DeviceBatch.state == constant(DeviceBatchState.OPEN)
LANES_IN_ORDER: Final = (Lane.LIVE, Lane.BULK)
"""Nothing of a lane is taken first while anything waits in one before it."""
OF_MODEL: Final = bindparam("of_model", type_=Text())


def _in_place(
    model: ColumnElement[str], lane: ColumnElement[str], bucket: ColumnElement[int]
) -> tuple[ColumnElement[bool], ...]:
    return (Chunk.model == model, Chunk.lane == lane, Chunk.bucket == bucket, QUEUED, ~Chunk.alone)


def _opened() -> CTE:
    """The device batch, locked, if it is still open and nobody else is about to start it."""
    return (
        select(DeviceBatch.id, DeviceBatch.model, (DeviceBatch.attempt + number(1)).label("fence"))
        .where(DeviceBatch.id == bindparam("by"), OPEN)
        .with_for_update(skip_locked=True)
        .cte("opened")
    )


def _heads(of: CTE) -> CTE:
    """What is next of a model in each place, and the suspect that is next, by one index probe each."""
    lanes = union_all(
        *(
            select(number(rank).label("rank"), constant(lane).label("lane"))
            for rank, lane in enumerate(LANES_IN_ORDER)
        )
    ).subquery("lanes")
    # Not named as the column: inside the probe that would be another.
    bucket = func.generate_series(number(BUCKETS[0]), number(BUCKETS[-1])).column_valued("of_bucket")
    head = (
        select(Chunk.vft)
        .where(*_in_place(of.c.model, lanes.c.lane, bucket))
        .order_by(Chunk.vft, Chunk.id)
        .limit(number(1))
        .lateral("head")
    )
    probes = select(lanes, bucket.label("bucket"), head.c.vft, false().label("suspect")).select_from(
        of.join(lanes, true()).join(bucket.scalar_alias, true()).join(head, true())
    )
    suspect = (
        select(number(len(LANES_IN_ORDER)), Chunk.lane, Chunk.bucket, Chunk.vft, true())
        .where(Chunk.model == of.c.model, QUEUED, Chunk.alone)
        .order_by(Chunk.id)
        .limit(number(1))
    )
    return union_all(probes, suspect).cte("heads")


def _due(of: CTE, heads: CTE, seen: CTE) -> CTE:
    """The head that is served first; none while there is a suspect, which will be served alone."""
    return (
        select(of.c.model, heads.c.lane, heads.c.bucket, heads.c.vft)
        .select_from(of.join(heads, true()).join(seen, true()))
        .where(~seen.c.suspected)
        .order_by(heads.c.rank, heads.c.vft, heads.c.bucket)
        .limit(number(1))
        .cte("due")
    )


def _next_in(
    room: int, model: ColumnElement[str], lane: ColumnElement[str], bucket: ColumnElement[int]
) -> Select[int, float, int]:
    return (
        select(Chunk.id, Chunk.vft, (Chunk.end_ms - Chunk.start_ms).label("ms"))
        .where(*_in_place(model, lane, bucket))
        .order_by(Chunk.vft, Chunk.id)
        .limit(number(room))
        .with_for_update(skip_locked=True)
    )


def _summed(queue: FromClause, source: FromClause) -> CTE:
    """Those chunks, each with the audio up to its end."""
    upto = func.sum(queue.c.ms).over(order_by=(queue.c.vft, queue.c.id)).label("upto")
    # A CTE is read once; a subquery may be read again for each row and then locks more.
    return select(queue.c.id, upto).select_from(source).cte("summed")


def _fitting(summed: CTE) -> CTE:
    """As many of these as fit into what is left."""
    return _leased(summed, summed.c.upto <= bindparam("audio_ms"))


def _leased(chosen: CTE, *conditions: ColumnElement[bool]) -> CTE:
    return (
        update(Chunk)
        .where(Chunk.id == chosen.c.id, QUEUED, *conditions)
        .values(
            state=constant(ChunkState.LEASED),
            attempt=Chunk.attempt + number(1),
            device_batch_id=bindparam("by"),
            lease_expires_at=func.clock_timestamp() + bindparam("ttl", type_=Interval()),
        )
        .returning(*(getattr(Chunk, name) for name in LeasedChunk._fields))
        .cte("leased")
    )


def _begun(leased: CTE) -> CTE:
    """Says on each job that a device has begun with it."""
    # Skipping locked rows: a claim never waits, and another chunk of the job will note it too.
    fresh = (
        select(Job.id)
        .where(Job.id.in_(select(leased.c.job_id)), Job.recognizing_at.is_(None))
        .with_for_update(skip_locked=True)
        .cte("fresh")
    )
    begun = update(Job).where(Job.id == fresh.c.id).values(recognizing_at=func.clock_timestamp())
    return begun.returning(Job.id).cte("begun")


def running(**held: ColumnElement[Any]) -> Update:
    """Some device batches run from now on, with what is held. Parameters: worker, ttl."""
    return update(DeviceBatch).values(
        state=constant(DeviceBatchState.RUNNING),
        worker=bindparam("worker", type_=Text()),
        started_at=func.clock_timestamp(),
        lease_expires_at=func.clock_timestamp() + bindparam("ttl", type_=Interval()),
        **held,
    )


def _started(room: int, *, opened: CTE, heads: CTE, leased: CTE) -> CTE:
    """If anything was leased, the device batch runs with it; another head means that not all was."""
    held = (
        select(
            opened.c.id,
            func.count().label("chunks"),
            func.count(leased.c.job_id.distinct()).label("jobs"),
            func.sum(leased.c.end_ms - leased.c.start_ms).label("ms"),
        )
        .select_from(opened.join(leased, true()))
        .group_by(opened.c.id)
        .cte("held")
    )
    share_of_audio = held.c.ms.op("/")(bindparam("audio_ms", type_=Double()))
    share_of_room = held.c.chunks.op("/")(literal_column(f"{room}.0"))
    statement = running(
        attempt=DeviceBatch.attempt + number(1),
        audio_ms=held.c.ms,
        chunk_count=held.c.chunks,
        job_count=held.c.jobs,
        fill=func.greatest(share_of_audio, share_of_room),
        backlog=select(func.count() > number(1)).select_from(heads).scalar_subquery(),
    )
    return statement.where(DeviceBatch.id == held.c.id, OPEN).cte("started")


@cache
def lease_due(room: int) -> Select[tuple[object, ...]]:
    """Looks what is next everywhere, and starts an open device batch with at most `room` of what is due.

    Rows are its `model` and new `fence`, how many `heads` there are, whether one is `suspected`, `lane` and
    `vft` of the head that is due, and the fields of `LeasedChunk`: empty in the only row if nothing was
    leased. A device batch that is not open, or being started by another, has no row.
    Parameters: by, worker, ttl, audio_ms.
    """
    opened = _opened()
    heads = _heads(opened)
    seen = select(func.count().label("heads"), func.bool_or(heads.c.suspect).label("suspected")).cte("seen")
    due = _due(opened, heads, seen)
    queue = _next_in(room, due.c.model, due.c.lane, due.c.bucket).lateral("queue")
    leased = _fitting(_summed(queue, due.join(queue, true())))
    served = select(queue_of_transcription(due.c.model, due.c.lane).label("queue"), due.c.vft).cte("served")
    return (
        select(opened.c.model, opened.c.fence, seen, due.c.lane, due.c.vft, leased)
        .select_from(opened.join(seen, true()).outerjoin(due, true()).outerjoin(leased, true()))
        .add_cte(
            _begun(leased),
            advancing(served).cte("clock"),
            _started(room, opened=opened, heads=heads, leased=leased),
        )
    )


def _look() -> Select[tuple[object, ...]]:
    model = select(OF_MODEL.label("model")).cte("model")
    return select(_heads(model))


LOOK: Final = _look()
"""Rows are lane, bucket, vft and suspect of what is next in each place, and of the suspect that is next.

Parameters: of_model.
"""


@cache
def lease_next(room: int) -> Select[tuple[object, ...]]:
    """At most `room` chunks of one lane and bucket; rows are the fields of `LeasedChunk`.

    Parameters: of_model, by, ttl, in_lane, in_bucket, audio_ms, and of_queue, served for the fair clock.
    """
    queue = _next_in(room, OF_MODEL, bindparam("in_lane"), bindparam("in_bucket")).subquery("queue")
    served = select(bindparam("of_queue").label("queue"), bindparam("served").label("vft")).cte("served")
    leased = _fitting(_summed(queue, queue))
    return select(leased).add_cte(_begun(leased), advancing(served).cte("clock"))


def _lease_suspect() -> Select[tuple[object, ...]]:
    suspect = (
        select(Chunk.id)
        .where(Chunk.model == OF_MODEL, QUEUED, Chunk.alone)
        .order_by(Chunk.id)
        .limit(number(1))
        .with_for_update(skip_locked=True)
        .cte("suspect")
    )
    leased = _leased(suspect)
    return select(leased).add_cte(_begun(leased))


LEASE_SUSPECT: Final = _lease_suspect()
"""Rows are the fields of `LeasedChunk`. Parameters: of_model, by, ttl."""
