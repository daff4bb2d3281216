"""A recording whose digest is known only when it is prepared, as of a presigned upload."""

from __future__ import annotations

import hashlib
import uuid

import pytest
from sqlalchemy import func

from core.database import SessionFactory
from models import EventType, Job, JobStage, JobState, Recording, Transcript
from models.repositories.endings import Endings
from models.repositories.events import EventRepository
from models.repositories.recordings import RecordingRepository
from models.transcript_content import as_json
from tests import builders
from tests.unit.finishing.calls import Said, transcript_of
from workers.preparation.stage import prepare_recording
from workers.process import Process

UNDECODABLE = b"That no decoder takes this shows whether one was asked."
SHA256 = hashlib.sha256(UNDECODABLE).hexdigest()


def submitted(process: Process, *, reuse: bool = True, body: bytes = UNDECODABLE) -> uuid.UUID:
    key = f"recordings/{uuid.uuid4()}"
    process.storage.put(key, body)
    with process.sessions.begin() as session:
        job = builders.queued_job(session, builders.owner(session))
        job.may_reuse = reuse
        RecordingRepository(session).get(job.recording_id).object_key = key
    return job.id


def job_of(sessions: SessionFactory, job_id: uuid.UUID) -> Job:
    with sessions.begin() as session:
        return session.get_one(Job, job_id)


@pytest.fixture
def finished_id(process: Process, sessions: SessionFactory) -> uuid.UUID:
    """A completed job on the same bytes."""
    with sessions.begin() as session:
        job = builders.prepared_job(session, builders.owner(session), chunks=0)
        recording = session.get_one(Recording, job.recording_id)
        recording.sha256, recording.duration_ms, recording.channel_count = SHA256, 900, 1
        content = as_json(transcript_of(Said(0, 0, 900, "Hello.")))
        Endings(session).complete(job, Transcript(job_id=job.id, content=content, trust=0.25))
        return job.id


class TestPreparation:
    def test_completes_a_job_with_the_transcript_of_the_same_bytes_and_decodes_nothing(
        self, process: Process, sessions: SessionFactory, finished_id: uuid.UUID
    ) -> None:
        job_id = submitted(process)

        said = prepare_recording(process, job_id)

        job = job_of(sessions, job_id)
        assert said == "transcript reused"
        assert (job.state, job.reused_from, job.lease_expires_at) == (JobState.COMPLETED, finished_id, None)
        with sessions.begin() as session:
            recording = session.get_one(Recording, job.recording_id)
            transcript = session.get_one(Transcript, job_id)
            [event] = EventRepository(session).of(job_id)
        assert (recording.sha256, recording.duration_ms, recording.channel_count) == (SHA256, 900, 1)
        assert (transcript.content["job_id"], transcript.content["text"]) == (str(job_id), "Hello.")
        assert transcript.trust == 0.25
        assert event.type is EventType.JOB_COMPLETED

    def test_goes_on_where_nobody_asked_for_that(
        self, process: Process, sessions: SessionFactory, finished_id: uuid.UUID
    ) -> None:
        job_id = submitted(process, reuse=False)

        prepare_recording(process, job_id)

        assert job_of(sessions, job_id).error_code == "audio_unsupported_format"

    def test_goes_on_where_there_is_no_such_transcript(
        self, process: Process, sessions: SessionFactory, finished_id: uuid.UUID, silent_wav: bytes
    ) -> None:
        job_id = submitted(process, body=silent_wav)

        prepare_recording(process, job_id)

        assert job_of(sessions, job_id).stage is JobStage.FINISHING

    def test_goes_on_where_it_was_deleted(
        self, process: Process, sessions: SessionFactory, finished_id: uuid.UUID
    ) -> None:
        job_id = submitted(process)
        with sessions.begin() as session:
            session.get_one(Job, finished_id).erased_at = func.clock_timestamp()

        prepare_recording(process, job_id)

        assert job_of(sessions, job_id).error_code == "audio_unsupported_format"
