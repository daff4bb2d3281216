"""Where Postgres lives and as whom it runs, since it refuses to run as root."""

from __future__ import annotations

import hashlib
import logging
import os
import pwd
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import ServiceNotStarted
from embedded.files import private_directory
from embedded.program import Program, RunAs
from embedded.supervisor import Supervisor

EXILE = Path("/var/lib/callscribe")
"""Where root keeps what another user must reach; nobody else can enter the state directory."""
PROBE_TIMEOUT = 20.0
ADVICE = "start Callscribe as another user or set CALLSCRIBE_DATABASE_URL."

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lodging:
    home: Path
    """Holds the data directory; belongs to the user Postgres runs as."""
    binaries: Path
    run_as: RunAs | None


def find_lodging(supervisor: Supervisor, state: Path, binaries: Path) -> Lodging:
    """The first that works: as we are, as root in a user namespace, as nobody.

    Data of an earlier run moves along when the answer has changed since.
    """
    if os.geteuid() != 0:
        return Lodging(private_directory(state / "postgres"), binaries, None)
    root, nobody = pwd.getpwuid(0), _nobody()
    disguise = RunAs(nobody.pw_uid, nobody.pw_gid, in_namespace=True)
    if _works(supervisor, state, binaries, disguise):
        home = _moved(_exile(state) / "postgres", state / "postgres", root)
        return Lodging(home, binaries, disguise)
    return _in_exile(supervisor, state, binaries, nobody)


def _in_exile(supervisor: Supervisor, state: Path, binaries: Path, nobody: pwd.struct_passwd) -> Lodging:
    logger.warning("Postgres runs as another user", extra={"user": nobody.pw_name})
    run_as = RunAs(nobody.pw_uid, nobody.pw_gid, in_namespace=False)
    exile = _exile(state)
    exile.mkdir(parents=True, exist_ok=True)
    home = _moved(state / "postgres", exile / "postgres", nobody)
    if not _works(supervisor, home, binaries, run_as):
        binaries = _copied(binaries, exile)
    if not _works(supervisor, home, binaries, run_as):
        raise ServiceNotStarted(f"Postgres can run here neither as root nor as nobody; {ADVICE}")
    return Lodging(home, binaries, run_as)


def _exile(state: Path) -> Path:
    return EXILE / hashlib.sha256(os.fsencode(state)).hexdigest()[:16]


def _nobody() -> pwd.struct_passwd:
    for user in pwd.getpwall():
        if user.pw_name == "nobody" and user.pw_uid != 0:
            return user
    raise ServiceNotStarted(f"Postgres does not run as root and there is no user nobody; {ADVICE}")


def _works(supervisor: Supervisor, home: Path, binaries: Path, run_as: RunAs) -> bool:
    """Whether that user can run these binaries and write that directory."""
    check = 'cd "$1" && test -w . && exec "$0" --version'
    program = Program(
        name="postgres-probe",
        command=("/bin/sh", "-c", check, str(binaries / "postgres"), str(home)),
        environment={},
        directory=Path("/"),
        run_as=run_as,
    )
    return supervisor.run(program, timeout=PROBE_TIMEOUT).exit_status == 0


def _moved(old: Path, new: Path, owner: pwd.struct_passwd) -> Path:
    """`new`, with what was at `old`, all of it its owner's."""
    if old.exists() and not new.exists():
        shutil.move(old, new)
    private_directory(new)
    if new.stat().st_uid != owner.pw_uid:
        for path in _tree(new):
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
    return new


def _tree(root: Path) -> Iterator[Path]:
    """The root comes last: its owner tells whether all the rest was done."""
    for directory, _, files in os.walk(root, topdown=False):
        yield from (Path(directory, file) for file in files)
        yield Path(directory)


def _copied(binaries: Path, exile: Path) -> Path:
    """A copy that others can reach, with the libraries that the wheel keeps beside its package."""
    package = binaries.parents[1]
    copy = exile / "binaries"
    shutil.rmtree(copy, ignore_errors=True)
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, copy / part.name, symlinks=True)
    return copy / package.name / binaries.relative_to(package)
