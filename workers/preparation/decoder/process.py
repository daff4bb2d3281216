"""A decoder as its worker sees it: what comes out, how it died, and that it ends for certain."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Final

from core.errors import DecoderLimitExceeded, DecoderUnavailable, ServiceError, UndecodableRecording
from workers.preparation.decoder.nursery_process import END, STATUS

logger = logging.getLogger(__name__)

LIMIT_SIGNALS: Final = frozenset({signal.SIGKILL, signal.SIGXCPU, signal.SIGXFSZ})
"""How the kernel ends a process that took too much: memory, processor time, disk."""
COMPLAINT_BYTES: Final = 2_000
ANSWER_S: Final = 10.0
"""Within which the nursery must say how a decoder ended; to kill one takes no time."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a decoder ended, and what it had cost by then."""

    status: int
    """Exit status; the number of a signal is negative."""
    cpu_seconds: float
    memory_bytes: int
    """Largest that it was, a share of its nursery's 30 MiB included."""


class DecoderProcess:
    """One that is running, or has just died; its parent is the nursery at the other end of the line."""

    def __init__(self, line: socket.socket, output: int, complaints: Sequence[IO[bytes]]) -> None:
        self.output = output
        """File descriptor from which its blocks are read."""
        self.is_well = True
        """Whether its nursery may go on: it answers, and this decoder did not die of its recording."""
        self._line = line
        self._complaints = complaints
        self.ending: Ending | None = None
        """None while it runs, and where its nursery died before it could tell."""

    def explain_death(self) -> ServiceError:
        """The error that fits a decoder which closed its output without a verdict."""
        self.end()
        self.is_well = False
        if self.ending is None:
            # Killed with its nursery, which has seen nothing of the recording.
            return DecoderUnavailable()
        status = self.ending.status
        logger.warning("decoder died", extra={"status": status, "complaint": self.complaint()})
        return DecoderLimitExceeded() if -status in LIMIT_SIGNALS else UndecodableRecording()

    def complaint(self) -> str:
        """The end of its stderr, else of its nursery's."""
        return next(filter(None, map(_end_of, self._complaints)), "")

    def end(self) -> None:
        """Kill it and all that it started; idempotent."""
        if self.ending is None and self.is_well:
            self.ending = self._answer()
            self.is_well = self.ending is not None

    def _answer(self) -> Ending | None:
        try:
            self._line.settimeout(ANSWER_S)
            self._line.sendall(END)
            answer = self._line.recv(STATUS.size)
        except OSError:
            return None
        return Ending(*STATUS.unpack(answer)) if answer else None


def _end_of(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - COMPLAINT_BYTES))
    return file.read().decode(errors="replace")
