"""Where decoders come from: the worker's end of the process that forks them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from core.errors import DecoderUnavailable
from core.settings import library_path
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery_process import ORDER
from workers.preparation.decoder.process import DecoderProcess

NURSERY_COMMAND: Final = (sys.executable, "-s", "-P", "-m", "workers.preparation.decoder.program")
PROJECT_ROOT: Final = Path(__file__).resolve().parents[3]


class Nursery:
    """Gives each recording a process of its own. Used by one thread, for one recording at a time.

    The process behind it is started at first use, has nothing of ours in its environment, and ends
    with this one, however that ends. One that died is replaced.
    """

    def __init__(self, *, command: Sequence[str] = NURSERY_COMMAND) -> None:
        self._command = command
        self._running: _Process | None = None

    @contextmanager
    def decoder(self, source: Path, limits: DecoderLimits) -> Iterator[DecoderProcess]:
        """A decoder with the recording on its stdin, ended on the way out. Raises `DecoderUnavailable`."""
        with ExitStack() as closing:
            complaints = closing.enter_context(tempfile.TemporaryFile())
            output, its_output = os.pipe()
            closing.callback(os.close, output)
            try:
                with source.open("rb") as recording:
                    files = [recording.fileno(), its_output, complaints.fileno()]
                    running = self._ordered(limits, files)
            finally:
                os.close(its_output)
            decoder = DecoderProcess(running.line, output, [complaints, running.complaints])
            try:
                yield decoder
            finally:
                decoder.end()
                if not decoder.is_well:
                    # Decoders of one nursery have their memory laid out alike: what makes one crash must
                    # not be able to learn from that for its next try.
                    self.close()

    def close(self) -> None:
        """Idempotent; the next recording has a new one started."""
        if self._running is not None:
            self._running.close()
        self._running = None

    def _ordered(self, limits: DecoderLimits, files: Sequence[int]) -> _Process:
        if self._running is not None and not self._running.takes(limits, files):
            self.close()
        if self._running is None:
            self._running = _Process(self._command)
            if not self._running.takes(limits, files):
                self.close()
                raise DecoderUnavailable
        return self._running


class _Process:
    """The process, and the line to it."""

    def __init__(self, command: Sequence[str]) -> None:
        with ExitStack() as failing:
            self.complaints: IO[bytes] = failing.enter_context(tempfile.TemporaryFile())
            ours, its = socket.socketpair()
            self.line = failing.enter_context(ours)
            with its:
                self._process = _started(command, its, self.complaints)
            failing.pop_all()

    def takes(self, limits: DecoderLimits, files: Sequence[int]) -> bool:
        """Whether the order could be sent; one that died takes none."""
        order = ORDER.pack(limits.cpu_seconds, limits.memory_bytes)
        try:
            return socket.send_fds(self.line, [order], files) == len(order)
        except OSError:
            return False

    def close(self) -> None:
        with self._process, self.line, self.complaints:
            self._process.kill()


def _started(command: Sequence[str], line: socket.socket, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=line.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            cwd="/",
            env={"PYTHONPATH": str(PROJECT_ROOT), **library_path()},
            start_new_session=True,
        )
    except OSError as error:
        raise DecoderUnavailable from error
