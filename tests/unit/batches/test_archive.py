"""Archives as strangers send them, read in memory."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidRequest, PayloadTooLarge, UnreadableSource
from core.storage import ObjectStorage, StoredObject
from tests.damage import mutants
from workers.batches.archive import Archive

LIMIT = 2**20
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


class OneObject(ObjectStorage):
    """A store that has one thing, whatever it is asked for, and keeps no other."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def head(self, key: str) -> StoredObject:
        return StoredObject(key, len(self._content), datetime.now(UTC))

    def read(self, key: str, *, first_byte: int, last_byte: int) -> bytes:
        return self._content[first_byte : last_byte + 1]

    def put(self, key: str, content: bytes | bytearray) -> None:
        """It is gone."""


def archive_of(method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("manifest.csv", "file\na.wav\n")
        archive.writestr("通话/a.wav", bytes(3_000))
        archive.writestr("folder/", b"")
    return file.getvalue()


def read_all_of(content: bytes) -> None:
    """Everything that admission does with an archive."""
    try:
        with Archive.opened(OneObject(content), "archive") as archive:
            for member in archive.members():
                read(archive, member)
    except UnreadableSource:
        return


def read(archive: Archive, member: str) -> None:
    try:
        assert len(archive.text_of(member, limit=LIMIT)) <= LIMIT
        assert archive.unpack(member, "member", limit=LIMIT)[0] <= LIMIT
    except (UnreadableSource, InvalidRequest, PayloadTooLarge):
        return


class TestArchive:
    @given(st.sampled_from(METHODS), st.integers(0, 2**32))
    def test_one_that_was_changed_is_read_or_refused_by_name(self, method: int, seed: int) -> None:
        [content] = mutants(archive_of(method), seed=seed, count=1)

        read_all_of(content)

    @given(st.binary(max_size=200))
    def test_any_bytes_are_read_or_refused_by_name(self, content: bytes) -> None:
        read_all_of(content)

    def test_a_name_that_is_not_what_it_says_makes_it_unreadable(self) -> None:
        content = archive_of(zipfile.ZIP_STORED).replace("通话".encode(), b"\xff" * 6)

        with pytest.raises(UnreadableSource), Archive.opened(OneObject(content), "archive"):
            pass

    def test_a_name_that_is_only_wrong_before_its_member_refuses_that_alone(self) -> None:
        content = archive_of(zipfile.ZIP_STORED).replace("通话".encode(), b"\xff" * 6, 1)

        with Archive.opened(OneObject(content), "archive") as archive, pytest.raises(InvalidRequest):
            archive.unpack("通话/a.wav", "member", limit=LIMIT)

    def test_a_member_without_a_name_is_none(self) -> None:
        content = archive_of(zipfile.ZIP_STORED).replace(b"manifest.csv", b"\0anifest.csv")

        with Archive.opened(OneObject(content), "archive") as archive:
            assert archive.members() == ["通话/a.wav"]
