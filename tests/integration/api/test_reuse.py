"""`reuse`: a finished transcript of the same audio will do."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from core.database import SessionFactory
from core.storage import ObjectStorage
from models import EventType, FairShare, Job, Transcript
from models.chinese_script import ChineseScript
from models.repositories.events import EventRepository
from models.repositories.jobs import JobRepository
from models.transcript_content import as_json
from tests.integration.api import stages
from tests.integration.api.conftest import issue_key, objects_of
from tests.unit.finishing.calls import Said, transcript_of

AUDIO = b"RIFF" + bytes(2000)
ROLES = {"0": "agent", "1": "customer"}


def send(client: TestClient, *, audio: bytes = AUDIO, **fields: str) -> dict[str, object]:
    fields = {"roles": "agent,customer", "language": "en", **fields}
    answer = client.post("/v1/jobs", files={"file": ("call.wav", audio)}, data=fields)
    assert answer.status_code == 202, answer.text
    job: dict[str, object] = answer.json()
    return job


def id_of(job: dict[str, object]) -> uuid.UUID:
    return uuid.UUID(str(job["id"]))


def completed(client: TestClient, sessions: SessionFactory) -> uuid.UUID:
    job_id = id_of(send(client))
    content = transcript_of(Said(0, 0, 900, "Hello."), Said(1, 900, 1_800, "Hi."), roles=ROLES)
    stages.complete(sessions, job_id, as_json(content))
    return job_id


class TestReusedTranscript:
    def test_completes_a_job_at_once_and_says_where_it_comes_from(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        source_id = completed(client, sessions)

        job = send(client, reuse="true")

        assert (job["status"], job["progress"], job["stage"]) == ("completed", 1.0, None)
        assert job["reused_from"] == str(source_id)
        assert job["channels"] == [{"index": 0, "role": None, "findings": None}]
        assert job == client.get(f"/v1/jobs/{job['id']}").json()
        with sessions.begin() as session:
            [event] = EventRepository(session).of(id_of(job))
        assert event.type is EventType.JOB_COMPLETED

    def test_has_the_same_words_made_out_to_its_own_job(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        source_id = completed(client, sessions)
        job = send(client, reuse="true", lane="bulk", metadata='{"call": 2}')

        source, reused = (client.get(f"/v1/jobs/{each}/transcript").json() for each in (source_id, job["id"]))

        own = {"job_id", "options", "timings_ms"}
        assert {name: reused[name] for name in reused.keys() - own} == {
            name: source[name] for name in source.keys() - own
        }
        assert reused["job_id"] == job["id"]
        assert reused["options"] == {
            **source["options"],
            "model": "scripted",
            "language": "en",
            "lane": "bulk",
        }
        assert set(reused["timings_ms"].values()) == {None}

    def test_leaves_its_job_an_audio_of_its_own(
        self, client: TestClient, sessions: SessionFactory, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        completed(client, sessions)

        send(client, reuse="true")

        assert len(objects_of(storage, owner_id)) == 2

    @pytest.mark.parametrize("deleted", ["source", "copy"])
    def test_outlives_the_job_that_it_is_shared_with(
        self, client: TestClient, sessions: SessionFactory, deleted: str
    ) -> None:
        ids = {"source": completed(client, sessions)}
        ids["copy"] = id_of(send(client, reuse="true"))

        client.delete(f"/v1/jobs/{ids.pop(deleted)}")

        [other] = ids.values()
        assert client.get(f"/v1/jobs/{other}/transcript").status_code == 200

    def test_can_be_reused_in_its_turn(self, client: TestClient, sessions: SessionFactory) -> None:
        source_id = completed(client, sessions)
        copy = send(client, reuse="true")
        client.delete(f"/v1/jobs/{source_id}")

        assert send(client, reuse="true")["reused_from"] == copy["id"]

    def test_takes_nothing_of_its_owners_share(self, client: TestClient, sessions: SessionFactory) -> None:
        completed(client, sessions)
        shares = select(func.sum(FairShare.last_vft))
        with sessions.begin() as session:
            before = session.scalar(shares)

        send(client, reuse="true")

        with sessions.begin() as session:
            assert session.scalar(shares) == before


class TestNotReused:
    def test_is_what_nobody_asked_for(self, client: TestClient, sessions: SessionFactory) -> None:
        completed(client, sessions)

        job = send(client)

        assert (job["status"], job["reused_from"]) == ("queued", None)

    @pytest.mark.parametrize(
        "change",
        [
            {"audio": AUDIO + b"."},
            {"model": "whisper-base"},
            {"language": "zh"},
            {"roles": "customer,agent"},
            {"roles": "agent"},
        ],
    )
    def test_is_a_transcript_of_other_audio_or_options(
        self, client: TestClient, sessions: SessionFactory, change: dict[str, str]
    ) -> None:
        completed(client, sessions)

        job = send(client, reuse="true", **change)  # type: ignore[arg-type]

        assert (job["status"], job["reused_from"]) == ("queued", None)

    def test_is_one_in_another_script(self, client: TestClient, sessions: SessionFactory) -> None:
        source_id = completed(client, sessions)
        with sessions.begin() as session:
            session.get_one(Job, source_id).script = ChineseScript.HANT

        assert send(client, reuse="true")["status"] == "queued"

    def test_is_one_that_found_the_language_out_for_one_that_is_told(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        source_id = completed(client, sessions)
        with sessions.begin() as session:
            session.get_one(Job, source_id).language = None

        assert send(client, reuse="true")["status"] == "queued"

    @pytest.mark.parametrize(
        "standing", [stages.prepare, stages.fail, stages.expire], ids=lambda stage: stage.__name__
    )
    def test_is_a_job_that_has_no_transcript(
        self,
        client: TestClient,
        sessions: SessionFactory,
        standing: Callable[[SessionFactory, uuid.UUID], None],
    ) -> None:
        standing(sessions, id_of(send(client)))

        assert send(client, reuse="true")["status"] == "queued"

    def test_is_another_owners(self, client: TestClient, sessions: SessionFactory) -> None:
        completed(client, sessions)
        client.headers["Authorization"] = f"Bearer {issue_key(sessions, 'somebody else')}"

        assert send(client, reuse="true")["status"] == "queued"

    def test_is_a_deleted_one(self, client: TestClient, sessions: SessionFactory) -> None:
        client.delete(f"/v1/jobs/{completed(client, sessions)}")

        assert send(client, reuse="true")["status"] == "queued"

    def test_is_one_that_is_being_deleted_and_nobody_waits_for_it(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        source_id = completed(client, sessions)
        with sessions.begin() as eraser:
            JobRepository(eraser).locked(source_id)

            job = send(client, reuse="true")

        assert job["status"] == "queued"

    def test_is_one_with_a_tombstone_whatever_is_left_of_it(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        source_id = completed(client, sessions)
        with sessions.begin() as session:
            session.get_one(Job, source_id).erased_at = func.clock_timestamp()

        job = send(client, reuse="true")

        with sessions.begin() as session:
            assert session.get(Transcript, source_id) is not None
        assert job["status"] == "queued"
