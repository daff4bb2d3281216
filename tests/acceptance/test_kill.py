"""kill -9 in the middle of ten jobs: every acknowledged job completes, once."""

from __future__ import annotations

import os
import random
import signal
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import redis
from sqlalchemy import func, select

from client import Client
from core.database import SessionFactory
from embedded.system import System
from models import Event, EventType, Job, JobState, Transcript
from tests.acceptance.waiting import acknowledged, all_ended, until

JOBS = 10
SEED = 20261121


def kill(name: str) -> Callable[[System], None]:
    return lambda system: os.kill(system.process(name).pid, signal.SIGKILL)


def kill_engine_process(system: System) -> None:
    """The child that holds the engine, not its worker."""
    for child in psutil.Process(system.process("worker-scripted").pid).children(recursive=True):
        if "--multiprocessing-fork" in child.cmdline():
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


def in_the_middle(sessions: SessionFactory, jobs: list[uuid.UUID], progress: int) -> Callable[[], bool]:
    """Whether so many of the jobs have been prepared, some of them not yet completed."""

    def reached() -> bool:
        with sessions.begin() as session:
            begun = select(func.count()).where(Job.id.in_(jobs), Job.prepared_at.is_not(None))
            return session.execute(begun).scalar_one() >= progress

    return reached


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
