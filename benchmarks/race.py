"""Owners of very different size before one device, whose device batches are the only clock."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from benchmarks.bulk import queue_chunks
from core.database import SessionFactory
from models import Chunk, Job, JobStage, Lane, Recording
from models.repositories import clock
from models.repositories.chunk_claims import Budget
from models.repositories.chunks import ChunkRepository
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.jobs import JobRepository
from models.repositories.owners import OwnerRepository
from models.repositories.recordings import RecordingRepository

MODEL: Final = "scripted"
ROOM: Final = Budget(audio_ms=64 * 30_000, chunks=64)
TTL: Final = timedelta(hours=1)
LIVE_SHARE: Final = 0.2
LONGEST_CALL: Final = 12
"""Chunks; six minutes of speech at most."""


@dataclass(frozen=True, slots=True)
class Call:
    """One recording that is ready to be transcribed."""

    rank: int
    """Its owner's, by how much they hand over; 1 has the most."""
    lane: Lane
    begun_before: int
    """Device batches that had been started when it was queued."""


class Race:
    """On the real tables, with the repositories that the workers use. One device, which never rests."""

    def __init__(self, sessions: SessionFactory, *, room: Budget = ROOM) -> None:
        self._sessions = sessions
        self._room = room
        self._started = 0
        self._calls: dict[uuid.UUID, Call] = {}
        self._left: Counter[uuid.UUID] = Counter()
        self.delays: list[tuple[Call, int]] = []
        """Of each call that was heard: device batches that were started until its last chunk was in one."""

    @property
    def unheard(self) -> int:
        """Calls of which chunks still wait."""
        return len(self._left)

    def bulk(self, rank: int, *, chunks: int, lane: Lane = Lane.BULK) -> None:
        """What an owner hands over at once; nobody counts how long it takes."""
        with self._sessions.begin() as session:
            owner = OwnerRepository(session).named(_name(rank))
            queue_chunks(session, owner, chunks, model=MODEL, lane=lane)

    def call(self, rank: int, lane: Lane, seconds: Sequence[float]) -> None:
        """One call of this owner, with chunks of these lengths."""
        with self._sessions.begin() as session:
            owner = OwnerRepository(session).named(_name(rank))
            recording = RecordingRepository(session).add(
                Recording(owner_id=owner.id, object_key=f"recordings/{uuid.uuid4()}", size_bytes=1)
            )
            job = Job(
                owner_id=owner.id, recording_id=recording.id, model=MODEL, lane=lane, roles={}, details={}
            )
            JobRepository(session).add(job, expected_seconds=sum(seconds))
            JobRepository(session).claim(job.id, JobStage.PREPARING, ttl=TTL)
            job.chunks_total = len(seconds)
            job.advance(JobStage.TRANSCRIBING, at=clock.now(session))
            ChunkRepository(session).queue(job, [_chunk(*each) for each in enumerate(seconds)])
        self._calls[job.id] = Call(rank, lane, self._started)
        self._left[job.id] = len(seconds)

    def device_batch(self) -> None:
        """The device is free: as much as fits is claimed. It stays leased, as while it is heard."""
        with self._sessions.begin() as session:
            batch_id = DeviceBatchRepository(session).open(MODEL).id
        with self._sessions.begin() as session:
            _, chunks = DeviceBatchRepository(session).start(
                batch_id, worker="race", budget=self._room, ttl=TTL
            )
        self._started += 1
        for job_id, count in Counter(chunk.job_id for chunk in chunks).items():
            if job_id in self._calls:
                self._hear(job_id, count)

    def _hear(self, job_id: uuid.UUID, count: int) -> None:
        self._left[job_id] -= count
        if not self._left[job_id]:
            del self._left[job_id]
            call = self._calls[job_id]
            self.delays.append((call, self._started - call.begun_before))


def run(race: Race, *, owners: int, device_batches: int, calls: int, seed: int) -> None:
    """So many calls before each device batch, by owners of whom the n-th has a share near 1/n (Zipf)."""
    chance = random.Random(seed)  # noqa: S311
    ranks = range(2, owners + 1)
    for _ in range(device_batches):
        for rank in chance.choices(ranks, weights=[1 / rank for rank in ranks], k=calls):
            lane = Lane.LIVE if chance.random() < LIVE_SHARE else Lane.BULK
            length = chance.randint(1, LONGEST_CALL)
            race.call(rank, lane, [chance.uniform(0.6, 30.0) for _ in range(length)])
        race.device_batch()


def _name(rank: int) -> str:
    return f"owner {rank}"


def _chunk(index: int, seconds: float) -> Chunk:
    start_ms = index * 30_000
    end_ms = start_ms + int(seconds * 1000)
    return Chunk(
        channel=0,
        index=index,
        start_ms=start_ms,
        end_ms=end_ms,
        speech_ms=[start_ms, end_ms],
        object_key="prepared/race.flac",
        first_byte=0,
        last_byte=99,
        first_sample=start_ms * 16,
    )
