"""What becomes of chunks, and of the jobs they belong to, when a device batch does not end well."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from core.database import SessionFactory
from core.errors import EngineBroken, EngineOverloaded, StorageUnavailable
from core.storage import ObjectStorage
from models import (
    Chunk,
    ChunkState,
    DeviceBatch,
    DeviceBatchState,
    JobStage,
)
from models.repositories.device_batches import DeviceBatchRepository
from tests.builders import MODEL
from tests.integration.workers.walking import SAMPLE, TURNS, job_of, kept, submitted, transcribe
from workers.engines.base import Beat, no_beat
from workers.engines.base import Chunk as EngineChunk
from workers.engines.base import Hypothesis as Heard
from workers.engines.scripted import ScriptedEngine
from workers.preparation.stage import prepare_recording
from workers.process import Process
from workers.transcription.device_batches import DeviceBatchRunner


class BrokenEngine(ScriptedEngine):
    """Raises what it is told to, then works."""

    def __init__(self, *errors: BaseException) -> None:
        super().__init__()
        self.errors = list(errors)

    def recognize(self, chunks: Sequence[EngineChunk], *, beat: Beat = no_beat) -> list[Heard]:
        if self.errors:
            raise self.errors.pop(0)
        return super().recognize(chunks, beat=beat)


class AwayStorage(ObjectStorage):
    """Does not answer."""

    def __init__(self) -> None:
        """Needs no settings."""

    def read(self, key: str, *, first_byte: int, last_byte: int) -> bytes:
        raise StorageUnavailable


class SlowStorage(ObjectStorage):
    """Something happens while it is read."""

    def __init__(self, storage: ObjectStorage, meanwhile: Callable[[], None]) -> None:
        self._storage = storage
        self._meanwhile = [meanwhile]

    def read(self, key: str, *, first_byte: int, last_byte: int) -> bytes:
        while self._meanwhile:
            self._meanwhile.pop()()
        return self._storage.read(key, first_byte=first_byte, last_byte=last_byte)


class TestDeviceBatch:
    @pytest.fixture(autouse=True)
    def prepared(self, process: Process, job_id: uuid.UUID) -> None:
        prepare_recording(process, job_id)

    def test_storage_that_is_away_hands_the_chunks_back_unsuspected(
        self, process: Process, sessions: SessionFactory
    ) -> None:
        transcribe(replace(process, storage=AwayStorage()), ScriptedEngine())

        with sessions.begin() as session:
            chunks = session.query(Chunk).all()
        assert {(chunk.state, chunk.alone) for chunk in chunks} == {(ChunkState.QUEUED, False)}

    def test_a_bug_in_the_engine_makes_its_chunks_run_alone(
        self, process: Process, sessions: SessionFactory
    ) -> None:
        with pytest.raises(EngineBroken):
            transcribe(process, BrokenEngine(ZeroDivisionError()))

        with sessions.begin() as session:
            chunks = session.query(Chunk).all()
        assert {(chunk.state, chunk.alone) for chunk in chunks} == {(ChunkState.QUEUED, True)}

    def test_chunks_that_a_dying_engine_never_had_are_not_suspected(
        self, process: Process, sessions: SessionFactory
    ) -> None:
        with sessions.begin() as session:
            batch_id = DeviceBatchRepository(session).open(MODEL).id

        with kept(BrokenEngine(ZeroDivisionError())) as keeper:

            def break_engine() -> None:
                poison = keeper.open()
                poison.add({0: EngineChunk(np.zeros(16_000, np.float32))})
                with pytest.raises(EngineBroken):
                    poison.next(timeout=30.0)

            storage = SlowStorage(process.storage, break_engine)
            DeviceBatchRunner(replace(process, storage=storage), keeper, worker="tests").run(batch_id)

        with sessions.begin() as session:
            chunks = session.query(Chunk).all()
        assert {(chunk.state, chunk.alone) for chunk in chunks} == {(ChunkState.QUEUED, False)}

    def test_all_is_heard_in_the_end_after_a_crash(
        self, process: Process, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        engine = BrokenEngine(ZeroDivisionError())
        with pytest.raises(EngineBroken):
            transcribe(process, engine)

        while transcribe(process, engine):
            pass

        assert job_of(sessions, job_id).stage is JobStage.FINISHING
        assert engine.batches == [1] * TURNS

    def test_a_chunk_that_never_fits_fails_its_job_alone(
        self, process: Process, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        engine = BrokenEngine(*[EngineOverloaded()] * 100)

        transcribe(process, engine)

        assert job_of(sessions, job_id).error_code == "engine_out_of_memory"

    def test_an_erased_recording_fails_only_its_own_job(
        self, process: Process, sessions: SessionFactory, storage: ObjectStorage, job_id: uuid.UUID
    ) -> None:
        other = submitted(process, SAMPLE.read_bytes())
        prepare_recording(process, other)
        owner_id = job_of(sessions, job_id).owner_id
        storage.delete_all(f"prepared/{owner_id}/{job_id}/")

        transcribe(process, ScriptedEngine())

        assert job_of(sessions, job_id).error_code == "object_missing"
        assert job_of(sessions, other).stage is JobStage.FINISHING

    def test_says_what_it_did(self, process: Process) -> None:
        summary = transcribe(process, ScriptedEngine())

        assert summary is not None
        assert str(summary).startswith(f"jobs=1 chunks={TURNS} audio=")

    def test_every_device_batch_ends(self, process: Process, sessions: SessionFactory) -> None:
        with pytest.raises(EngineBroken):
            transcribe(process, BrokenEngine(EngineBroken()))
        while transcribe(process, ScriptedEngine()):
            pass
        transcribe(process, ScriptedEngine())

        with sessions.begin() as session:
            states = [batch.state for batch in session.query(DeviceBatch).order_by(DeviceBatch.created_at)]
        assert states[0] is DeviceBatchState.LOST
        assert states[1:-2] == [DeviceBatchState.DONE] * TURNS
        assert states[-2:] == [DeviceBatchState.EMPTY] * 2
