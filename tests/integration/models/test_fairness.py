"""Who is served first while several owners wait."""

from __future__ import annotations

import uuid

import pytest

from core.database import SessionFactory
from models import Chunk, Job, Lane
from tests import builders


def hand_over(
    sessions: SessionFactory, name: str, *, chunks: int, lane: Lane = Lane.BULK, weight: float = 1.0
) -> uuid.UUID:
    with sessions.begin() as session:
        owner = builders.owner(session, name)
        owner.weight = weight
        session.flush()
        builders.prepared_job(session, owner, chunks=chunks, lane=lane)
        return owner.id


def served(sessions: SessionFactory, batches: int) -> list[uuid.UUID]:
    """Whose chunks the next device batches take, in order."""
    with sessions.begin() as session:
        owners = {job.id: job.owner_id for job in session.query(Job)}
    return [owners[chunk.job_id] for _ in range(batches) for chunk in builders.started_batch(sessions)[1]]


class TestFairness:
    def test_a_late_comer_is_served_within_two_device_batches(self, sessions: SessionFactory) -> None:
        hand_over(sessions, "bulk", chunks=500)
        builders.started_batch(sessions)
        late = hand_over(sessions, "late", chunks=1)

        assert late in served(sessions, batches=2)

    def test_equal_owners_get_equal_shares(self, sessions: SessionFactory) -> None:
        first = hand_over(sessions, "first", chunks=100)
        second = hand_over(sessions, "second", chunks=100)

        shares = served(sessions, batches=10)

        assert abs(shares.count(first) - shares.count(second)) <= builders.ROOM.chunks

    def test_an_owner_of_twice_the_weight_gets_twice_as_much(self, sessions: SessionFactory) -> None:
        heavy = hand_over(sessions, "heavy", chunks=200, weight=2.0)
        light = hand_over(sessions, "light", chunks=200)

        shares = served(sessions, batches=15)

        assert shares.count(heavy) / shares.count(light) == pytest.approx(2.0, rel=0.2)

    def test_yesterdays_work_is_no_debt(self, sessions: SessionFactory) -> None:
        busy_yesterday = hand_over(sessions, "busy yesterday", chunks=80)
        served(sessions, batches=10)
        hand_over(sessions, "newcomer", chunks=500)
        hand_over(sessions, "busy yesterday", chunks=1)

        assert busy_yesterday in served(sessions, batches=2)

    def test_idle_time_is_no_credit(self, sessions: SessionFactory) -> None:
        idle = hand_over(sessions, "idle", chunks=1)
        busy = hand_over(sessions, "busy", chunks=300)
        served(sessions, batches=20)
        hand_over(sessions, "idle", chunks=100)

        shares = served(sessions, batches=10)

        assert abs(shares.count(idle) - shares.count(busy)) <= builders.ROOM.chunks

    def test_live_work_overtakes_any_bulk(self, sessions: SessionFactory) -> None:
        hand_over(sessions, "bulk", chunks=500)
        live = hand_over(sessions, "live", chunks=1, lane=Lane.LIVE)

        assert served(sessions, batches=1)[0:8].count(live) == 1

    def test_a_job_spreads_over_virtual_time_in_its_own_order(self, sessions: SessionFactory) -> None:
        hand_over(sessions, "one", chunks=5)

        with sessions.begin() as session:
            tags = [chunk.vft for chunk in session.query(Chunk).order_by(Chunk.index)]

        assert tags == [10.0, 20.0, 30.0, 40.0, 50.0]
