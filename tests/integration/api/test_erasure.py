"""DELETE /v1/jobs/{id}"""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.settings import ApiSettings
from core.database import SessionFactory
from core.storage import ObjectStorage
from models.chunk import Chunk
from models.job import Job
from models.recording import Recording
from models.repositories.chunks import ChunkRepository
from models.repositories.recordings import RecordingRepository
from models.repositories.transcripts import TranscriptRepository
from models.states import JobState
from tests import builders
from tests.integration.api import stages
from tests.integration.api.conftest import ClientFactory, objects_of, storage_at, submit


@pytest.fixture
def heard_job(
    client: TestClient, sessions: SessionFactory, storage: ObjectStorage, owner_id: uuid.UUID
) -> uuid.UUID:
    """With audio, prepared audio (now and as earlier versions kept it), a chunk and what was heard in it."""
    job_id = submit(client, metadata='{"agent": "Smith"}')
    stages.prepare(sessions, job_id)
    storage.put(f"prepared/{owner_id}/{job_id}/1/0.flac", b"fLaC")
    storage.put(f"prepared/{job_id}/1.flac", b"fLaC")
    with sessions.begin() as session:
        chunk = session.scalars(select(Chunk).where(Chunk.job_id == job_id)).one()
        session.add(builders.hypothesis(chunk, "my card number is"))
    return job_id


class TestErasure:
    def test_takes_audio_and_text_and_leaves_a_tombstone(
        self,
        *,
        client: TestClient,
        heard_job: uuid.UUID,
        owner_id: uuid.UUID,
        sessions: SessionFactory,
        storage: ObjectStorage,
    ) -> None:
        answer = client.delete(f"/v1/jobs/{heard_job}")

        assert (answer.status_code, answer.content) == (204, b"")
        assert objects_of(storage, owner_id) == []
        assert [key for key in storage.keys("prepared/") if str(heard_job) in key] == []
        with sessions.begin() as session:
            assert ChunkRepository(session).heard(heard_job) == []
            assert RecordingRepository(session).channels_of(heard_job) == []
            job = session.get_one(Job, heard_job)
            recording = session.get_one(Recording, job.recording_id)
        assert (job.state, job.details) == (JobState.CANCELED, {})
        assert job.erased_at is not None
        assert (recording.filename, recording.sha256) == (None, None)
        assert recording.erased_at is not None

    def test_takes_the_transcript_of_a_completed_job(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        job_id = submit(client)
        stages.complete(sessions, job_id, {"text": "my card number is"})

        client.delete(f"/v1/jobs/{job_id}")

        with sessions.begin() as session:
            assert TranscriptRepository(session).find(job_id) is None
            assert session.get_one(Job, job_id).state is JobState.COMPLETED

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", ""), ("GET", "?wait=30"), ("GET", "/transcript"), ("POST", "/cancel")]
    )
    def test_makes_the_job_gone(self, client: TestClient, method: str, path: str) -> None:
        job_id = submit(client)
        client.delete(f"/v1/jobs/{job_id}")

        answer = client.request(method, f"/v1/jobs/{job_id}{path}")

        assert (answer.status_code, answer.json()["code"]) == (410, "gone")

    def test_can_be_repeated(self, client: TestClient) -> None:
        job_id = submit(client)

        statuses = [client.delete(f"/v1/jobs/{job_id}").status_code for _ in range(2)]

        assert statuses == [204, 204]

    def test_takes_the_job_off_the_list(self, client: TestClient) -> None:
        client.delete(f"/v1/jobs/{submit(client)}")

        assert client.get("/v1/jobs").json()["data"] == []

    def test_of_a_job_that_never_was_is_not_found(self, client: TestClient) -> None:
        assert client.delete(f"/v1/jobs/{uuid.uuid4()}").status_code == 404

    def test_promises_nothing_while_storage_is_away_and_ends_when_it_is_back(
        self,
        *,
        client: TestClient,
        client_with: ClientFactory,
        api_settings: ApiSettings,
        heard_job: uuid.UUID,
        sessions: SessionFactory,
        storage: ObjectStorage,
    ) -> None:
        away = client_with(storage=storage_at(api_settings, 1))

        refused = away.delete(f"/v1/jobs/{heard_job}")

        assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
        with sessions.begin() as session:
            job = session.get_one(Job, heard_job)
        # No worker begins with a recording that is going, but nothing is called erased yet.
        assert (job.state, job.erased_at) == (JobState.CANCELED, None)
        assert client.delete(f"/v1/jobs/{heard_job}").status_code == 204
        assert [key for key in storage.keys("prepared/") if str(heard_job) in key] == []
