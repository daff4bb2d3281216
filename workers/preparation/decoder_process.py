"""The decoder as a process of the operating system: started bare, ended for certain."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Protocol, Self, cast

from core.errors import DecoderLimitExceeded, DecoderUnavailable, RecordingRejected, UndecodableRecording
from core.settings import library_path
from workers.preparation.limits import DecoderLimits

logger = logging.getLogger(__name__)

DECODER_COMMAND: Final = (sys.executable, "-s", "-P", "-m", "workers.preparation.decoder")
PROJECT_ROOT: Final = Path(__file__).resolve().parents[2]
LIMIT_SIGNALS: Final = frozenset({signal.SIGKILL, signal.SIGXCPU, signal.SIGXFSZ})
"""How the kernel ends a process that took too much: memory, processor time, disk."""
COMPLAINT_BYTES: Final = 2_000


class HasFileno(Protocol):
    def fileno(self) -> int: ...


@dataclass(frozen=True, slots=True)
class DecoderProcess:
    """A decoder that is running, or has just died. Leaving its context ends it for certain."""

    process: subprocess.Popen[bytes]
    complaints: IO[bytes]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Popen waits for it, and closes the pipe.
        with self.process, self.complaints:
            self._kill()

    @property
    def output(self) -> int:
        """File descriptor of its stdout."""
        return cast("IO[bytes]", self.process.stdout).fileno()

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def explain_death(self, *, within_seconds: float) -> RecordingRejected:
        """The error that fits a decoder which closed its output without a verdict."""
        try:
            status = self.process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            return DecoderLimitExceeded()
        logger.warning("decoder died", extra={"status": status, "complaint": self.complaint()})
        return DecoderLimitExceeded() if -status in LIMIT_SIGNALS else UndecodableRecording()

    def complaint(self) -> str:
        """The end of its stderr."""
        size = self.complaints.seek(0, os.SEEK_END)
        self.complaints.seek(max(0, size - COMPLAINT_BYTES))
        return self.complaints.read().decode(errors="replace")

    def _kill(self) -> None:
        """The whole group: a decoder that was taken over may have children."""
        # Reaped or not, the number stays reserved while any member of the group lives.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


@contextmanager
def running_decoder(
    source: Path, limits: DecoderLimits, command: Sequence[str] = DECODER_COMMAND
) -> Iterator[DecoderProcess]:
    """A decoder with the recording on its stdin."""
    with source.open("rb") as recording, start_decoder(limits, recording, command) as decoder:
        yield decoder


def start_decoder(
    limits: DecoderLimits, stdin: HasFileno, command: Sequence[str] = DECODER_COMMAND
) -> DecoderProcess:
    """A decoder with nothing of ours in its environment. Raises `DecoderUnavailable`."""
    complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
    try:
        process = subprocess.Popen(
            [*command, str(limits.cpu_seconds), str(limits.memory_bytes)],
            stdin=stdin.fileno(),
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd="/",
            env={"PYTHONPATH": str(PROJECT_ROOT), **library_path()},
            start_new_session=True,
        )
    except OSError as error:
        complaints.close()
        raise DecoderUnavailable from error
    return DecoderProcess(process, complaints)
