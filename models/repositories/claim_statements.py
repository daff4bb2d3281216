"""The SQL of a claim, put together once: that costs more than to run it.

Whatever is the same in every claim stands in the text and not in a parameter. Only then can
Postgres keep one plan: of `state = $1` it does not know that the partial index fits, and of
`LIMIT $1` not how little will be read.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from sqlalchemy import (
    CTE,
    ColumnClause,
    ColumnElement,
    Interval,
    Select,
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
from models.job import Job
from models.leased_chunk import LeasedChunk
from models.repositories.fairness import advancing
from models.states import ChunkState, Lane


def _constant(value: str) -> ColumnClause[str]:
    return literal_column(f"'{value}'")


def _number(value: int) -> ColumnClause[int]:
    return literal_column(str(value))


QUEUED: Final = Chunk.state == _constant(ChunkState.QUEUED)
OF_MODEL: Final = Chunk.model == bindparam("of_model")


def _in_place(lane: ColumnElement[str], bucket: ColumnElement[int]) -> tuple[ColumnElement[bool], ...]:
    return (OF_MODEL, Chunk.lane == lane, Chunk.bucket == bucket, QUEUED, ~Chunk.alone)


def _heads() -> Select[tuple[Lane, int, float, bool]]:
    columns = (Chunk.lane, Chunk.bucket, Chunk.vft)
    probes = [
        select(*columns, false().label("alone"))
        .where(*_in_place(_constant(lane), _number(bucket)))
        .order_by(Chunk.vft, Chunk.id)
        for lane in Lane
        for bucket in BUCKETS
    ]
    suspect = select(*columns, true().label("alone")).where(OF_MODEL, QUEUED, Chunk.alone).order_by(Chunk.id)
    limited = (probe.limit(_number(1)).subquery() for probe in (*probes, suspect))
    found = union_all(*(select(probe) for probe in limited)).subquery()
    return select(found.c.lane, found.c.bucket, found.c.vft, found.c.alone)


HEADS: Final = _heads()
"""What is next in each lane and duration bucket, and the suspect that is next, by one index probe each.

Parameters: of_model.
"""


def _fitting(room: int) -> CTE:
    """The next of one lane and bucket, as many as fit into what is left."""
    # A CTE is read once; a subquery may be read again for each row and then locks more.
    first = (
        select(Chunk.id, Chunk.vft, (Chunk.end_ms - Chunk.start_ms).label("ms"))
        .where(*_in_place(bindparam("in_lane"), bindparam("in_bucket")))
        .order_by(Chunk.vft, Chunk.id)
        .limit(_number(room))
        .with_for_update(skip_locked=True)
        .cte("first")
    )
    running = func.sum(first.c.ms).over(order_by=(first.c.vft, first.c.id)).label("upto")
    summed = select(first.c.id, running).subquery()
    return select(summed.c.id).where(summed.c.upto <= bindparam("audio_ms")).cte("chosen")


def _suspect() -> CTE:
    return (
        select(Chunk.id)
        .where(OF_MODEL, QUEUED, Chunk.alone)
        .order_by(Chunk.id)
        .limit(_number(1))
        .with_for_update(skip_locked=True)
        .cte("suspect")
    )


def _leased(chosen: CTE) -> CTE:
    return (
        update(Chunk)
        .where(Chunk.id == chosen.c.id, QUEUED)
        .values(
            state=_constant(ChunkState.LEASED),
            attempt=Chunk.attempt + _number(1),
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


def _lease(chosen: CTE, *also: CTE) -> Select[tuple[object, ...]]:
    leased = _leased(chosen)
    return select(leased).add_cte(_begun(leased), *also)


LEASE_SUSPECT: Final = _lease(_suspect())
"""Rows are the fields of `LeasedChunk`. Parameters: of_model, by, ttl."""


@cache
def lease_next(room: int) -> Select[tuple[object, ...]]:
    """At most `room` chunks of one lane and bucket; rows are the fields of `LeasedChunk`.

    Parameters: of_model, by, ttl, in_lane, in_bucket, audio_ms, and of_queue, served for the fair clock.
    """
    advance = advancing(queue=bindparam("of_queue"), vft=bindparam("served"))
    return _lease(_fitting(room), advance.cte("clock"))
