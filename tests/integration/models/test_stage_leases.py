"""Who may work on a stage of a job, and who may write its end."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.database import SessionFactory
from core.errors import Conflict, LeaseLost
from models import Event, EventType, Job, JobStage, JobState
from models.job import CRASH_LIMIT
from models.repositories import clock
from models.repositories.endings import Endings
from models.repositories.events import EventRepository
from models.repositories.jobs import JobRepository
from tests import builders
from tests.builders import EXPIRED, TTL
from workers.upkeep.reap_jobs import reap_jobs


@pytest.fixture
def job_id(sessions: SessionFactory) -> uuid.UUID:
    with sessions.begin() as session:
        return builders.queued_job(session, builders.owner(session)).id


def claim(sessions: SessionFactory, job_id: uuid.UUID, *, ttl: timedelta = TTL) -> Job:
    with sessions.begin() as session:
        return JobRepository(session).claim(job_id, JobStage.PREPARING, ttl=ttl)


def wait_for_a_lock(sessions: SessionFactory) -> None:
    """Until somebody waits for a row that another holds."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with sessions.begin() as session:
        while not session.execute(waiting).scalar_one():
            session.execute(text("SELECT pg_stat_clear_snapshot()"))


def events(sessions: SessionFactory, job_id: uuid.UUID) -> list[EventType]:
    with sessions.begin() as session:
        return [event.type for event in EventRepository(session).of(job_id)]


class TestClaim:
    def test_goes_to_one_worker_only(self, sessions: SessionFactory, job_id: uuid.UUID) -> None:
        with ThreadPoolExecutor(1) as elsewhere, sessions.begin() as first:
            won = JobRepository(first).claim(job_id, JobStage.PREPARING, ttl=TTL)
            other = elsewhere.submit(claim, sessions, job_id)
            wait_for_a_lock(sessions)
            first.commit()

            with pytest.raises(LeaseLost):
                other.result()

        assert won.state is JobState.PROCESSING
        assert won.stage is JobStage.PREPARING

    def test_a_held_stage_is_not_claimed_again(self, sessions: SessionFactory, job_id: uuid.UUID) -> None:
        claim(sessions, job_id)

        with pytest.raises(LeaseLost):
            claim(sessions, job_id)

    def test_waits_for_whoever_holds_the_row_instead_of_losing_its_hint(
        self, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        with ThreadPoolExecutor(1) as elsewhere, sessions.begin() as holder:
            JobRepository(holder).locked(job_id)
            claimed = elsewhere.submit(claim, sessions, job_id)
            wait_for_a_lock(sessions)
            holder.rollback()

        assert claimed.result().attempt == 1

    def test_a_stage_that_was_handed_back_waits_until_it_is_available(
        self, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        claim(sessions, job_id)
        with sessions.begin() as session:
            job = JobRepository(session).held(job_id, attempt=1)
            job.release(available_at=clock.now(session) + timedelta(hours=1))

        with pytest.raises(LeaseLost):
            claim(sessions, job_id)

    def test_a_hint_for_another_stage_is_stale(self, sessions: SessionFactory, job_id: uuid.UUID) -> None:
        with sessions.begin() as session, pytest.raises(LeaseLost):
            JobRepository(session).claim(job_id, JobStage.FINISHING, ttl=TTL)


class TestFence:
    def test_a_stale_attempt_may_not_write(self, sessions: SessionFactory, job_id: uuid.UUID) -> None:
        claim(sessions, job_id, ttl=EXPIRED)
        with sessions.begin() as session:
            reap_jobs(session)
        claim(sessions, job_id)

        with sessions.begin() as session, pytest.raises(LeaseLost):
            JobRepository(session).held(job_id, attempt=1)

    def test_the_newest_attempt_may_write(self, sessions: SessionFactory, job_id: uuid.UUID) -> None:
        claim(sessions, job_id)

        with sessions.begin() as session:
            job = JobRepository(session).held(job_id, attempt=1)

        assert job.id == job_id

    def test_a_canceled_job_takes_no_result(self, sessions: SessionFactory, job_id: uuid.UUID) -> None:
        claim(sessions, job_id)
        with sessions.begin() as session:
            Endings(session).cancel(JobRepository(session).locked(job_id))

        with sessions.begin() as session, pytest.raises(LeaseLost):
            JobRepository(session).held(job_id, attempt=1)

    def test_a_reaped_lease_cannot_be_renewed(self, sessions: SessionFactory, job_id: uuid.UUID) -> None:
        claim(sessions, job_id, ttl=EXPIRED)
        with sessions.begin() as session:
            reap_jobs(session)

        with sessions.begin() as session, pytest.raises(LeaseLost):
            JobRepository(session).renew(job_id, attempt=1, ttl=TTL)


class TestReaping:
    def test_a_live_lease_is_left_alone(self, sessions: SessionFactory, job_id: uuid.UUID) -> None:
        claim(sessions, job_id)

        with sessions.begin() as session:
            reaped = reap_jobs(session)

        assert reaped == 0

    def test_an_expired_lease_makes_the_stage_claimable(
        self, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        claim(sessions, job_id, ttl=EXPIRED)

        with sessions.begin() as session:
            reap_jobs(session)

        assert claim(sessions, job_id).attempt == 2

    def test_a_job_that_loses_every_worker_fails_with_a_named_error(
        self, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        for _ in range(CRASH_LIMIT):
            claim(sessions, job_id, ttl=EXPIRED)
            with sessions.begin() as session:
                reap_jobs(session)

        with sessions.begin() as session:
            job = session.get_one(Job, job_id)
        assert (job.state, job.error_code) == (JobState.FAILED, "worker_lost")
        assert events(sessions, job_id) == [EventType.JOB_FAILED]


class TestEndings:
    def test_a_final_state_is_announced_once(self, sessions: SessionFactory, job_id: uuid.UUID) -> None:
        with sessions.begin() as session:
            Endings(session).cancel(JobRepository(session).locked(job_id))

        with sessions.begin() as session, pytest.raises(Conflict):
            Endings(session).cancel(JobRepository(session).locked(job_id))

        assert events(sessions, job_id) == [EventType.JOB_CANCELED]

    def test_an_event_carries_no_text_of_the_call(self, sessions: SessionFactory, job_id: uuid.UUID) -> None:
        with sessions.begin() as session:
            Endings(session).cancel(JobRepository(session).locked(job_id))

        with sessions.begin() as session:
            payload = session.query(Event).one().payload
        assert set(payload) == {"job_id", "status", "error_code"}
