"""Items become jobs: each once, whatever happens to the worker, and none keeps another back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, update
from starlette.testclient import TestClient

from core.database import SessionFactory
from core.errors import StorageUnavailable
from core.storage import ObjectStorage
from models import Batch, Lane, Owner, Recording
from models.job import CRASH_LIMIT
from models.repositories.batches import BatchRepository
from tests.integration.api.conftest import objects_of
from tests.integration.batches.conftest import IMPORTS, admitted, counts_of, items_of, jobs_of, made
from workers.batches import stage
from workers.batches.audio import AudioFinder
from workers.batches.held import HeldBatch
from workers.batches.stage import admit_batch
from workers.process import Process
from workers.upkeep.reap_batches import reap_batches

Uploaded = Callable[..., str]


class TestUploads:
    def test_become_jobs_with_their_options(
        self, client: TestClient, process: Process, sessions: SessionFactory, uploaded: Uploaded
    ) -> None:
        batch_id = made(
            client,
            defaults={"model": "scripted", "roles": ["agent", "customer"]},
            items=[
                {"custom_id": "a", "upload_id": uploaded(), "metadata": {"agent": "Kim"}},
                {"custom_id": "b", "upload_id": uploaded(), "lane": "live", "filename": "b.wav"},
            ],
        )

        admitted(process, batch_id)

        first, second = jobs_of(sessions, batch_id)
        assert (first.lane, second.lane) == (Lane.BULK, Lane.LIVE)
        assert first.roles == second.roles == {"0": "agent", "1": "customer"}
        assert (first.details, first.model) == ({"agent": "Kim"}, "scripted")
        assert counts_of(client, batch_id) == {"total": 2, "queued": 2}
        job = client.get(f"/v1/jobs/{second.id}").json()
        assert (job["batch_id"], job["custom_id"], job["source"]["filename"]) == (str(batch_id), "b", "b.wav")

    @pytest.mark.parametrize(
        "trouble", ["nobody's", "not sent", "in parts", "empty", "twice", "unknown model"]
    )
    def test_that_cannot_be_jobs_are_refused_alone(
        self, client: TestClient, process: Process, uploaded: Uploaded, trouble: str
    ) -> None:
        codes = {
            "nobody's": "not_found",
            "not sent": "upload_incomplete",
            "in parts": "upload_incomplete",
            "empty": "audio_empty",
            "twice": "conflict",
            "unknown model": "unknown_model",
        }
        good = uploaded()
        uploads = {
            "nobody's": str(uuid.uuid4()),
            "not sent": client.post("/v1/uploads", json={}).json()["id"],
            "in parts": client.post("/v1/uploads", json={"size_bytes": 10**8}).json()["id"],
            "empty": uploaded(b""),
            "twice": good,
            "unknown model": uploaded(),
        }
        model = {"model": "gpt"} if trouble == "unknown model" else {}
        batch_id = made(
            client,
            items=[
                {"custom_id": "good", "upload_id": good},
                {"custom_id": "bad", "upload_id": uploads[trouble], **model},
            ],
        )

        admitted(process, batch_id)

        assert counts_of(client, batch_id) == {"total": 2, "queued": 1, "refused": 1}
        [refused] = items_of(client, batch_id, status="refused")
        assert isinstance(refused["error"], dict)
        assert (refused["custom_id"], refused["error"]["code"]) == ("bad", codes[trouble])


class TestImports:
    def test_are_copied_from_where_the_operator_allows(
        self, client: TestClient, process: Process, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        key = f"{IMPORTS}{uuid.uuid4()}/call.wav"
        storage.put(key, b"RIFF")
        batch_id = made(client, items=[{"url": f"s3://{storage.bucket}/{key}"}])

        admitted(process, batch_id)

        [job] = jobs_of(sessions, batch_id)
        with sessions.begin() as session:
            recording = session.get_one(Recording, job.recording_id)
        assert (recording.filename, recording.size_bytes) == ("call.wav", 4)
        assert recording.object_key.startswith("recordings/")
        assert storage.head(recording.object_key).size_bytes == storage.head(key).size_bytes

    @pytest.mark.parametrize(
        ("url", "code"),
        [
            ("s3://{bucket}/recordings/somebody/else", "import_forbidden"),
            ("s3://{bucket}/elsewhere/call.wav", "import_forbidden"),
            ("s3://other/imports/call.wav", "import_forbidden"),
            ("s3://{bucket}/imports/missing.wav", "object_missing"),
            ("https://example.org/call.wav", "import_forbidden"),
        ],
    )
    def test_are_refused_from_elsewhere(
        self, client: TestClient, process: Process, storage: ObjectStorage, url: str, code: str
    ) -> None:
        batch_id = made(client, items=[{"url": url.format(bucket=storage.bucket)}])

        admitted(process, batch_id)

        [refused] = items_of(client, batch_id, status="refused")
        assert isinstance(refused["error"], dict)
        assert refused["error"]["code"] == code

    def test_of_items_that_are_refused_leave_nothing_behind(
        self, client: TestClient, process: Process, owner_id: uuid.UUID, storage: ObjectStorage
    ) -> None:
        key = f"{IMPORTS}{uuid.uuid4()}/call.wav"
        storage.put(key, b"RIFF")
        storage.delete_all(f"recordings/{owner_id}/")
        batch_id = made(client, items=[{"url": f"s3://{storage.bucket}/{key}", "model": "gpt"}])

        admitted(process, batch_id)

        assert counts_of(client, batch_id) == {"total": 1, "refused": 1}
        assert objects_of(storage, owner_id) == []


class TestWhatBreaks:
    def test_storage_that_is_away_refuses_nobody(
        self,
        client: TestClient,
        process: Process,
        uploaded: Uploaded,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        batch_id = made(client, items=[{"custom_id": "a", "upload_id": uploaded()}])
        with monkeypatch.context() as broken:

            def head(_: ObjectStorage, key: str) -> None:
                raise StorageUnavailable

            broken.setattr(ObjectStorage, "head", head)
            admitted(process, batch_id)

        assert counts_of(client, batch_id) == {"total": 1, "waiting": 1}
        admitted(process, batch_id)
        assert counts_of(client, batch_id) == {"total": 1, "queued": 1}

    def test_a_page_that_was_committed_twice_makes_each_job_once(
        self,
        client: TestClient,
        process: Process,
        sessions: SessionFactory,
        uploaded: Uploaded,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The answer to its COMMIT was lost: the worker does it again."""
        rows = f"custom_id,upload_id\na,{uploaded()}\n".encode()
        source = {"type": "manifest", "format": "csv", "upload_id": uploaded(rows)}
        batch_id = made(client, source=source)
        commit = HeldBatch.commit

        def twice(held: HeldBatch, write: Callable[..., object]) -> object:
            commit(held, write)
            return commit(held, write)

        monkeypatch.setattr(HeldBatch, "commit", twice)
        admitted(process, batch_id)

        assert len(jobs_of(sessions, batch_id)) == 1
        assert counts_of(client, batch_id) == {"total": 1, "queued": 1}

    def test_a_worker_that_lost_its_lease_writes_nothing(
        self,
        client: TestClient,
        process: Process,
        sessions: SessionFactory,
        uploaded: Uploaded,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Another has claimed the batch while this one looked for the audio."""
        batch_id = made(client, items=[{"custom_id": "a", "upload_id": uploaded()}])

        def overtaken(finder: AudioFinder, items: object) -> None:
            with sessions.begin() as session:
                session.execute(update(Batch).values(lease_expires_at=func.now() - timedelta(minutes=1)))
            with sessions.begin() as session:
                assert reap_batches(session) == 1
            with sessions.begin() as session:
                BatchRepository(session).claim(batch_id, ttl=timedelta(minutes=1))
            look_up(finder, items)  # type: ignore[arg-type]

        look_up = AudioFinder.look_up
        monkeypatch.setattr(AudioFinder, "look_up", overtaken)
        admitted(process, batch_id)

        assert jobs_of(sessions, batch_id) == []
        assert counts_of(client, batch_id) == {"total": 1, "waiting": 1}

    def test_while_one_worker_has_it_another_finds_nothing_to_do(
        self, client: TestClient, process: Process, sessions: SessionFactory, uploaded: Uploaded
    ) -> None:
        batch_id = made(client, items=[{"custom_id": "a", "upload_id": uploaded()}])
        with sessions.begin() as session:
            BatchRepository(session).claim(batch_id, ttl=timedelta(minutes=1))

        assert admit_batch(process, batch_id) == "nothing to do"

    def test_an_item_that_takes_workers_down_is_refused_in_the_end(
        self, client: TestClient, process: Process, sessions: SessionFactory, uploaded: Uploaded
    ) -> None:
        items = [{"custom_id": name, "upload_id": uploaded()} for name in ("poison", "good")]
        batch_id = made(client, items=items)
        for _ in range(CRASH_LIMIT):
            with sessions.begin() as session:
                BatchRepository(session).claim(batch_id, ttl=timedelta(seconds=-1))
            with sessions.begin() as session:
                reap_batches(session)

        admitted(process, batch_id)

        assert counts_of(client, batch_id) == {"total": 2, "queued": 1, "refused": 1}
        [refused] = items_of(client, batch_id, status="refused")
        assert isinstance(refused["error"], dict)
        assert (refused["custom_id"], refused["error"]["code"]) == ("poison", "worker_lost")

    def test_it_is_handed_back_after_a_while_and_goes_on(
        self,
        client: TestClient,
        process: Process,
        sessions: SessionFactory,
        uploaded: Uploaded,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(stage, "PAGE", 2)
        items = [{"custom_id": str(number), "upload_id": uploaded()} for number in range(3)]
        batch_id = made(client, items=items)

        admit_batch(process, batch_id, longest=timedelta(0))
        assert counts_of(client, batch_id) == {"total": 3, "queued": 2, "waiting": 1}

        admit_batch(process, batch_id, longest=timedelta(0))
        assert counts_of(client, batch_id) == {"total": 3, "queued": 3}


class TestQuota:
    def test_lets_items_wait_until_there_is_room(
        self,
        *,
        client: TestClient,
        process: Process,
        sessions: SessionFactory,
        uploaded: Uploaded,
        owner_id: uuid.UUID,
        storage: ObjectStorage,
    ) -> None:
        with sessions.begin() as session:
            session.get_one(Owner, owner_id).quota_jobs = 2
        items = [{"custom_id": str(number), "upload_id": uploaded()} for number in range(5)]
        batch_id = made(client, items=items)

        admitted(process, batch_id)
        first = counts_of(client, batch_id)
        with sessions.begin() as session:
            session.get_one(Owner, owner_id).quota_jobs = None
        admitted(process, batch_id)

        assert first == {"total": 5, "queued": 2, "waiting": 3}
        assert counts_of(client, batch_id) == {"total": 5, "queued": 5}
        assert [item["custom_id"] for item in items_of(client, batch_id)] == [*"01234"]
