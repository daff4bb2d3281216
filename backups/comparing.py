"""Whether a restored system is what the backup holds: every row, every rule, every object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection

from backups import parallel
from backups.manifest import Manifest, ObjectNote, object_notes
from backups.site import Site
from core.errors import ObjectMissing
from models.repositories import row_security
from models.repositories.named_objects import NamedObjects
from models.repositories.snapshots import Snapshot
from models.repositories.stored_objects import PREFIXES


def differences(site: Site, directory: Path, manifest: Manifest) -> Iterator[str]:
    """A sentence each. Before any process runs on it: their work would be among them."""
    with site.moment() as connection:
        yield from _of_database(Snapshot(connection), manifest)
    with site.moment() as connection:
        yield from row_security.gaps(connection)
    stored = (note for note in object_notes(directory) if note.is_stored)
    for found in parallel.each(lambda note: _of_object(site, note), stored):
        yield from found
    with site.moment() as connection:
        yield from _orphans(site, connection)


def _of_database(snapshot: Snapshot, manifest: Manifest) -> Iterator[str]:
    revision = snapshot.revision()
    if revision != manifest.revision:
        yield f"the schema is of revision {revision} instead of {manifest.revision}"
    names = set(snapshot.tables())
    yield from (f"table {name} is not of the backup" for name in sorted(names - set(manifest.tables)))
    for name, wanted in sorted(manifest.tables.items()):
        if name not in names:
            yield f"table {name} is missing"
            continue
        found = snapshot.state_of(name)
        if found.rows != wanted.rows:
            yield f"table {name} has {found.rows:,} rows instead of {wanted.rows:,}"
        elif found.digest != wanted.digest:
            yield f"table {name} has other rows than the backup"
    found_rules = {_core_of(rule): rule for rule in snapshot.rules()}
    wanted_rules = {_core_of(rule): rule for rule in manifest.rules}
    for core in sorted(wanted_rules.keys() - found_rules.keys()):
        yield f"missing: {wanted_rules[core]}"
    for core in sorted(found_rules.keys() - wanted_rules.keys()):
        yield f"not of the backup: {found_rules[core]}"


def _core_of(rule: str) -> str:
    """What it says apart from casts and brackets, which Postgres sets anew when it reads its own words."""
    return re.sub(r"::(character varying|text)(\[\])?|[()\s]", "", rule)


def _of_object(site: Site, note: ObjectNote) -> list[str]:
    """Reads all of it where its size is right."""
    try:
        size = site.storage.head(note.key).size_bytes
        if size != note.size_bytes:
            return [f"object {note.key} has {size:,} bytes instead of {note.size_bytes:,}"]
        if site.storage.sha256_of(note.key) != note.sha256:
            return [f"object {note.key} has other bytes than the backup"]
    except ObjectMissing:
        return [f"object {note.key} is missing"]
    return []


def _orphans(site: Site, connection: Connection) -> Iterator[str]:
    """What lies in storage that no row names."""
    named = NamedObjects(connection)
    for prefix in PREFIXES:
        after, is_last = "", False
        while not is_last:
            page = site.storage.page(prefix, after=after)
            keys = [each.key for each in page.objects]
            wanted = named.among(keys)
            yield from (f"object {key} is named by no row" for key in keys if key not in wanted)
            after, is_last = keys[-1] if keys else "", page.is_last or not keys
