"""What the supervisor runs: a program, and the process it becomes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TAIL_BYTES = 2000


@dataclass(frozen=True, slots=True)
class RunAs:
    """Another user for one program."""

    user: int
    group: int
    in_namespace: bool
    """Only seen from within: files and permissions stay those of the supervisor's user."""


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    """Also the name of its log."""
    command: tuple[str, ...]
    environment: Mapping[str, str]
    """All of it; nothing is inherited."""
    directory: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout: float = 10.0
    """Seconds from the stop signal to SIGKILL."""
    death_signal: signal.Signals = signal.SIGKILL
    """What it gets when the supervisor dies without stopping it."""
    watched: bool = sys.platform != "linux"
    """A guard stays beside it to take its children along when the supervisor dies; costs a small process."""
    run_as: RunAs | None = None
    keep_open: tuple[int, ...] = ()
    """File descriptors it inherits."""


class Process:
    """One running program in a session of its own, so that the terminal's ^C is the supervisor's alone."""

    def __init__(self, program: Program, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.program = program
        self.pid = popen.pid
        self.stopping = False
        self._popen = popen
        self._log = log
        self._exit_status: int | None = None

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        if self._exit_status is None:
            self._note(self._popen.poll())
        return self._exit_status

    @property
    def crashed(self) -> bool:
        return self.exit_status is not None and not self.stopping

    def ask_to_stop(self) -> None:
        self.stopping = True
        if self.exit_status is None:
            self._popen.send_signal(self.program.stop_signal)

    def wait(self, timeout: float) -> int | None:
        """The exit status, or None if it still runs then."""
        if self._exit_status is None:
            with suppress(subprocess.TimeoutExpired):
                self._note(self._popen.wait(timeout))
        return self._exit_status

    def kill(self) -> None:
        self.stopping = True
        if self.exit_status is None:
            self._kill_group()
            self._note(self._popen.wait())

    def log_tail(self) -> str:
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - TAIL_BYTES))
            return log.read().decode(errors="replace").strip()

    def _note(self, status: int | None) -> None:
        if status is not None:
            self._exit_status = status
            # At once, while the group's number is surely not given to anybody else.
            self._kill_group()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
