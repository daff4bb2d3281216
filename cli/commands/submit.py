"""callscribe submit"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.bulk.conduct import Conduct, carry_out, journal_of
from cli.bulk.journal import Journal
from cli.bulk.outputs import read_forms
from cli.bulk.plan import Plan, Wishes, plan
from cli.one_call import submit_one
from cli.roles import read_roles
from cli.settings import find_access
from client import Access, Client, ServiceError, SubmitOptions
from core.errors import InvalidRequest
from embedded.settings import EmbeddedSettings

INTERRUPTED = 130
"""What shells answer for a program that Ctrl-C ended."""

Recordings = Annotated[
    list[str] | None,
    typer.Argument(metavar="FILE|FOLDER|PATTERN...", help="A single file is a job; all else is a batch."),
]
Manifest = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Table of recordings (.csv, .jsonl); see docs/bulk.md."),
]
Out = Annotated[
    Path | None, typer.Option(file_okay=False, help="Wait, and put the transcripts into this folder.")
]
JournalFile = Annotated[Path | None, typer.Option(dir_okay=False, help="Where it is kept how far this came.")]
Again = Annotated[bool, typer.Option("--again", help="Forget how far this came; send all in a new batch.")]
Parallel = Annotated[int, typer.Option(min=1, max=64, help="Files that are sent at the same time.")]
Metadata = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="Your own; may be repeated.")]
Wait = Annotated[bool, typer.Option("--wait", help="Stay until all have ended; print what became of them.")]


def submit(  # noqa: PLR0913 - each is an option of its own
    recordings: Recordings = None,
    *,
    manifest: Manifest = None,
    name: Annotated[str | None, typer.Option(help="Of the batch, for people.")] = None,
    model: Annotated[str | None, typer.Option(help="The server's default if left out.")] = None,
    language: Annotated[str | None, typer.Option(help="Left out, the model finds out.")] = None,
    script: Annotated[
        Literal["hans", "hant", "as_is"] | None, typer.Option(help="In which Chinese is written.")
    ] = None,
    lane: Annotated[Literal["live", "bulk"] | None, typer.Option(help="live goes before all bulk.")] = None,
    roles: Annotated[str | None, typer.Option(help="By channel: left=agent,right=customer.")] = None,
    metadata: Metadata = None,
    wait: Wait = False,
    out: Out = None,
    form: Annotated[str, typer.Option("--format", help="For --out, of json,srt,vtt,txt,csv.")] = "json",
    journal: JournalFile = None,
    again: Again = False,
    parallel: Parallel = 4,
) -> None:
    """Submit recordings: one as a job, several as a batch. Interrupted, the same command goes on."""
    arguments = tuple(recordings or ())
    options = SubmitOptions(model, language, lane, _roles(roles), dict(_pairs(metadata or [])), script=script)
    is_batch = any((manifest, name, out, journal, again)) or not _is_one_file(arguments)
    with Client(access := find_access()) as client:
        if is_batch:
            conduct = Conduct(wait or out is not None, out, _forms(form), parallel)
            planned = _planned(Wishes(arguments, manifest, name, options), access)
            done = _submit_many(client, planned, journal, conduct, again=again)
        else:
            done = submit_one(client, Path(arguments[0]), options, wait=wait)
    if not done:
        raise typer.Exit(1)


def _is_one_file(arguments: Sequence[str]) -> bool:
    return len(arguments) == 1 and Path(arguments[0]).is_file()


def _planned(wishes: Wishes, access: Access) -> Plan:
    if not wishes.arguments and wishes.manifest is None:
        raise typer.BadParameter("say which recordings", param_hint="FILE|FOLDER|PATTERN")
    try:
        return plan(wishes, api_url=access.api_url)
    except InvalidRequest as error:
        raise typer.BadParameter(str(error)) from error


def _submit_many(client: Client, planned: Plan, path: Path | None, conduct: Conduct, *, again: bool) -> bool:
    place = path or journal_of(planned, EmbeddedSettings().state_dir)
    with Journal(place, digest=planned.digest, anew=again) as journal:
        try:
            return carry_out(client, planned, journal, conduct)
        except KeyboardInterrupt:
            typer.echo(f"\nInterrupted. To go on: {_same_again()}", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except ServiceError:
            typer.echo(f"To go on: {_same_again()}", err=True)
            raise


def _same_again() -> str:
    """This command, without what would begin anew."""
    return shlex.join(["callscribe", *[word for word in sys.argv[1:] if word != "--again"]])


def _roles(text: str | None) -> str | Mapping[str, str] | None:
    try:
        return None if text is None else read_roles(text)
    except InvalidRequest as error:
        raise typer.BadParameter(str(error), param_hint="--roles") from error


def _forms(text: str) -> tuple[str, ...]:
    try:
        return read_forms(text)
    except InvalidRequest as error:
        raise typer.BadParameter(str(error), param_hint="--format") from error


def _pairs(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    for pair in given:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise typer.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="--metadata")
        yield key, value
