"""A recording through preparation, transcription and finishing, in this process, on real servers."""

from __future__ import annotations

import io
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sqlalchemy.orm import Session

from benchmarks.p56 import active_speech_level
from core.database import SessionFactory
from core.errors import LeaseLost, StorageUnavailable, UndecodableRecording
from core.storage import ObjectStorage
from models import (
    Channel,
    Event,
    Job,
    JobStage,
    JobState,
    Transcript,
)
from models.repositories.endings import Endings
from models.repositories.jobs import JobRepository
from models.repositories.recordings import RecordingRepository
from models.transcript_content import from_json
from tests.integration.workers.walking import SAMPLE, job_of, submitted, transcribe
from workers.engines.scripted import ScriptedEngine
from workers.finishing.stage import finish_job
from workers.preparation.stage import prepare_recording
from workers.process import Process
from workers.stages import held_stage


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

    def test_its_prepared_audio_lies_under_its_owners_name(
        self, process: Process, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        prepare_recording(process, job_id)

        owner_id = job_of(sessions, job_id).owner_id
        with sessions.begin() as session:
            keys = [channel.object_key for channel in RecordingRepository(session).channels_of(job_id)]
        assert keys == [f"prepared/{owner_id}/{job_id}/1/{index}.flac" for index in (0, 1)]
        assert process.storage.keys(f"prepared/{owner_id}/") == keys

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

    def test_an_agent_who_is_heard_on_the_customers_channel_is_told(
        self, process: Process, sessions: SessionFactory
    ) -> None:
        call, rate = soundfile.read(SAMPLE)
        call[:, 1] = 0
        spoken = io.BytesIO()
        soundfile.write(spoken, call, rate, format="WAV")
        job_id = submitted(process, spoken.getvalue())
        with sessions.begin() as session:
            session.get_one(Job, job_id).roles = {"0": "customer", "1": "agent"}

        prepare_recording(process, job_id)
        transcribe(process, ScriptedEngine(*["Thanks for calling! How can I help you?"] * 9))
        finish_job(process, job_id)

        with sessions.begin() as session:
            content = from_json(session.get_one(Transcript, job_id).content)
        assert [
            "swapped_legs" in [each["code"] for each in one["findings"]] for one in content["channels"]
        ] == [
            True,
            True,
        ]
        assert "channel_finding" in [warning["code"] for warning in content["warnings"]]
        assert content["channels"][0]["role"] == "customer"

    def test_how_loud_a_party_speaks_is_a_figure_of_the_call(
        self, process: Process, sessions: SessionFactory, job_id: uuid.UUID
    ) -> None:
        prepare_recording(process, job_id)
        transcribe(process, ScriptedEngine())
        finish_job(process, job_id)

        with sessions.begin() as session:
            metrics = from_json(session.get_one(Transcript, job_id).content)["metrics"]
        levels = [channel["level_dbfs"] for channel in metrics["channels"]]
        # By P.56 on the sample itself; tests/unit/preparation/findings/test_active_level.py.
        samples, rate = soundfile.read(SAMPLE)
        assert levels == [
            pytest.approx(active_speech_level(samples[:, place], rate=rate), abs=0.4) for place in (0, 1)
        ]

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
