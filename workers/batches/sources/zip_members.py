"""A zip archive: its own manifest if it has one, else every file in it is an item."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from models.base import JsonObject
from workers.batches.archive import Archive
from workers.batches.sources.manifest import MANIFESTS, ManifestFormat
from workers.batches.sources.page import Page, Source

MANIFEST_NAMES: Final = {f"manifest.{form}": form for form in ManifestFormat}
LARGEST_MANIFEST: Final = 256 * 1024 * 1024


class ZipMembers:
    """Files that no manifest tells more of."""

    def __init__(self, archive: Archive) -> None:
        self._members = archive.members()

    def read(self, place: JsonObject, *, limit: int) -> Page:
        begin = int(str(place.get("member", 0)))
        members = self._members[begin : begin + limit]
        end = begin + len(members)
        return Page([{"file": member} for member in members], {"member": end}, end >= len(self._members))


def of_archive(archive: Archive, scratch: Path) -> Source:
    """Raises `UnreadableSource`."""
    members = set(archive.members())
    for name, form in MANIFEST_NAMES.items():
        if name in members:
            path = scratch / name
            path.write_bytes(archive.text_of(name, limit=LARGEST_MANIFEST))
            return MANIFESTS[form](path)
    return ZipMembers(archive)
