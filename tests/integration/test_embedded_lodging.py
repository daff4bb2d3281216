"""Postgres where its own user is the wrong one: root, or root without user namespaces."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ServiceNotStarted
from embedded.lodging import Lodgings
from embedded.supervisor import Supervisor

AS_ROOT = os.geteuid() == 0
ANOTHER = pwd.getpwnam("nobody") if AS_ROOT else pwd.getpwuid(os.geteuid())
"""Only root can become another user; anybody else's other user is himself."""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    return state


@pytest.fixture
def exiles() -> Iterator[Path]:
    """Where others may enter, unlike in the temporary directories of the tests."""
    path = Path(tempfile.mkdtemp(prefix="callscribe-exiles-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def lodgings(tmp_path: Path, state: Path, exiles: Path) -> Iterator[Lodgings]:
    with Supervisor(tmp_path) as supervisor:
        yield Lodgings(supervisor, state, exiles=exiles)


def wheel(directory: Path, script: str = "exit 0") -> Path:
    """The binaries of a Postgres wheel, as far as its lodging is concerned."""
    binaries = directory / "pg" / "install" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "postgres").write_text(f"#!/bin/sh\n{script}\n")
    (binaries / "postgres").chmod(0o755)
    libraries = directory / "pg.libs"
    libraries.mkdir()
    (libraries / "libpq.so").touch()
    return binaries


def keep(home: Path, word: str) -> None:
    (home / "data" / "base").mkdir(parents=True)
    (home / "data" / "base" / "1").write_text(word)


def owners(home: Path) -> set[int]:
    return {path.stat().st_uid for path in (home, *home.rglob("*"))}


class TestFind:
    def test_only_root_is_disguised(self, lodgings: Lodgings, state: Path) -> None:
        lodging = lodgings.find(wheel(state))

        assert lodging.home == state / "postgres"
        assert (lodging.run_as is not None) is AS_ROOT

    def test_binaries_see_no_root(self, lodgings: Lodgings, state: Path) -> None:
        lodging = lodgings.find(wheel(state, 'test "$(id -u)" != 0'))

        assert lodging.home.stat().st_uid == os.geteuid()


class TestExile:
    def test_is_where_the_other_user_can_write(self, lodgings: Lodgings, state: Path, exiles: Path) -> None:
        lodging = lodgings.exile(wheel(state), ANOTHER)

        assert exiles in lodging.home.parents
        assert owners(lodging.home) == {ANOTHER.pw_uid}

    @pytest.mark.parametrize("reachable", [True, False])
    def test_gets_binaries_it_can_reach(
        self, lodgings: Lodgings, state: Path, exiles: Path, reachable: bool
    ) -> None:
        binaries = wheel(exiles if reachable else state)

        lodging = lodgings.exile(binaries, ANOTHER)

        assert (lodging.binaries == binaries) is (reachable or not AS_ROOT)
        assert (lodging.binaries / "postgres").exists()
        assert (lodging.binaries.parents[2] / "pg.libs" / "libpq.so").exists()

    def test_takes_the_data_along_and_brings_it_home(self, lodgings: Lodgings, state: Path) -> None:
        binaries = wheel(state)
        keep(state / "postgres", "kept")

        abroad = lodgings.exile(binaries, ANOTHER).home
        at_home = lodgings.find(binaries).home if AS_ROOT else abroad

        assert abroad != state / "postgres"
        assert (at_home / "data" / "base" / "1").read_text() == "kept"
        assert owners(at_home) == {os.geteuid()}

    def test_fails_where_nothing_runs(self, lodgings: Lodgings, state: Path) -> None:
        binaries = wheel(state, "exit 1")

        with pytest.raises(ServiceNotStarted, match="neither as root nor as nobody"):
            lodgings.exile(binaries, ANOTHER)
