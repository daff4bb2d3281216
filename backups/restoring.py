"""A backup becomes a system again: an empty database and an empty bucket are filled, and then compared."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backups import parallel
from backups.checking import sound_manifest
from backups.comparing import differences
from backups.erasing import erase_again
from backups.making import OnStep
from backups.manifest import DUMP, Manifest, ObjectNote, object_notes
from backups.programs import find_programs
from backups.site import Site
from core.errors import RestoreRefused
from models.repositories.restored import analyze, leave_gap_in_feed
from models.repositories.row_security import let_role_in
from models.repositories.snapshots import Snapshot

RESTORE_OPTIONS: Final = (
    # All or nothing: a database that is half restored would look like one.
    "--single-transaction",
    "--exit-on-error",
    # Owned by whoever restores; what our role may do comes of the default privileges that were set before.
    "--no-owner",
    "--no-privileges",
)


@dataclass(frozen=True, slots=True)
class Restored:
    manifest: Manifest
    differences: Sequence[str]
    erased: int
    """Calls that were erased after the backup, and are again."""


def restore(
    site: Site,
    directory: Path,
    *,
    erase: Collection[uuid.UUID] = (),
    on_step: OnStep = lambda _: None,
) -> Restored:
    """Nothing is written before all of the backup was read and found whole."""
    on_step("checking the backup")
    manifest = sound_manifest(directory)
    _refuse_what_is_in_use(site, manifest)
    on_step("restoring the database")
    _restore_database(site, directory, manifest)
    on_step("restoring objects")
    _restore_objects(site, directory)
    on_step("comparing with the backup")
    found = list(differences(site, directory, manifest))
    on_step("erasing what was erased since")
    known = {uuid.UUID(job_id) for job_id in manifest.erased_jobs}
    return Restored(manifest, found, erase_again(site, sorted(known | set(erase))))


def _refuse_what_is_in_use(site: Site, manifest: Manifest) -> None:
    site.storage.ping()
    with site.moment() as connection:
        snapshot = Snapshot(connection)
        if not snapshot.is_empty():
            raise RestoreRefused("There are tables in the database; restore into one that was just created.")
        version = snapshot.server_version()
    if version < manifest.postgres:
        raise RestoreRefused(f"The backup is of Postgres {manifest.postgres}, and this is {version}.")
    if site.has_objects():
        raise RestoreRefused("There are recordings in the bucket; restore into an empty one.")


def _restore_database(site: Site, directory: Path, manifest: Manifest) -> None:
    programs = find_programs(at_least=manifest.pg_dump, beside=site.program_directories)
    with site.change() as connection:
        let_role_in(connection)
    programs.run("pg_restore", *RESTORE_OPTIONS, str(directory / DUMP), database_url=site.database_url)
    with site.change() as connection:
        leave_gap_in_feed(connection)
        analyze(connection)


def _restore_objects(site: Site, directory: Path) -> None:
    """Encrypted as everything that is stored; what came of it is read again by the comparison."""

    def put(note: ObjectNote) -> None:
        site.storage.put_file(note.key, note.file_in(directory))

    for _ in parallel.each(put, (note for note in object_notes(directory) if note.is_stored)):
        pass
