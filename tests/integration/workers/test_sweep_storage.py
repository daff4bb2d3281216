"""Which objects storage is rid of, and which never."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import make_url

from chaos.proxy import LOOPBACK, FaultProxy
from core.database import SessionFactory
from core.errors import StorageUnavailable
from core.settings import StorageSettings
from core.storage import ObjectStorage
from models import Channel, Recording, Upload
from models.repositories import clock
from models.repositories.jobs import JobRepository
from models.repositories.recordings import RecordingRepository
from models.repositories.stored_objects import PREFIXES, StoredObjects
from tests import builders
from workers.upkeep.sweep_storage import StorageSweep, sweep_storage

OLD: Final = timedelta(seconds=-2)
"""What was written just now is older: a store's clock may know whole seconds only."""
YOUNG: Final = timedelta(hours=1)
PART: Final = bytes(5 * 1024 * 1024)


@pytest.fixture(autouse=True)
def empty(storage: ObjectStorage) -> None:
    """Nothing of other tests."""
    for prefix in PREFIXES:
        storage.delete_all(prefix)
        for upload in storage.unfinished(prefix):
            storage.abort(upload)


def stored(storage: ObjectStorage, key: str) -> str:
    storage.put(key, b"RIFF")
    return key


def recorded(sessions: SessionFactory, storage: ObjectStorage) -> tuple[uuid.UUID, str]:
    """A job and the key of its recording."""
    with sessions.begin() as session:
        job = builders.queued_job(session, builders.owner(session))
        key = f"recordings/{job.owner_id}/{job.recording_id}"
        RecordingRepository(session).get(job.recording_id).object_key = key
    return job.id, stored(storage, key)


def prepared(
    sessions: SessionFactory,
    storage: ObjectStorage,
    job_id: uuid.UUID,
    *,
    attempts: int,
    under_owner: bool = True,
) -> list[str]:
    """Keys of each attempt; the last one was committed."""
    with sessions.begin() as session:
        owner_id = JobRepository(session).locked(job_id).owner_id
    place = f"prepared/{owner_id}/{job_id}" if under_owner else f"prepared/{job_id}"
    keys = [stored(storage, f"{place}/{attempt}/0.flac") for attempt in range(1, attempts + 1)]
    with sessions.begin() as session:
        session.add(Channel(job_id=job_id, index=0, object_key=keys[-1], duration_ms=1, speech_ms=0))
    return keys


def begun_upload(sessions: SessionFactory, storage: ObjectStorage, *, ends: timedelta) -> str:
    with sessions.begin() as session:
        owner = builders.owner(session)
        upload = Upload(id=uuid.uuid4(), owner_id=owner.id, expires_at=clock.now(session) + ends)
        upload.object_key = f"recordings/{owner.id}/{upload.id}"
        session.add(upload)
    return stored(storage, upload.object_key)


def left(storage: ObjectStorage) -> set[str]:
    return {key for prefix in PREFIXES for key in storage.keys(prefix)}


class TestSweep:
    def test_removes_what_no_row_refers_to(self, sessions: SessionFactory, storage: ObjectStorage) -> None:
        _, wanted = recorded(sessions, storage)
        stored(storage, f"recordings/{uuid.uuid4()}/{uuid.uuid4()}")
        stored(storage, f"prepared/{uuid.uuid4()}/1/0.flac")
        stored(storage, "prepared/of nobody")

        sweep_storage(sessions, storage, grace=OLD)

        assert left(storage) == {wanted}

    @pytest.mark.parametrize("under_owner", [True, False])
    def test_removes_prepared_audio_of_attempts_that_were_lost(
        self, sessions: SessionFactory, storage: ObjectStorage, under_owner: bool
    ) -> None:
        """Also where earlier versions put it."""
        job_id, recording = recorded(sessions, storage)
        *_, newest = prepared(sessions, storage, job_id, attempts=3, under_owner=under_owner)

        sweep_storage(sessions, storage, grace=OLD)

        assert left(storage) == {recording, newest}

    def test_removes_what_came_after_its_job_was_erased(
        self, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        job_id, _ = recorded(sessions, storage)
        stored(storage, f"prepared/{job_id}/1/0.flac")
        with sessions.begin() as session:
            job = JobRepository(session).locked(job_id)
            session.get_one(Recording, job.recording_id).erased_at = clock.now(session)

        sweep_storage(sessions, storage, grace=OLD)

        assert left(storage) == set()

    def test_removes_what_was_put_and_never_made_a_job(
        self, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        begun_upload(sessions, storage, ends=timedelta(hours=-2))
        wanted = begun_upload(sessions, storage, ends=timedelta(hours=1))

        sweep_storage(sessions, storage, grace=OLD)

        assert left(storage) == {wanted}

    def test_gives_an_upload_that_just_ended_time_to_become_a_job(
        self, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        just_ended = begun_upload(sessions, storage, ends=timedelta(minutes=-1))

        with sessions.begin() as session:
            wanted = StoredObjects(session).wanted([just_ended], grace=YOUNG)

        assert wanted == {just_ended}

    def test_leaves_alone_what_is_young(self, sessions: SessionFactory, storage: ObjectStorage) -> None:
        young = stored(storage, f"recordings/{uuid.uuid4()}/{uuid.uuid4()}")

        sweep_storage(sessions, storage, grace=YOUNG)

        assert left(storage) == {young}

    def test_leaves_alone_what_is_not_of_callscribe(
        self, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        foreign = stored(storage, "backups/of somebody else")

        sweep_storage(sessions, storage, grace=OLD)

        assert storage.head(foreign).size_bytes == 4

    def test_goes_through_everything_a_page_at_a_time(
        self, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        wanted = {recorded(sessions, storage)[1] for _ in range(3)}
        for _ in range(4):
            stored(storage, f"recordings/{uuid.uuid4()}/{uuid.uuid4()}")
        sweep = StorageSweep(sessions, storage, grace=OLD, page=2)

        steps = 1
        while sweep.step():
            steps += 1

        assert left(storage) == wanted
        assert steps == 5  # Four pages of recordings, one of prepared audio.

    def test_begins_anew_when_it_is_through(self, sessions: SessionFactory, storage: ObjectStorage) -> None:
        sweep = StorageSweep(sessions, storage, grace=OLD)
        while sweep.step():
            pass
        stored(storage, f"recordings/{uuid.uuid4()}/{uuid.uuid4()}")

        while sweep.step():
            pass

        assert left(storage) == set()


class TestUnfinishedUpload:
    def test_is_aborted_when_it_is_old(self, sessions: SessionFactory, storage: ObjectStorage) -> None:
        for prefix in PREFIXES:
            storage.begin_multipart(f"{prefix}{uuid.uuid4()}").write_part(PART)

        sweep_storage(sessions, storage, grace=OLD)

        assert [storage.unfinished(prefix) for prefix in PREFIXES] == [[], []]

    def test_goes_on_while_it_is_young(self, sessions: SessionFactory, storage: ObjectStorage) -> None:
        key = f"recordings/{uuid.uuid4()}"
        upload = storage.begin_multipart(key)
        upload.write_part(PART)

        sweep_storage(sessions, storage, grace=YOUNG)

        upload.complete()
        assert storage.head(key).size_bytes == len(PART)


class TestStorageThatIsAway:
    @pytest.fixture
    def proxy(self, storage_settings: StorageSettings) -> Iterator[FaultProxy]:
        with FaultProxy(make_url(str(storage_settings.endpoint_url)).port or 0) as proxy:
            yield proxy

    def test_is_gone_on_with_where_it_broke_off(
        self,
        *,
        sessions: SessionFactory,
        storage: ObjectStorage,
        storage_settings: StorageSettings,
        proxy: FaultProxy,
    ) -> None:
        for _ in range(3):
            stored(storage, f"recordings/{uuid.uuid4()}/{uuid.uuid4()}")
        changes = {"endpoint_url": f"http://{LOOPBACK}:{proxy.port}", "attempts": 1}
        detour = ObjectStorage(storage_settings.model_copy(update=changes))
        sweep = StorageSweep(sessions, detour, grace=YOUNG, page=2)
        sweep.step()

        proxy.refuse()
        proxy.cut()
        with pytest.raises(StorageUnavailable):
            sweep.step()
        proxy.heal()

        assert [sweep.step(), sweep.step()] == [True, False]
