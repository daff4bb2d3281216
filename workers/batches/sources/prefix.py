"""Every object below a prefix is an item."""

from __future__ import annotations

from collections.abc import Sequence

from core.storage import ObjectStorage
from models.base import JsonObject, JsonValue
from submission.batches.imports import SCHEME, Place
from workers.batches.sources.page import Page


class PrefixListing:
    """In the order of the keys; objects that are added behind the place of reading are found, too."""

    def __init__(self, storage: ObjectStorage, place: Place, *, suffixes: Sequence[JsonValue]) -> None:
        self._storage = storage.of_bucket(place.bucket)
        self._place = place
        self._suffixes = tuple(str(suffix).lower() for suffix in suffixes)

    def read(self, place: JsonObject, *, limit: int) -> Page:
        page = self._storage.page(self._place.key, after=str(place.get("after", "")), limit=limit)
        if not page.objects:
            return Page([], place, is_last=True)
        keys = [each.key for each in page.objects if self._is_recording(each.key)]
        items = [
            {
                "url": f"{SCHEME}{self._place.bucket}/{key}",
                "custom_id": key.removeprefix(self._place.key) or key,
            }
            for key in keys
        ]
        return Page(items, {"after": page.objects[-1].key}, is_last=page.is_last)

    def _is_recording(self, key: str) -> bool:
        """Not what stands for a folder."""
        return not key.endswith("/") and (not self._suffixes or key.lower().endswith(self._suffixes))
