"""`s3://` addresses: where this installation may read recordings that nobody uploaded to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import ImportForbidden, InvalidRequest

SCHEME: Final = "s3://"
BUCKET: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")
LONGEST_KEY: Final = 1_024
"""Of S3, in bytes."""
OWN_FOLDERS: Final = ("recordings/", "prepared/")
"""Of our own bucket: other owners' audio lies there."""


@dataclass(frozen=True, slots=True)
class Place:
    """An object or, of a prefix, where its objects are."""

    bucket: str
    key: str

    @classmethod
    def of(cls, url: str) -> Place:
        """Raises `InvalidRequest` for what is no `s3://bucket/key`, or one that stores take for a path.

        Some of them refuse such keys without saying why, as if they were away; others may resolve them.
        """
        bucket, slash, key = url.removeprefix(SCHEME).partition("/")
        if not url.startswith(SCHEME) or not bucket or not slash:
            raise InvalidRequest("An address in object storage is written s3://bucket/key.")
        if not BUCKET.fullmatch(bucket) or not {".", ".."}.isdisjoint([bucket, *key.split("/")]):
            raise InvalidRequest(
                "An address in object storage has no part `.` or `..`, and a bucket's name is plain."
            )
        if len(key.encode()) > LONGEST_KEY:
            raise InvalidRequest(f"A key in object storage has at most {LONGEST_KEY} bytes.")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"


def check_import(place: Place, allowed: Sequence[str], *, own_bucket: str) -> None:
    """Raises `ImportForbidden` unless an operator has opened that place to all owners.

    What lies in our own folders is nobody's to import, whatever is allowed.
    """
    is_ours = place.bucket == own_bucket and any(
        place.key.startswith(folder) or folder.startswith(place.key) for folder in OWN_FOLDERS
    )
    if is_ours or not any(str(place).startswith(prefix) for prefix in allowed):
        raise ImportForbidden(f"This installation reads no recordings from {place}.")
