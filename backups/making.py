"""A backup of a running system: one moment of the database, then the objects that its rows name.

In this order, as whatever those rows name was in storage by then: recordings are stored before the
commit that names them. What is written later is not in it; what is erased later may be gone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from backups.copying import SETTLED_WITHIN, Copying, Tally, keep_names
from backups.manifest import DUMP, FORMAT, OBJECTS, Manifest, note_of, save
from backups.private_files import empty_directory
from backups.programs import find_programs
from backups.site import Site
from core.errors import Conflict
from core.version import VERSION
from models.repositories.named_objects import NamedObjects
from models.repositories.snapshots import Snapshot, TableState
from models.repositories.tombstones import Tombstones

DUMP_OPTIONS: Final = (
    "--format=custom",
    "--no-publications",
    "--no-subscriptions",
    # Behind a migration that holds its locks it waits so long, in milliseconds.
    "--lock-wait-timeout=60000",
)
OVERLAP: Final = timedelta(hours=1)
"""Erasures count from so long before the moment: one may have been under way. Twice does no harm."""

OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Moment:
    """What the database said of itself."""

    postgres: int
    pg_dump: int
    revision: str
    taken_at: datetime
    tables: dict[str, TableState]
    rules: list[str]


def make_backup(
    site: Site,
    directory: Path,
    *,
    on_step: OnStep = lambda _: None,
    settled_within: timedelta = SETTLED_WITHIN,
) -> tuple[Manifest, Tally]:
    """Into an empty directory, or a new one; what breaks off leaves no manifest."""
    site.storage.ping()
    empty_directory(directory)
    on_step("dumping the database")
    moment = _dump(site, directory)
    on_step("copying objects")
    tally = Copying(
        site.storage,
        directory,
        still_named=lambda keys: _still_named(site, keys),
        settled_within=settled_within,
    ).run()
    # All of it is on disk before the manifest says so.
    os.sync()
    manifest = Manifest(
        format=FORMAT,
        callscribe=VERSION,
        postgres=moment.postgres,
        pg_dump=moment.pg_dump,
        revision=moment.revision,
        taken_at=moment.taken_at,
        tables=moment.tables,
        rules=moment.rules,
        dump=note_of(directory / DUMP),
        objects=note_of(directory / OBJECTS),
        object_counts=dict(tally.counts),
        stored_bytes=tally.stored_bytes,
        erased_jobs=_erased_since(site, moment.taken_at - OVERLAP),
    )
    save(manifest, directory)
    return manifest, tally


def _dump(site: Site, directory: Path) -> Moment:
    """All of it under one snapshot, by however many connections."""
    with site.moment() as connection:
        snapshot = Snapshot(connection)
        revision = snapshot.revision()
        if revision is None:
            raise Conflict("The database has no tables of Callscribe.")
        version = snapshot.server_version()
        programs = find_programs(at_least=version, beside=site.program_directories)
        programs.run(
            "pg_dump",
            *DUMP_OPTIONS,
            f"--snapshot={snapshot.export()}",
            f"--file={directory / DUMP}",
            database_url=site.database_url,
        )
        keep_names(NamedObjects(connection).all(), directory)
        return Moment(
            postgres=version,
            pg_dump=programs.version,
            revision=revision,
            taken_at=snapshot.began_at(),
            tables={name: snapshot.state_of(name) for name in snapshot.tables()},
            rules=list(snapshot.rules()),
        )


def _still_named(site: Site, keys: Iterable[str]) -> set[str]:
    with site.moment() as connection:
        return NamedObjects(connection).among(list(keys))


def _erased_since(site: Site, moment: datetime) -> list[str]:
    with site.sessions() as sessions, sessions.begin() as session:
        return [str(job_id) for job_id in Tombstones(session).job_ids(since=moment)]
