"""Uploads in parts that nobody completed in time."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from core.database import SessionFactory
from core.storage import MultipartUpload, ObjectStorage
from models import Upload
from models.repositories import clock
from tests import builders
from workers.upkeep.abort_uploads import abort_uploads
from workers.upkeep.sweep_storage import sweep_storage

PART = bytes(5 * 1024 * 1024)
OVER = timedelta(seconds=-1)


@pytest.fixture(autouse=True)
def empty(storage: ObjectStorage) -> None:
    """Nothing of other tests."""
    storage.delete_all("recordings/")
    for upload in storage.unfinished("recordings/"):
        storage.abort(upload)


def begun(
    sessions: SessionFactory, storage: ObjectStorage, *, ends: timedelta, is_complete: bool = False
) -> MultipartUpload:
    """With its first part sent."""
    with sessions.begin() as session:
        owner_id, now = builders.owner(session).id, clock.now(session)
    parts = storage.begin_multipart(f"recordings/{owner_id}/{uuid.uuid4()}")
    parts.write_part(PART)
    if is_complete:
        parts.complete()
    with sessions.begin() as session:
        session.add(
            Upload(
                owner_id=owner_id,
                object_key=parts.key,
                expires_at=now + ends,
                size_bytes=len(PART),
                part_bytes=len(PART),
                multipart_id=parts.upload_id,
                completed_at=now if is_complete else None,
            )
        )
    return parts


def unfinished(storage: ObjectStorage) -> list[str]:
    return [upload.key for upload in storage.unfinished("recordings/")]


class TestUploadInParts:
    def test_loses_them_when_its_time_is_over(self, sessions: SessionFactory, storage: ObjectStorage) -> None:
        begun(sessions, storage, ends=OVER)
        in_time = begun(sessions, storage, ends=timedelta(hours=1))

        abort_uploads(sessions, storage)

        assert unfinished(storage) == [in_time.key]

    def test_is_not_looked_at_again(
        self, sessions: SessionFactory, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("workers.upkeep.abort_uploads.BATCH", 1)
        for _ in range(2):
            begun(sessions, storage, ends=OVER)

        assert [abort_uploads(sessions, storage) for _ in range(3)] == [True, True, False]
        assert unfinished(storage) == []

    def test_that_was_aborted_by_another_does_no_harm(
        self, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        begun(sessions, storage, ends=OVER).abort()

        assert not abort_uploads(sessions, storage)

    def test_that_is_complete_and_was_never_used_is_the_sweeps(
        self, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        complete = begun(sessions, storage, ends=timedelta(hours=-2), is_complete=True)

        abort_uploads(sessions, storage)
        kept = storage.keys("recordings/")
        sweep_storage(sessions, storage, grace=timedelta(seconds=-2))

        assert (kept, storage.keys("recordings/")) == ([complete.key], [])
