"""callscribe backup"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from backups.checking import damage
from backups.comparing import differences
from backups.copying import SETTLED_WITHIN
from backups.erasing import listed_in
from backups.making import make_backup
from backups.manifest import Manifest, ObjectState, load
from backups.restoring import Restored, restore
from cli.own_servers import own_site
from cli.rehearsal import rehearse
from cli.steps import Steps
from core.errors import BackupDamaged, ObjectMissing, RestoredStateDiffers
from models.repositories.tombstones import Tombstones

app = typer.Typer(no_args_is_help=True, add_completion=False)

SHOWN: Final = 20
"""Differences that are listed; beyond them, how many more there are."""
MIB: Final = 2**20

Directory = Annotated[Path, typer.Argument(help="Of the backup.", show_default=False)]
EraseListed = Annotated[
    Path | None,
    typer.Option(help="Ids of calls to erase again, one a line, as `backup erased` wrote them."),
]


@app.callback()
def backup() -> None:
    """Back Postgres and storage up, check, restore, and rehearse it."""


@app.command()
def make(
    directory: Annotated[Path, typer.Argument(help="Empty, or made now.", show_default=False)],
    settled_within: Annotated[
        float, typer.Option(min=0, help="Seconds that an erasure under way may take to its end.")
    ] = SETTLED_WITHIN.total_seconds(),
) -> None:
    """Write the database of one moment, and the objects that it names, while the system runs."""
    patience = timedelta(seconds=settled_within)
    with Steps(Console(stderr=True)) as steps, own_site() as site:
        manifest, tally = make_backup(site, directory, on_step=steps.begin, settled_within=patience)
    typer.echo(_size_of(manifest))
    if tally.missing:
        _say(tally.missing)
        raise ObjectMissing(f"{len(tally.missing):,} objects that rows name are not in storage.")


@app.command()
def check(directory: Directory) -> None:
    """Read all of a backup and say whether it is whole; needs no server."""
    manifest = load(directory)
    found = list(damage(directory, manifest))
    if found:
        _say(found)
        raise BackupDamaged(f"Of this backup, {len(found):,} files are not as they were written.")
    typer.echo(f"whole: {_size_of(manifest)}")


@app.command("restore")
def restore_backup(directory: Directory, erase_listed: EraseListed = None) -> None:
    """Fill an empty database and an empty bucket with a backup, and compare them with it."""
    erase = listed_in(erase_listed) if erase_listed else set()
    with Steps(Console(stderr=True)) as steps, own_site() as site:
        restored = restore(site, directory, erase=erase, on_step=steps.begin)
    _conclude(restored)


@app.command()
def compare(directory: Directory) -> None:
    """Hold a restored system, of which nothing runs yet, against its backup."""
    manifest = load(directory)
    with own_site() as site:
        found = list(differences(site, directory, manifest))
    _refuse(found)
    typer.echo(f"the same: {_size_of(manifest)}")


@app.command("rehearse")
def rehearse_restore(
    directory: Directory,
    scratch: Annotated[
        Path | None, typer.Option(help="Where the restored system lies meanwhile. [the system's /tmp]")
    ] = None,
    erase_listed: EraseListed = None,
) -> None:
    """Restore a backup into servers of its own, compare, read transcripts through the API, remove it all."""
    erase = listed_in(erase_listed) if erase_listed else set()
    with Steps(Console(stderr=True)) as steps:
        rehearsal = rehearse(directory, scratch=scratch, erase=erase, on_step=steps.begin)
    _conclude(rehearsal.restored)
    typer.echo(f"transcripts read through the API: {rehearsal.transcripts:,}, the newest of each owner")


@app.command()
def erased() -> None:
    """List the ids of erased calls, for `restore --erase-listed`; keep them apart from the backup."""
    with own_site() as site, site.sessions() as sessions, sessions.begin() as session:
        for job_id in Tombstones(session).job_ids():
            typer.echo(str(job_id))


def _conclude(restored: Restored) -> None:
    _refuse(restored.differences)
    typer.echo(f"restored and the same: {_size_of(restored.manifest)}")
    if restored.erased:
        typer.echo(f"erased again: {restored.erased:,} calls")


def _refuse(found: Sequence[str]) -> None:
    if found:
        _say(found)
        raise RestoredStateDiffers(f"The restored system differs from its backup in {len(found):,} things.")


def _say(found: Sequence[str]) -> None:
    for each in found[:SHOWN]:
        typer.echo(each, err=True)
    if found[SHOWN:]:
        typer.echo(f"and {len(found) - SHOWN:,} more", err=True)


def _size_of(manifest: Manifest) -> str:
    rows = sum(table.rows for table in manifest.tables.values())
    objects = manifest.object_counts.get(ObjectState.STORED, 0)
    mib = (manifest.dump.size_bytes + manifest.stored_bytes) / MIB
    return (
        f"{rows:,} rows of {len(manifest.tables)} tables and {objects:,} objects, {mib:,.1f} MiB, "
        f"as of {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC, schema {manifest.revision}"
    )
