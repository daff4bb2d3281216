"""Chunks that break the engine: their own job fails by name, everybody else's completes."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
import redis
from sqlalchemy import select

from client import Client
from core.database import SessionFactory
from embedded.system import System
from models import Chunk, DeviceBatch, DeviceBatchState, Job, JobState
from tests.acceptance.crew import engine_of
from tests.acceptance.waiting import acknowledged, all_ended, until

POISONS = {
    "crash": (911, "worker_lost"),
    "hang": (913, "worker_lost"),
    "overload": (915, "engine_out_of_memory"),
    "broken device": (917, "worker_lost"),
}
MarkedCall = Callable[[int], Path]
HARMLESS = 200
NEIGHBOURS = 3


class TestPoison:
    @pytest.mark.parametrize(("peak", "code"), POISONS.values(), ids=POISONS)
    def test_only_the_poisoned_job_fails(
        self,
        client: Client,
        sessions: SessionFactory,
        marked_call: MarkedCall,
        peak: int,
        code: str,
    ) -> None:
        neighbours = [acknowledged(client, marked_call(HARMLESS)) for _ in range(NEIGHBOURS)]
        poisoned = acknowledged(client, marked_call(peak))

        until(all_ended(sessions, [*neighbours, poisoned]))

        with sessions.begin() as session:
            ended = {job.id: (job.state, job.error_code) for job in session.scalars(select(Job))}
        assert ended[poisoned] == (JobState.FAILED, code)
        assert {ended[job] for job in neighbours} == {(JobState.COMPLETED, None)}


class TestDrain:
    def test_sigterm_lets_a_running_device_batch_end(
        self, system: System, client: Client, sessions: SessionFactory, short_call: Path
    ) -> None:
        jobs = [acknowledged(client, short_call) for _ in range(4)]
        running: list[DeviceBatch] = []

        def found_running() -> bool:
            with sessions.begin() as session:
                query = select(DeviceBatch).where(DeviceBatch.state == DeviceBatchState.RUNNING)
                running.extend(session.scalars(query))
            return bool(running)

        until(found_running)
        os.kill(system.process("worker-scripted").pid, signal.SIGTERM)
        until(all_ended(sessions, jobs))

        with sessions.begin() as session:
            drained = session.get_one(DeviceBatch, running[0].id)
        assert drained.state is DeviceBatchState.DONE


class TestStall:
    def test_an_engine_that_hangs_is_ended_although_the_broker_was_away(
        self, system: System, client: Client, sessions: SessionFactory, marked_call: MarkedCall
    ) -> None:
        job_id = acknowledged(client, marked_call(POISONS["hang"][0]))
        until(lambda: bool(batches_of(sessions, job_id)))
        batch_id = batches_of(sessions, job_id)[0]
        head = psutil.Process(system.process("worker-scripted").pid)
        engine = engine_of(head)

        os.kill(system.process("valkey").pid, signal.SIGKILL)
        until(lambda: answers(system))

        until(lambda: not engine.is_running())
        cancel(system, job_id)
        assert head.is_running()
        with sessions.begin() as session:
            assert session.get_one(DeviceBatch, batch_id).state is DeviceBatchState.LOST


class TestFlower:
    def test_shows_one_task_for_each_device_batch_with_its_summary(
        self, system: System, client: Client, sessions: SessionFactory, short_call: Path
    ) -> None:
        job_id = acknowledged(client, short_call)
        until(all_ended(sessions, [job_id]))
        with sessions.begin() as session:
            done = session.scalars(
                select(DeviceBatch)
                .where(DeviceBatch.state == DeviceBatchState.DONE)
                .order_by(DeviceBatch.ended_at.desc())
            ).first()
        assert done is not None

        until(lambda: str(done.id) in tasks(system) and tasks(system)[str(done.id)]["state"] == "SUCCESS")

        shown = tasks(system)[str(done.id)]
        assert shown["name"] == "transcribe.batch"
        assert f"jobs={done.job_count} chunks={done.chunk_count} audio=" in str(shown["result"])
        assert "rtfx=" in str(shown["result"])

    def test_is_closed_to_strangers(self, system: System) -> None:
        assert httpx.get(f"{system.flower_url}/api/tasks").status_code == 401


def tasks(system: System) -> dict[str, dict[str, object]]:
    password = system.stack.state.credentials.flower_password
    answer = httpx.get(
        f"{system.flower_url}/api/tasks", params={"limit": 1000}, auth=("callscribe", password)
    )
    found: dict[str, dict[str, object]] = answer.json()
    return found


def answers(system: System) -> bool:
    with redis.Redis.from_url(system.stack.environment["CALLSCRIBE_BROKER_URL"]) as broker:
        try:
            return bool(broker.ping())
        except redis.ConnectionError:
            return False


def cancel(system: System, job_id: uuid.UUID) -> None:
    """What hangs an engine is of no use to the tests that follow."""
    answer = httpx.post(
        f"{system.api_url}/v1/jobs/{job_id}/cancel", headers={"Authorization": f"Bearer {system.api_key}"}
    )
    answer.raise_for_status()


def batches_of(sessions: SessionFactory, job_id: uuid.UUID) -> list[uuid.UUID]:
    with sessions.begin() as session:
        query = select(Chunk.device_batch_id).where(
            Chunk.job_id == job_id, Chunk.device_batch_id.is_not(None)
        )
        return [each for each in session.scalars(query) if each is not None]
