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
from typing import IO, Final, cast

from core.errors import DecoderLimitExceeded, DecoderUnavailable, RecordingRejected, UndecodableRecording
from core.settings import library_path
from workers.preparation.limits import DecoderLimits

logger = logging.getLogger(__name__)

DECODER_COMMAND: Final = (sys.executable, "-s", "-P", "-m", "workers.preparation.decoder")
PROJECT_ROOT: Final = Path(__file__).resolve().parents[2]
LIMIT_SIGNALS: Final = frozenset({signal.SIGKILL, signal.SIGXCPU, signal.SIGXFSZ})
"""How the kernel ends a process that took too much: memory, processor time, disk."""
COMPLAINT_BYTES: Final = 2_000


@dataclass(frozen=True, slots=True)
class DecoderProcess:
    """A decoder that is running, or has just died."""

    process: subprocess.Popen[bytes]
    complaints: IO[bytes]

    @property
    def output(self) -> int:
        """File descriptor of its stdout."""
        return cast("IO[bytes]", self.process.stdout).fileno()

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


@contextmanager
def running_decoder(
    source: Path, limits: DecoderLimits, command: Sequence[str] = DECODER_COMMAND
) -> Iterator[DecoderProcess]:
    """A decoder with the recording on its stdin and nothing of ours in its environment."""
    with source.open("rb") as recording, tempfile.TemporaryFile() as complaints:
        process = _start([*command, str(limits.cpu_seconds), str(limits.memory_bytes)], recording, complaints)
        with process:
            try:
                yield DecoderProcess(process, complaints)
            finally:
                _end(process)


def _start(command: Sequence[str], recording: IO[bytes], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=recording,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd="/",
            env={"PYTHONPATH": str(PROJECT_ROOT), **library_path()},
            start_new_session=True,
        )
    except OSError as error:
        raise DecoderUnavailable from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole group: a decoder that was taken over may have children."""
    # Reaped or not, the number stays reserved while any member of the group lives.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
