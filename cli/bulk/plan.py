"""What is to be sent, and by what the same submission is known again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.bulk.manifest import read_manifest
from cli.bulk.selection import absolute, custom_id_of, select
from client import SubmitOptions
from core.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Piece:
    """One recording: a file of this machine, or an object that the server fetches itself."""

    custom_id: str
    path: Path | None = None
    url: str | None = None
    filename: str | None = None
    options: SubmitOptions = SubmitOptions()  # noqa: RUF009 - it is frozen


@dataclass(frozen=True, slots=True)
class Plan:
    pieces: tuple[Piece, ...]
    digest: str
    """The same for the same paths and options on the same server, whatever lies in the folders."""
    name: str | None = None
    defaults: SubmitOptions = SubmitOptions()  # noqa: RUF009 - it is frozen
    passed_over: int = 0
    """Files in folders that are no recordings by their names."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for on the command line."""

    arguments: tuple[str, ...]
    """Files, folders and patterns."""
    manifest: Path | None = None
    name: str | None = None
    defaults: SubmitOptions = SubmitOptions()  # noqa: RUF009 - it is frozen


def plan(wishes: Wishes, *, api_url: str) -> Plan:
    """Raises `InvalidRequest` where nothing is to be sent, or it is not clear what."""
    digest = _digest(wishes, api_url)
    if wishes.manifest is not None:
        pieces = _of_manifest(wishes.manifest, wishes.arguments)
        return Plan(pieces, digest, wishes.name, wishes.defaults)
    selection = select(wishes.arguments)
    pieces = tuple(
        Piece(custom_id_of(path, selection.root), path=path, filename=path.name)
        for path in selection.recordings
    )
    return Plan(pieces, digest, wishes.name, wishes.defaults, selection.passed_over)


def _of_manifest(manifest: Path, folders: Sequence[str]) -> tuple[Piece, ...]:
    if len(folders) > 1:
        raise InvalidRequest("With a manifest, at most one folder can be given: where its files are.")
    folder = absolute(folders[0]) if folders else absolute(str(manifest)).parent
    return tuple(
        Piece(
            entry.custom_id,
            path=None if entry.file is None else folder / entry.file,
            url=entry.url,
            filename=entry.filename or (entry.file and Path(entry.file).name),
            options=entry.options,
        )
        for entry in read_manifest(manifest)
    )


def _digest(wishes: Wishes, api_url: str) -> str:
    asked = {
        "server": api_url,
        "paths": sorted(str(absolute(argument)) for argument in wishes.arguments),
        "manifest": None if wishes.manifest is None else str(absolute(str(wishes.manifest))),
        "name": wishes.name,
        "defaults": wishes.defaults.body(),
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
