"""Files to and from a real store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import ObjectMissing, PayloadTooLarge
from core.storage import PART_BYTES, ObjectStorage


@pytest.mark.parametrize("size", [0, 1, 100_000, PART_BYTES, PART_BYTES + 1])
def test_a_file_comes_back_as_it_went(storage: ObjectStorage, tmp_path: Path, size: int) -> None:
    """In one request, in parts, and on the edge between them."""
    content = os.urandom(size)
    (tmp_path / "sent").write_bytes(content)

    storage.put_file(f"tests/{size}", tmp_path / "sent")
    storage.download(f"tests/{size}", tmp_path / "received", limit_bytes=size)

    assert (tmp_path / "received").read_bytes() == content


def test_what_is_too_large_is_not_taken(storage: ObjectStorage, tmp_path: Path) -> None:
    storage.put("tests/large", bytes(101))

    with pytest.raises(PayloadTooLarge):
        storage.download("tests/large", tmp_path / "received", limit_bytes=100)

    assert not (tmp_path / "received").exists()


def test_what_is_not_there_is_missing(storage: ObjectStorage, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing):
        storage.download("tests/nowhere", tmp_path / "received", limit_bytes=100)
