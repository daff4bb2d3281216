"""A decoder that is started before there is a recording for it: that takes longer than a short call does."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from core.errors import DecoderUnavailable
from workers.preparation.decoder_process import DECODER_COMMAND, DecoderProcess, start_decoder
from workers.preparation.limits import DecoderLimits


class SpareDecoder:
    """Keeps one decoder waiting. Each still sees one recording only. Used by one thread.

    One whose owner is gone ends by itself: nobody holds the other end of its line any more.
    """

    def __init__(self, limits: DecoderLimits, *, command: Sequence[str] = DECODER_COMMAND) -> None:
        self._limits = limits
        self._command = command
        self._waiting: tuple[DecoderProcess, socket.socket] | None = None
        """And the line that is its stdin until the recording has come through it."""

    @contextmanager
    def running(self, source: Path) -> Iterator[DecoderProcess]:
        """What waits, or else a new one, with the recording on its stdin."""
        decoder, line = self._taken() or self._started()
        with decoder:
            with line, source.open("rb") as recording:
                _hand_over(line, recording)
            yield decoder

    def get_ready(self) -> None:
        """Have one waiting, at a time when nobody waits for it; if none can be had, that will show later."""
        if self._waiting is None:
            with contextlib.suppress(DecoderUnavailable):
                self._waiting = self._started()

    def close(self) -> None:
        if self._waiting is not None:
            _end(*self._waiting)
        self._waiting = None

    def _taken(self) -> tuple[DecoderProcess, socket.socket] | None:
        """What waits, unless it has died meanwhile; then it must not be blamed on the recording."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting[0].has_ended:
            _end(*waiting)
            return None
        return waiting

    def _started(self) -> tuple[DecoderProcess, socket.socket]:
        ours, its = socket.socketpair()
        with its, ExitStack() as failing:
            failing.enter_context(ours)
            decoder = start_decoder(self._limits, its, self._command)
            failing.pop_all()
        return decoder, ours


def _hand_over(line: socket.socket, recording: IO[bytes]) -> None:
    try:
        socket.send_fds(line, [b"\0"], [recording.fileno()])
    except OSError as error:
        raise DecoderUnavailable from error


def _end(decoder: DecoderProcess, line: socket.socket) -> None:
    with decoder, line:
        pass
