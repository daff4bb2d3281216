"""What every source gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from models.base import JsonObject


@dataclass(frozen=True, slots=True)
class Page:
    items: Sequence[object]
    """As callers write them, or `Unreadable`."""
    place: JsonObject
    """Where the next page begins."""
    is_last: bool


class Source(Protocol):
    def read(self, place: JsonObject, *, limit: int) -> Page:
        """At most so many items from there on; an empty place is the beginning. Raises `UnreadableSource`."""
        ...
