"""`callscribe`: finds the command that was asked for, and says errors in one line."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from pydantic_core import ValidationError

from cli.discovery import DiscoveredCommands
from core.errors import DatabaseUnavailable, ServiceError
from core.version import VERSION

app = typer.Typer(
    cls=DiscoveredCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"callscribe {VERSION}")
        raise typer.Exit


@app.callback()
def callscribe(
    version: Annotated[
        bool,
        typer.Option("--version", help="Say which version this is.", callback=print_version, is_eager=True),
    ] = False,
) -> None:
    """Turn recordings of calls into transcripts that a quality team can trust."""


def main() -> None:
    try:
        app(prog_name="callscribe")
    except DatabaseUnavailable as error:
        # Postgres' own words name host and user, and no password.
        sys.exit(f"callscribe: {error} {' '.join(str(error.__cause__ or '').split())}".rstrip())
    except ServiceError as error:
        sys.exit(f"callscribe: {error} ({error.code})")
    except ValidationError as error:
        if not error.title.endswith("Settings"):
            raise
        sys.exit(f"callscribe: {_said_of_settings(error)}")


def _said_of_settings(error: ValidationError) -> str:
    """Each setting by the name of its variable; never its value, which may be secret."""
    wrong = [
        ("__".join(str(part) for part in entry["loc"]).upper(), entry["msg"]) for entry in error.errors()
    ]
    return "; ".join(f"CALLSCRIBE_{name}: {message}" for name, message in wrong)


if __name__ == "__main__":
    main()
