"""A live call beside a few hundred jobs of somebody else, on the real system."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from client import Client, SubmitOptions
from core.database import SessionFactory
from embedded.system import System
from models import Channel, Chunk, DeviceBatch, Job, JobStage, Lane, Recording
from models.repositories import clock
from models.repositories.chunks import ChunkRepository
from models.repositories.jobs import JobRepository
from models.repositories.owners import OwnerRepository
from models.repositories.recordings import RecordingRepository
from tests.acceptance.crew import LEASE, Crew, crew_instead_of
from tests.acceptance.waiting import acknowledged, all_ended, until

BULK: Final = 300
QUICK: Final = {
    "CALLSCRIBE_ENGINE__MAX_BATCH_CHUNKS": "4",
    "CALLSCRIBE_ENGINE__SCRIPTED__SECONDS_PER_AUDIO_SECOND": "0.004",
}
"""A tenth of a second for each device batch."""
OF_A_CHUNK: Final = (
    "channel",
    "index",
    "start_ms",
    "end_ms",
    "speech_ms",
    "first_byte",
    "last_byte",
    "first_sample",
)


@pytest.fixture
def crew(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with crew_instead_of(system, "worker-scripted", tmp_path_factory.mktemp("crew")) as crew:
        yield crew


@pytest.fixture
def template(client: Client, sessions: SessionFactory, marked_call: Callable[[int], Path]) -> Chunk:
    """The one chunk of a call that was prepared as all calls are."""
    job_id = acknowledged(client, marked_call(200))

    def prepared() -> list[Chunk]:
        with sessions.begin() as session:
            return list(session.scalars(select(Chunk).where(Chunk.job_id == job_id)))

    until(lambda: bool(prepared()))
    (chunk,) = prepared()
    return chunk


def more_of_it(session: Session, template: Chunk) -> uuid.UUID:
    """The same call once more, of another owner, ready to be transcribed."""
    owner = OwnerRepository(session).named("bulk")
    recordings = RecordingRepository(session)
    # A backup of this system wants what its rows name.
    recording = recordings.add(
        Recording(owner_id=owner.id, object_key=template.object_key, size_bytes=1, duration_ms=6_000)
    )
    job = Job(
        owner_id=owner.id, recording_id=recording.id, model="scripted", lane=Lane.BULK, roles={}, details={}
    )
    JobRepository(session).add(job, expected_seconds=6.0)
    JobRepository(session).claim(job.id, JobStage.PREPARING, ttl=LEASE)
    job.chunks_total = 1
    job.advance(JobStage.TRANSCRIBING, at=clock.now(session))
    recordings.add_channels(
        [Channel(job_id=job.id, index=0, object_key=template.object_key, duration_ms=6_000, speech_ms=6_000)]
    )
    same = {name: getattr(template, name) for name in (*OF_A_CHUNK, "object_key")}
    ChunkRepository(session).queue(job, [Chunk(**same)])
    return job.id


class TestLiveCall:
    def test_is_in_one_of_the_next_two_device_batches(
        self,
        crew: Crew,
        client: Client,
        sessions: SessionFactory,
        template: Chunk,
        marked_call: Callable[[int], Path],
    ) -> None:
        with sessions.begin() as session:
            bulk = [more_of_it(session, template) for _ in range(BULK)]
        crew.start("quick", "--queue=transcribe", "--model=scripted", **QUICK)
        until(crew.is_ready)

        live = client.submit(marked_call(200), SubmitOptions(lane="live")).id
        until(all_ended(sessions, [*bulk, live]))

        with sessions.begin() as session:
            queued_at = session.get_one(Job, live).prepared_at
            later = session.scalars(
                select(DeviceBatch.id)
                .where(DeviceBatch.started_at > queued_at)
                .order_by(DeviceBatch.started_at)
            ).all()
            mine = session.scalars(select(Chunk.device_batch_id).where(Chunk.job_id == live)).all()
        assert len(later) > 10
        assert set(mine) <= set(islice(later, 2))
