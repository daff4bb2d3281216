"""Whose recording is prepared next, beside thousands of somebody else's."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from typing import Final

import pytest

from benchmarks.bulk import queue_jobs
from core.broker import PREPARE_LIVE_QUEUE, PREPARE_QUEUE
from core.database import SessionFactory
from core.errors import LeaseLost
from models import JobStage, Lane
from models.repositories.jobs import JobRepository
from tests import builders
from tests.builders import MODEL, TTL
from tests.integration.workers.conftest import Mailbox
from workers.dispatcher.loop import Dispatcher
from workers.settings import DispatcherSettings

BULK: Final = 3_000


@pytest.fixture
def claims(dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory) -> Iterator[uuid.UUID]:
    """Jobs as one prepare worker claims them, the dispatcher turning meanwhile."""

    def claim() -> Iterator[uuid.UUID]:
        # As Celery takes from several queues: in turn.
        for queue in cycle((PREPARE_LIVE_QUEUE, PREPARE_QUEUE)):
            dispatcher.tick()
            for job_id in map(uuid.UUID, mailbox.take(queue, limit=1)):
                # A doubled hint costs nothing: on a slow machine they are sent again meanwhile.
                with suppress(LeaseLost):
                    with sessions.begin() as session:
                        JobRepository(session).claim(job_id, JobStage.PREPARING, ttl=TTL)
                    yield job_id

    return claim()


@pytest.fixture
def bulk(sessions: SessionFactory, claims: Iterator[uuid.UUID]) -> None:
    """Of which some is prepared already."""
    with sessions.begin() as session:
        queue_jobs(session, builders.owner(session, "big"), BULK, model=MODEL)
    for _ in range(20):
        next(claims)


def submitted(sessions: SessionFactory, lane: Lane) -> uuid.UUID:
    with sessions.begin() as session:
        return builders.queued_job(session, builders.owner(session, "small"), lane=lane).id


@pytest.mark.usefixtures("bulk")
class TestBesideABulk:
    def test_a_small_owner_waits_for_what_was_announced_and_no_more(
        self,
        claims: Iterator[uuid.UUID],
        sessions: SessionFactory,
        dispatcher_settings: DispatcherSettings,
    ) -> None:
        job_id = submitted(sessions, Lane.BULK)

        assert job_id in [next(claims) for _ in range(dispatcher_settings.hint_window + 1)]

    def test_a_live_recording_is_among_the_next_two(
        self, claims: Iterator[uuid.UUID], sessions: SessionFactory
    ) -> None:
        job_id = submitted(sessions, Lane.LIVE)

        assert job_id in [next(claims) for _ in range(2)]
