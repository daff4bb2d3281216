"""Processes under the supervisor: how they start, crash, stop and never outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import psutil
import pytest

from embedded.program import Process, Program
from embedded.supervisor import Supervisor

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
WATCHED_OR_NOT = pytest.mark.parametrize(
    "watched", [True, sys.platform != "linux"], ids=["watched", "default"]
)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path) as supervisor:
        yield supervisor


def shell(script: str, *, stop_timeout: float = PATIENCE, directory: Path = ROOT) -> Program:
    return Program(
        name="script",
        command=("/bin/sh", "-c", script),
        environment={"PATH": os.defpath, "WORD": "hello"},
        directory=directory,
        stop_timeout=stop_timeout,
    )


def forever(tmp_path: Path, *, prelude: str = "", stop_timeout: float = PATIENCE) -> Program:
    """Tells through `ready` when its prelude is done, then never ends by itself."""
    os.mkfifo(tmp_path / "ready")
    script = f"{prelude} echo >ready; while :; do sleep 1000 & wait $!; done"
    return shell(script, stop_timeout=stop_timeout, directory=tmp_path)


def started(supervisor: Supervisor, program: Program) -> Process:
    process = supervisor.start(program)
    (program.directory / "ready").read_text()
    return process


@contextmanager
def held(directory: Path, script: str, *, watched: bool) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor of its own that runs the script."""
    command = [
        sys.executable,
        "-m",
        "tests.integration.hold_program",
        str(directory),
        script,
        str(int(watched)),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield holder


class TestStart:
    def test_the_environment_is_the_programs_own(self, supervisor: Supervisor) -> None:
        process = supervisor.run(shell('echo "$WORD from ${HOME-nowhere}"'), timeout=PATIENCE)

        assert process.log_tail() == "hello from nowhere"

    def test_signals_have_their_default_effect(self, supervisor: Supervisor) -> None:
        process = supervisor.run(shell("kill -PIPE $$"), timeout=PATIENCE)

        assert process.exit_status == -signal.SIGPIPE

    def test_a_program_survives_the_thread_that_started_it(
        self, supervisor: Supervisor, tmp_path: Path
    ) -> None:
        thread = Thread(target=started, args=[supervisor, forever(tmp_path)])
        thread.start()
        thread.join()

        [process] = supervisor.processes

        assert process.wait(0.3) is None

    def test_a_program_that_runs_too_long_is_killed(self, supervisor: Supervisor) -> None:
        process = supervisor.run(shell("sleep 1000"), timeout=0.01)

        assert process.exit_status == -signal.SIGKILL


class TestStop:
    @WATCHED_OR_NOT
    def test_asks_first(self, tmp_path: Path, watched: bool) -> None:
        program = replace(forever(tmp_path, prelude="trap 'echo asked; exit 3' TERM;"), watched=watched)

        with Supervisor(tmp_path) as supervisor:
            process = started(supervisor, program)
            supervisor.stop(process)

        assert process.log_tail() == "asked"
        assert process.exit_status == 3

    @WATCHED_OR_NOT
    def test_kills_what_does_not_listen_and_its_children(self, tmp_path: Path, watched: bool) -> None:
        deaf = forever(tmp_path, prelude="trap '' TERM;", stop_timeout=0.01)
        program = replace(deaf, watched=watched)

        with Supervisor(tmp_path) as supervisor:
            process = started(supervisor, program)
            family = psutil.Process(process.pid).children(recursive=True)
            supervisor.stop(process)

        assert psutil.wait_procs(family, timeout=PATIENCE)[1] == []
        assert not process.crashed

    def test_goes_backwards(self, tmp_path: Path) -> None:
        with Supervisor(tmp_path) as supervisor:
            for name in ("first", "second"):
                directory = tmp_path / name
                directory.mkdir()
                started(supervisor, forever(directory, prelude=f"trap 'echo {name}; exit 0' TERM;"))

        assert (tmp_path / "script.log").read_text().split() == ["second", "first"]


class TestCrash:
    def test_is_told_from_a_stop(self, supervisor: Supervisor, tmp_path: Path) -> None:
        stopped = started(supervisor, forever(tmp_path))
        crashed = supervisor.start(shell("exit 7"))
        crashed.wait(PATIENCE)

        supervisor.stop(stopped)

        assert supervisor.crashed() == [crashed]
        assert crashed.exit_status == 7

    def test_takes_the_children_along(self, supervisor: Supervisor, tmp_path: Path) -> None:
        process = started(supervisor, forever(tmp_path))
        leader = psutil.Process(process.pid)
        family = [leader, *leader.children(recursive=True)]

        leader.kill()
        process.wait(PATIENCE)

        assert psutil.wait_procs(family, timeout=PATIENCE)[1] == []

    def test_a_restart_takes_the_same_place(self, supervisor: Supervisor, tmp_path: Path) -> None:
        crashed = supervisor.start(shell("exit 7"))
        crashed.wait(PATIENCE)
        other = started(supervisor, forever(tmp_path))

        fresh = supervisor.restart(crashed)

        assert supervisor.processes == [fresh, other]
        assert fresh.pid != crashed.pid


class TestDeath:
    @WATCHED_OR_NOT
    def test_of_the_supervisor_is_the_programs_death(self, tmp_path: Path, watched: bool) -> None:
        with held(tmp_path, "echo >ready; exec sleep 1000", watched=watched) as holder:
            orphans = psutil.Process(holder.pid).children(recursive=True)
            holder.kill()

        assert orphans
        assert psutil.wait_procs(orphans, timeout=PATIENCE)[1] == []

    def test_of_a_watched_program_is_its_childrens_too(self, tmp_path: Path) -> None:
        with held(tmp_path, "sleep 1000 & echo >ready; wait", watched=True) as holder:
            orphans = psutil.Process(holder.pid).children(recursive=True)
            holder.kill()

        # Its guard, the program and the program's child, which may not have become `sleep` yet.
        assert len(orphans) == 3
        assert psutil.wait_procs(orphans, timeout=PATIENCE)[1] == []

    def test_of_the_guard_is_the_programs_death(self, tmp_path: Path) -> None:
        with Supervisor(tmp_path) as supervisor:
            process = started(supervisor, replace(forever(tmp_path), watched=True))
            guard = psutil.Process(process.pid)
            family = guard.children(recursive=True)

            guard.kill()

            assert psutil.wait_procs([guard, *family[:1]], timeout=PATIENCE)[1] == []
            assert process.crashed
