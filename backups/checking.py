"""Whether a backup is whole and as it was written: its manifest, and the digest of every file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from backups import parallel
from backups.manifest import DUMP, OBJECTS, FileNote, Manifest, ObjectNote, load, note_of, object_notes
from core.errors import BackupDamaged


def damage(directory: Path, manifest: Manifest) -> Iterator[str]:
    """What is wrong, a sentence each; nothing of a backup that is whole."""
    yield from _damage_of(directory / DUMP, manifest.dump)
    lines = list(_damage_of(directory / OBJECTS, manifest.objects))
    if lines:
        yield from lines
        # What it would say of the others is worth nothing.
        return
    notes = (note for note in object_notes(directory) if note.is_stored)
    for found in parallel.each(lambda note: _damage_of_object(directory, note), notes):
        yield from found


def sound_manifest(directory: Path) -> Manifest:
    """Raises `BackupDamaged` unless all of the backup is as it was written; reads every byte of it."""
    manifest = load(directory)
    found = list(damage(directory, manifest))
    if found:
        raise BackupDamaged(f"{found[0]}{f' And {len(found) - 1} more.' if found[1:] else ''}")
    return manifest


def _damage_of_object(directory: Path, note: ObjectNote) -> list[str]:
    wanted = FileNote(size_bytes=int(note.size_bytes or 0), sha256=str(note.sha256))
    return [f"{found} It holds {note.key}." for found in _damage_of(note.file_in(directory), wanted)]


def _damage_of(path: Path, wanted: FileNote) -> Iterator[str]:
    try:
        found = note_of(path)
    except BackupDamaged as error:
        yield str(error)
        return
    if found.size_bytes != wanted.size_bytes:
        yield f"{path.name} has {found.size_bytes:,} bytes instead of {wanted.size_bytes:,}."
    elif found.sha256 != wanted.sha256:
        yield f"{path.name} is not as it was written."
