"""Files to and from a real store."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from core.errors import ObjectMissing, PayloadTooLarge
from core.settings import StorageSettings
from core.storage import PART_BYTES, ObjectStorage


@pytest.mark.parametrize("size", [0, 1, 100_000, PART_BYTES, PART_BYTES + 1])
def test_a_file_comes_back_as_it_went(storage: ObjectStorage, tmp_path: Path, size: int) -> None:
    """In one request, in parts, and on the edge between them."""
    content = os.urandom(size)
    (tmp_path / "sent").write_bytes(content)

    storage.put_file(f"tests/{size}", tmp_path / "sent")
    storage.download(f"tests/{size}", tmp_path / "received", limit_bytes=size)

    assert (tmp_path / "received").read_bytes() == content


class TestEncryption:
    """The store tells of each object how it was asked to keep it."""

    @pytest.fixture(params=["AES256", "none"])
    def asking(self, storage_settings: StorageSettings, request: pytest.FixtureRequest) -> ObjectStorage:
        return ObjectStorage(storage_settings.model_copy(update={"encryption": request.param}))

    @pytest.fixture
    def wanted(self, asking: ObjectStorage, request: pytest.FixtureRequest) -> str | None:
        kind: str = request.node.callspec.params["asking"]
        return None if kind == "none" else kind

    @staticmethod
    def kept(storage: ObjectStorage, key: str) -> str | None:
        answer = storage.client.head_object(Bucket=storage.bucket, Key=key)
        return answer.get("ServerSideEncryption")

    @pytest.mark.parametrize("size", [100, PART_BYTES + 1])
    def test_is_asked_for_when_a_file_is_put(
        self, *, asking: ObjectStorage, wanted: str | None, tmp_path: Path, size: int
    ) -> None:
        (tmp_path / "sent").write_bytes(bytes(size))

        asking.put_file("tests/file", tmp_path / "sent")

        assert self.kept(asking, "tests/file") == wanted

    def test_is_asked_for_when_bytes_are_put(self, asking: ObjectStorage, wanted: str | None) -> None:
        asking.put("tests/bytes", b"RIFF")

        assert self.kept(asking, "tests/bytes") == wanted

    def test_is_asked_for_when_parts_are_put_together(
        self, asking: ObjectStorage, wanted: str | None
    ) -> None:
        upload = asking.begin_multipart("tests/parts")
        for part in (bytes(PART_BYTES), b"end"):
            upload.write_part(part)

        upload.complete()

        assert self.kept(asking, "tests/parts") == wanted

    @pytest.mark.parametrize("size", [100, PART_BYTES + 1])
    def test_is_asked_for_when_an_object_is_copied(
        self, *, storage_settings: StorageSettings, asking: ObjectStorage, wanted: str | None, size: int
    ) -> None:
        """Whether or not the source is encrypted."""
        plain = ObjectStorage(storage_settings.model_copy(update={"encryption": "none"}))
        plain.put("tests/source", bytes(size))

        asking.copy("tests/source", "tests/copy")

        assert self.kept(asking, "tests/copy") == wanted

    def test_is_asked_for_when_others_put(self, asking: ObjectStorage, wanted: str | None) -> None:
        put = asking.presign_put("tests/presigned", expires_in=timedelta(minutes=1), size_bytes=4)

        httpx.put(put.url, content=b"RIFF", headers=put.headers).raise_for_status()

        assert self.kept(asking, "tests/presigned") == wanted

    def test_is_asked_for_when_others_put_parts(self, asking: ObjectStorage, wanted: str | None) -> None:
        upload = asking.begin_multipart("tests/sent")
        url = asking.presign_part(
            "tests/sent", upload.upload_id, 1, size_bytes=4, expires_in=timedelta(minutes=1)
        )
        answer = httpx.put(url, content=b"RIFF")
        upload.etags = [answer.headers["ETag"]]

        upload.complete()

        assert self.kept(asking, "tests/sent") == wanted

    def test_lets_any_stretch_be_read(self, asking: ObjectStorage) -> None:
        """Chunks are ranges of bytes, across the store's own blocks and the parts."""
        content = os.urandom(2 * PART_BYTES + 99)
        upload = asking.begin_multipart("tests/stretch")
        for begin in range(0, len(content), PART_BYTES):
            upload.write_part(content[begin : begin + PART_BYTES])
        upload.complete()

        for first in (0, 1, 17, PART_BYTES - 7, PART_BYTES, 2 * PART_BYTES + 3):
            last = min(first + 100_000, len(content)) - 1
            assert asking.read("tests/stretch", first_byte=first, last_byte=last) == content[first : last + 1]


def test_what_is_too_large_is_not_taken(storage: ObjectStorage, tmp_path: Path) -> None:
    storage.put("tests/large", bytes(101))

    with pytest.raises(PayloadTooLarge):
        storage.download("tests/large", tmp_path / "received", limit_bytes=100)

    assert not (tmp_path / "received").exists()


def test_what_is_not_there_is_missing(storage: ObjectStorage, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing):
        storage.download("tests/nowhere", tmp_path / "received", limit_bytes=100)
