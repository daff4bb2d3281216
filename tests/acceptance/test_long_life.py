"""Workers whose model loads slowly, and whose work outlasts its lease."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select

from client import Client
from core.database import SessionFactory
from embedded.system import System
from models import Chunk, DeviceBatch, DeviceBatchState
from tests.acceptance.crew import Crew, crew_instead_of, engine_of
from tests.acceptance.outcomes import assert_complete_once
from tests.acceptance.waiting import acknowledged, all_ended, until

MarkedCall = Callable[[int], Path]
HARMLESS: Final = 200
TRANSCRIBE: Final = ("--queue=transcribe", "--model=scripted")
SLOW_TO_LOAD: Final = {"CALLSCRIBE_ENGINE__SCRIPTED__LOAD_SECONDS": "4.2"}
"""Longer than what Celery gives a child to say that it lives."""
LEASE: Final = timedelta(seconds=2)
SLOW_TO_HEAR: Final = {
    "CALLSCRIBE_LEASE_TTL": f"PT{LEASE.seconds}S",
    "CALLSCRIBE_ENGINE__SCRIPTED__SECONDS_PER_AUDIO_SECOND": "1.2",
}
"""More than three leases for one turn of a call."""


@pytest.fixture(scope="module")
def crew(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with crew_instead_of(system, "worker-scripted", tmp_path_factory.mktemp("crew")) as crew:
        yield crew


def batches_of(sessions: SessionFactory, job_id: uuid.UUID) -> list[DeviceBatch]:
    with sessions.begin() as session:
        chunks = select(Chunk.device_batch_id).where(Chunk.job_id == job_id)
        return list(session.scalars(select(DeviceBatch).where(DeviceBatch.id.in_(chunks))))


class TestSlowLoad:
    def test_engine_and_worker_come_back(
        self, crew: Crew, client: Client, sessions: SessionFactory, marked_call: MarkedCall
    ) -> None:
        crew.start("slow to load", *TRANSCRIBE, **SLOW_TO_LOAD)
        until(crew.is_ready)

        engine_of(crew.head("slow to load")).kill()
        first = acknowledged(client, marked_call(HARMLESS))
        until(all_ended(sessions, [first]))
        crew.send("slow to load", signal.SIGKILL)
        status = crew.status_of("slow to load")
        crew.start_again("slow to load")
        second = acknowledged(client, marked_call(HARMLESS))
        until(all_ended(sessions, [second]))

        assert status == -signal.SIGKILL
        assert_complete_once(sessions, [first, second])
        crew.dismiss("slow to load")


class TestDrain:
    def test_that_outlasts_the_lease_is_not_taken_away(
        self, crew: Crew, client: Client, sessions: SessionFactory, marked_call: MarkedCall
    ) -> None:
        crew.start("slow to hear", *TRANSCRIBE, **SLOW_TO_HEAR)
        until(crew.is_ready)
        job_id = acknowledged(client, marked_call(HARMLESS))
        until(lambda: bool(batches_of(sessions, job_id)))

        crew.send("slow to hear", signal.SIGTERM)
        status = crew.status_of("slow to hear")

        until(all_ended(sessions, [job_id]))
        (batch,) = batches_of(sessions, job_id)
        assert (status, batch.state, batch.attempt) == (0, DeviceBatchState.DONE, 1)
        assert batch.started_at is not None
        assert batch.ended_at is not None
        assert batch.ended_at - batch.started_at > 3 * LEASE
        assert_complete_once(sessions, [job_id])
        crew.dismiss("slow to hear")
