"""A recording through preparation, transcription and finishing, in this process, on real servers."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sqlalchemy.orm import Session

from core.database import SessionFactory
from core.errors import EngineBroken, EngineOverloaded, LeaseLost, StorageUnavailable, UndecodableRecording
from core.storage import ObjectStorage
from models import (
    Channel,
    Chunk,
    ChunkState,
    DeviceBatch,
    DeviceBatchState,
    Event,
    Job,
    JobStage,
    JobState,
    Transcript,
)
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.endings import Endings
from models.repositories.jobs import JobRepository
from models.repositories.recordings import RecordingRepository
from models.transcript_content import from_json
from tests import builders
from tests.builders import MODEL
from workers.engine_process.hosts import ThreadHost
from workers.engine_process.keeper import EngineKeeper
from workers.engines.base import Beat, no_beat
from workers.engines.base import Chunk as EngineChunk
from workers.engines.base import Hypothesis as Heard
from workers.engines.continuous import continuous
from workers.engines.scripted import ScriptedEngine
from workers.finishing.stage import finish_job
from workers.preparation.stage import prepare_recording
from workers.process import Process
from workers.stages import held_stage
from workers.transcription.device_batches import DeviceBatchRunner
from workers.transcription.summary import Summary

SAMPLE = Path("samples/call_en.wav")
TURNS = 8


def submitted(process: Process, body: bytes) -> uuid.UUID:
    key = f"recordings/{uuid.uuid4()}"
    process.storage.put(key, body)
    with process.sessions.begin() as session:
        job = builders.queued_job(session, builders.owner(session))
        RecordingRepository(session).get(job.recording_id).object_key = key
    return job.id


def transcribe(process: Process, engine: ScriptedEngine) -> Summary | None:
    with process.sessions.begin() as session:
        batch_id = DeviceBatchRepository(session).open(MODEL).id
    with kept(engine) as keeper:
        return DeviceBatchRunner(process, keeper, worker="tests").run(batch_id)


@contextmanager
def kept(engine: ScriptedEngine) -> Iterator[EngineKeeper]:
    keeper = EngineKeeper(lambda: continuous(engine), ThreadHost, retry_pause=0.0)
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.close()


def job_of(sessions: SessionFactory, job_id: uuid.UUID) -> Job:
    with sessions.begin() as session:
        return session.get_one(Job, job_id)


@pytest.fixture
def job_id(process: Process) -> uuid.UUID:
    return submitted(process, SAMPLE.read_bytes())


class TestWholeWay:
    def test_a_recording_becomes_a_transcript(
        self, process: Process, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        prepare_recording(process, job_id)
        summary = transcribe(process, ScriptedEngine())
        finish_job(process, job_id)

        job = job_of(sessions, job_id)
        assert summary is not None
        assert (job.state, job.chunks_done) == (JobState.COMPLETED, summary.chunks)

    def test_a_call_is_measured_by_who_speaks_when(
        self, process: Process, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        prepare_recording(process, job_id)
        transcribe(process, ScriptedEngine())
        finish_job(process, job_id)

        with sessions.begin() as session:
            transcript = from_json(session.get_one(Transcript, job_id).content)
        metrics = transcript["metrics"]
        assert [turn["channel"] for turn in metrics["turns"] or []] == [0, 1] * 4
        assert metrics["talk_ms"] + metrics["silence_ms"] == transcript["duration_ms"]

    def test_its_trust_is_where_calls_can_be_sorted_by_it(
        self, process: Process, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        prepare_recording(process, job_id)
        transcribe(process, ScriptedEngine("", "Good morning, how can I help you?"))
        finish_job(process, job_id)

        with sessions.begin() as session:
            row = session.get_one(Transcript, job_id)
        assert row.trust == pytest.approx(from_json(row.content)["quality"]["trust"])
        assert 0.0 < (row.trust or 0.0) < 1.0

    def test_a_silent_recording_completes_without_a_device(
        self, process: Process, sessions: SessionFactory, silent_wav: bytes
    ) -> None:
        job_id = submitted(process, silent_wav)

        prepare_recording(process, job_id)
        finish_job(process, job_id)

        with sessions.begin() as session:
            content = session.get_one(Transcript, job_id).content
        assert (job_of(sessions, job_id).state, content["text"]) == (JobState.COMPLETED, "")

    def test_dual_mono_is_heard_once_and_nobody_has_a_role(
        self, process: Process, sessions: SessionFactory
    ) -> None:
        call, rate = soundfile.read(SAMPLE)
        twins = io.BytesIO()
        soundfile.write(twins, np.stack([call.sum(axis=1)] * 2, axis=1), rate, format="WAV")
        job_id = submitted(process, twins.getvalue())

        prepare_recording(process, job_id)
        transcribe(process, ScriptedEngine())
        finish_job(process, job_id)

        with sessions.begin() as session:
            content = from_json(session.get_one(Transcript, job_id).content)
        assert [each["findings"][0]["code"] for each in content["channels"]] == ["dual_mono"] * 2
        assert {segment["channel"] for segment in content["segments"]} == {0}
        assert "roles_unknown" in [warning["code"] for warning in content["warnings"]]

    def test_doubled_hints_change_nothing(
        self, process: Process, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        for _ in range(2):
            prepare_recording(process, job_id)
        transcribe(process, ScriptedEngine())
        for _ in range(2):
            finish_job(process, job_id)

        with sessions.begin() as session:
            assert session.query(Transcript).count() == 1
            assert session.query(Event).count() == 1
            assert session.query(Channel).count() == 2


class TestPreparation:
    def test_a_text_named_wav_fails_the_job_with_a_named_error(
        self, process: Process, sessions: SessionFactory
    ) -> None:
        job_id = submitted(process, b"this is no audio at all\n" * 100)

        prepare_recording(process, job_id)

        job = job_of(sessions, job_id)
        assert job.state is JobState.FAILED
        assert job.error_code is not None
        assert job.error_code.startswith("audio_")

    def test_a_recording_that_is_gone_fails_the_job(
        self, process: Process, sessions: SessionFactory, storage: ObjectStorage, job_id: uuid.UUID
    ) -> None:
        with sessions.begin() as session:
            storage.delete(RecordingRepository(session).get(job_of(sessions, job_id).recording_id).object_key)

        prepare_recording(process, job_id)

        assert job_of(sessions, job_id).error_code == "object_missing"

    def test_leaves_nothing_in_the_scratch_directory(
        self, process: Process, job_id: uuid.UUID, tmp_path: Path
    ) -> None:
        settings = process.settings.model_copy(update={"scratch_dir": tmp_path})

        prepare_recording(replace(process, settings=settings), job_id)

        assert list(tmp_path.iterdir()) == []


class TestHeldStage:
    def test_a_storage_that_is_away_hands_the_job_back(
        self, process: Process, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        with held_stage(process, job_id, JobStage.PREPARING):
            raise StorageUnavailable

        job = job_of(sessions, job_id)
        assert (job.state, job.lease_expires_at, job.retry_count) == (JobState.PROCESSING, None, 1)

    def test_a_permanent_error_fails_the_job(
        self, process: Process, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        with held_stage(process, job_id, JobStage.PREPARING):
            raise UndecodableRecording

        assert job_of(sessions, job_id).error_code == "audio_undecodable"

    def test_a_bug_counts_as_a_crash_and_is_seen(
        self, process: Process, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        with pytest.raises(ZeroDivisionError), held_stage(process, job_id, JobStage.PREPARING):
            raise ZeroDivisionError

        assert job_of(sessions, job_id).crash_count == 1

    def test_a_stage_that_passed_on_is_not_written(
        self, process: Process, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        def complete_wrongly(session: Session, job: Job) -> None:
            job.advance(JobStage.TRANSCRIBING, at=job.created_at)

        with held_stage(process, job_id, JobStage.PREPARING) as held:
            with sessions.begin() as session:
                Endings(session).cancel(JobRepository(session).locked(job_id))
            held.commit(complete_wrongly)

        assert job_of(sessions, job_id).state is JobState.CANCELED

    def test_a_stale_hint_is_lease_lost(self, process: Process) -> None:
        with pytest.raises(LeaseLost), held_stage(process, uuid.uuid4(), JobStage.PREPARING):
            pass


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
        storage.delete_all(f"prepared/{job_id}/")

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
