"""kill -9 in the middle of ten jobs: every acknowledged job completes, once."""

from __future__ import annotations

import os
import random
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import redis
from sqlalchemy import func, select

from cli.client import Client, SubmitOptions
from core.database import SessionFactory
from core.errors import TransientError
from embedded.system import System
from models import Event, EventType, Job, JobState, Transcript

JOBS = 10
PATIENCE_S = 120.0
POLL_S = 0.1
SEED = 20261121


def kill(name: str) -> Callable[[System], None]:
    return lambda system: os.kill(system.process(name).pid, signal.SIGKILL)


def kill_engine_process(system: System) -> None:
    """The child that holds the engine, not its Celery parent."""
    for child in psutil.Process(system.process("worker-scripted").pid).children(recursive=True):
        child.kill()


def flush_broker(system: System) -> None:
    with redis.Redis.from_url(system.stack.environment["CALLSCRIBE_BROKER_URL"]) as broker:
        broker.flushall()


FAULTS = {
    "API": kill("api"),
    "dispatcher": kill("dispatcher"),
    "preparation worker": kill("worker-prepare"),
    "transcription worker": kill("worker-scripted"),
    "engine process": kill_engine_process,
    "Valkey": kill("valkey"),
    "FLUSHALL": flush_broker,
    "Postgres": kill("postgres"),
    "SeaweedFS": kill("seaweedfs"),
}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            if condition():
                return
        except TransientError:
            pass
        if time.monotonic() > deadline:
            pytest.fail(f"not true within {PATIENCE_S:.0f} s")
        time.sleep(POLL_S)


def acknowledged(client: Client, recording: Path) -> uuid.UUID:
    """A job that the API said it has; asked again while it does not answer."""
    jobs: list[uuid.UUID] = []

    def submit() -> bool:
        jobs.append(client.submit(recording, SubmitOptions(lane="bulk")).id)
        return True

    until(submit)
    return jobs[0]


def in_the_middle(sessions: SessionFactory, jobs: list[uuid.UUID], progress: int) -> Callable[[], bool]:
    """Whether so many of the jobs have been prepared, some of them not yet completed."""

    def reached() -> bool:
        with sessions.begin() as session:
            begun = select(func.count()).where(Job.id.in_(jobs), Job.prepared_at.is_not(None))
            return session.execute(begun).scalar_one() >= progress

    return reached


def all_ended(sessions: SessionFactory, jobs: list[uuid.UUID]) -> Callable[[], bool]:
    def ended() -> bool:
        with sessions.begin() as session:
            final = select(func.count()).where(Job.id.in_(jobs), Job.finished_at.is_not(None))
            return session.execute(final).scalar_one() == len(jobs)

    return ended


class TestKill:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_ten_jobs_complete_once_whatever_dies(
        self, system: System, client: Client, sessions: SessionFactory, short_call: Path, fault: str
    ) -> None:
        chance = random.Random(f"{SEED} {fault}")  # noqa: S311
        jobs = [acknowledged(client, short_call) for _ in range(JOBS)]
        until(in_the_middle(sessions, jobs, chance.randint(1, JOBS - 3)))

        FAULTS[fault](system)
        until(all_ended(sessions, jobs))

        with sessions.begin() as session:
            ended = session.scalars(select(Job).where(Job.id.in_(jobs))).all()
            events = session.execute(select(Event.job_id, Event.type).where(Event.job_id.in_(jobs))).all()
            transcripts = session.scalars(select(Transcript.job_id).where(Transcript.job_id.in_(jobs))).all()
        assert [(job.state, job.error_code) for job in ended] == [(JobState.COMPLETED, None)] * JOBS
        assert sorted(map(str, transcripts)) == sorted(map(str, jobs))
        assert sorted((str(job), kind) for job, kind in events) == sorted(
            (str(job), EventType.JOB_COMPLETED) for job in jobs
        )
