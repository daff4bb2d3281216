"""How long calls are kept, as their owner's policy has it, and what goes then."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from math import inf
from typing import Final

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.settings import ApiSettings
from cli.commands.owners import app
from core.database import SessionFactory
from core.errors import StorageUnavailable
from core.storage import ObjectStorage
from models import Channel, Job, Owner, Recording
from models.audit_entry import RETENTION, AuditEntry
from models.repositories import clock
from models.repositories.endings import Endings
from models.repositories.transcripts import TranscriptRepository
from tests import builders
from tests.integration.api import stages
from tests.integration.api.conftest import objects_of, storage_at, submit
from workers.upkeep.purge_calls import BATCH, CallPurge
from workers.upkeep.sweep_storage import sweep_storage

SPOKEN: Final = "my card number is"
DAY: Final = timedelta(days=1)
Policy = Callable[..., None]


@pytest.fixture
def policy(sessions: SessionFactory, owner_id: uuid.UUID) -> Policy:
    """Of the client's owner."""

    def change(**days: float | None) -> None:
        with sessions.begin() as session:
            session.execute(update(Owner).where(Owner.id == owner_id).values(days))

    return change


@pytest.fixture
def purge(sessions: SessionFactory, storage: ObjectStorage) -> CallPurge:
    return CallPurge(sessions, storage)


@pytest.fixture
def call(
    client: TestClient, sessions: SessionFactory, storage: ObjectStorage, owner_id: uuid.UUID
) -> uuid.UUID:
    """It completed ten days ago, and has audio, prepared audio and a transcript."""
    job_id = submit(client, metadata='{"agent": "Smith"}')
    stages.complete(sessions, job_id, {"text": SPOKEN})
    storage.put(key := f"prepared/{owner_id}/{job_id}/1/0.flac", b"fLaC")
    with sessions.begin() as session:
        session.execute(update(Channel).where(Channel.job_id == job_id).values(object_key=key))
    let_pass(sessions, 10 * DAY)
    return job_id


def let_pass(sessions: SessionFactory, time: timedelta) -> None:
    with sessions.begin() as session:
        session.execute(update(Job).values(finished_at=Job.finished_at - time))


def has_transcript(sessions: SessionFactory, job_id: uuid.UUID) -> bool:
    with sessions.begin() as session:
        return TranscriptRepository(session).find(job_id) is not None


class TestAudio:
    def test_goes_and_what_was_heard_stays(
        self,
        *,
        client: TestClient,
        call: uuid.UUID,
        policy: Policy,
        purge: CallPurge,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
    ) -> None:
        policy(keep_audio_days=9)

        purge.audio(keep=None)

        assert objects_of(storage, owner_id) == []
        assert storage.keys(f"prepared/{owner_id}/") == []
        job = client.get(f"/v1/jobs/{call}").json()
        assert job["source"]["erased_at"] is not None
        assert (job["source"]["filename"], job["metadata"]) == ("call.wav", {"agent": "Smith"})
        assert client.get(f"/v1/jobs/{call}/transcript").json()["text"] == SPOKEN

    def test_is_not_gone_while_storage_is_away(
        self,
        *,
        client: TestClient,
        call: uuid.UUID,
        policy: Policy,
        sessions: SessionFactory,
        storage: ObjectStorage,
        api_settings: ApiSettings,
    ) -> None:
        policy(keep_audio_days=0)
        away = CallPurge(sessions, ObjectStorage(storage_at(api_settings, 1)))

        with pytest.raises(StorageUnavailable):
            away.audio(keep=None)

        assert client.get(f"/v1/jobs/{call}").json()["source"]["erased_at"] is None
        CallPurge(sessions, storage).audio(keep=None)
        assert client.get(f"/v1/jobs/{call}").json()["source"]["erased_at"] is not None

    def test_that_is_gone_is_not_tried_again(
        self, client: TestClient, sessions: SessionFactory, policy: Policy, purge: CallPurge
    ) -> None:
        job_id = submit(client)
        stages.fail(sessions, job_id)
        policy(keep_audio_days=0)
        purge.audio(keep=None)

        answer = client.post(f"/v1/jobs/{job_id}/retry")

        assert (answer.status_code, answer.json()["code"]) == (410, "gone")

    def test_that_was_put_there_meanwhile_is_swept(
        self,
        *,
        call: uuid.UUID,
        policy: Policy,
        purge: CallPurge,
        sessions: SessionFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
    ) -> None:
        """By a worker that was given up: rows name these objects still."""
        policy(keep_audio_days=0)
        purge.audio(keep=None)
        storage.put(f"prepared/{owner_id}/{call}/1/0.flac", b"fLaC")

        sweep_storage(sessions, storage, grace=timedelta(seconds=-2))

        assert storage.keys(f"prepared/{owner_id}/") == []


class TestTranscripts:
    def test_go_with_all_that_is_left(
        self,
        *,
        client: TestClient,
        call: uuid.UUID,
        policy: Policy,
        purge: CallPurge,
        sessions: SessionFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
    ) -> None:
        policy(keep_audio_days=inf, keep_transcripts_days=9)

        purge.transcripts(keep=None)

        assert not has_transcript(sessions, call)
        assert objects_of(storage, owner_id) == []
        assert client.get(f"/v1/jobs/{call}/transcript").status_code == 410
        with sessions.begin() as session:
            job = session.get_one(Job, call)
            recording = session.get_one(Recording, job.recording_id)
        assert job.details == {}
        assert job.erased_at is not None
        assert job.audio_erased_at is not None
        assert recording.filename is None

    def test_leave_who_did_it_in_the_audit_log(
        self, call: uuid.UUID, policy: Policy, purge: CallPurge, sessions: SessionFactory
    ) -> None:
        policy(keep_audio_days=1, keep_transcripts_days=9)

        purge.audio(keep=None)
        purge.transcripts(keep=None)

        with sessions.begin() as session:
            entries = session.execute(
                select(AuditEntry.action, AuditEntry.subject).where(AuditEntry.actor == RETENTION)
            ).all()
        assert [tuple(entry) for entry in entries] == [
            ("audio.erased", str(call)),
            ("job.erased", str(call)),
        ]


class TestPolicy:
    @pytest.mark.parametrize(
        ("own", "default", "is_kept"),
        [
            pytest.param(None, None, True, id="none at all"),
            pytest.param(9, None, False, id="its own has passed"),
            pytest.param(11, None, True, id="its own has not passed"),
            pytest.param(0, None, False, id="not for a moment"),
            pytest.param(None, 9 * DAY, False, id="the default has passed"),
            pytest.param(None, 11 * DAY, True, id="the default has not passed"),
            pytest.param(11, 9 * DAY, True, id="its own is longer than the default"),
            pytest.param(9, 11 * DAY, False, id="its own is shorter than the default"),
            pytest.param(inf, 0 * DAY, True, id="for ever, whatever the default"),
        ],
    )
    def test_is_the_owners_before_the_default(
        self,
        *,
        call: uuid.UUID,
        policy: Policy,
        purge: CallPurge,
        sessions: SessionFactory,
        own: float | None,
        default: timedelta | None,
        is_kept: bool,
    ) -> None:
        policy(keep_audio_days=own, keep_transcripts_days=own)

        purge.audio(keep=default)
        purge.transcripts(keep=default)

        with sessions.begin() as session:
            assert (session.get_one(Job, call).audio_erased_at is None) is is_kept
        assert has_transcript(sessions, call) is is_kept

    def test_is_for_its_owner_alone(
        self, call: uuid.UUID, purge: CallPurge, sessions: SessionFactory
    ) -> None:
        with sessions.begin() as session:
            builders.owner(session, "another").keep_transcripts_days = 0

        purge.transcripts(keep=None)

        assert has_transcript(sessions, call)

    def test_is_for_what_is_over(
        self,
        client: TestClient,
        policy: Policy,
        purge: CallPurge,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
    ) -> None:
        submit(client)
        policy(keep_audio_days=0, keep_transcripts_days=0)

        purge.audio(keep=None)
        purge.transcripts(keep=None)

        assert len(objects_of(storage, owner_id)) == 1

    def test_is_carried_out_in_bounded_steps_the_oldest_first(
        self, purge: CallPurge, policy: Policy, sessions: SessionFactory, owner_id: uuid.UUID
    ) -> None:
        with sessions.begin() as session:
            for _ in range(BATCH + 1):
                job = builders.queued_job(session, session.get_one(Owner, owner_id))
                Endings(session).cancel(job)
            newest = job.id
            job.finished_at = clock.now(session) + DAY / 24
        let_pass(sessions, DAY)
        policy(keep_transcripts_days=0)

        more = purge.transcripts(keep=None)

        with sessions.begin() as session:
            left = session.scalars(select(Job.id).where(Job.erased_at.is_(None))).all()
        assert (more, left) == (True, [newest])
        assert purge.transcripts(keep=None) is False
        with sessions.begin() as session:
            assert session.scalar(select(func.count()).where(Job.erased_at.is_(None))) == 0

    def test_waits_for_nobody_who_holds_the_job(
        self, call: uuid.UUID, policy: Policy, purge: CallPurge, sessions: SessionFactory
    ) -> None:
        policy(keep_transcripts_days=0)
        with sessions.begin() as session:
            session.execute(select(Job.id).where(Job.id == call).with_for_update())
            assert purge.transcripts(keep=None) is False
        assert has_transcript(sessions, call)

        purge.transcripts(keep=None)

        assert not has_transcript(sessions, call)


class TestCommand:
    @pytest.fixture(autouse=True)
    def settings(self, database_url: SecretStr, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CALLSCRIBE_DATABASE_URL", database_url.get_secret_value())

    @pytest.mark.parametrize(
        ("text", "days", "shown"),
        [
            ("30", 30.0, "30 days"),
            ("0.5", 0.5, "0.5 days"),
            ("forever", inf, "forever"),
            ("0", 0.0, "0 days"),
        ],
    )
    def test_sets_a_policy_and_takes_it_back(
        self, sessions: SessionFactory, owner_id: uuid.UUID, text: str, days: float, shown: str
    ) -> None:
        self.run("set", "tests", "--keep-audio", text)

        with sessions.begin() as session:
            owner = session.get_one(Owner, owner_id)
        assert (owner.keep_audio_days, owner.keep_transcripts_days) == (days, None)
        assert self.kept() == [shown, "default"]
        self.run("set", "tests", "--keep-audio", "default", "--keep-transcripts", "7")
        assert self.kept() == ["default", "7 days"]

    @pytest.mark.parametrize("text", ["-1", "nan", "inf", "soon", ""])
    def test_refuses_what_is_no_time(self, sessions: SessionFactory, text: str) -> None:
        result = CliRunner().invoke(app, ["set", "tests", f"--keep-audio={text}"])

        assert result.exit_code == 2
        assert "no number of days" in result.output

    def kept(self) -> list[str]:
        (row,) = [line for line in self.run("list").splitlines() if "tests" in line]
        return [cell.strip() for cell in row.strip("│ ").split("│")][-2:]

    def run(self, *arguments: str) -> str:
        result = CliRunner().invoke(app, arguments, catch_exceptions=False, env={"COLUMNS": "200"})
        assert result.exit_code == 0, result.output
        return result.stdout
