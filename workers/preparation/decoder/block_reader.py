"""Reads what the decoder process writes, and waits no longer than the limits allow."""

from __future__ import annotations

import math
import os
import selectors
import time
from types import TracebackType
from typing import Final, Self

from core.errors import DecoderLimitExceeded, UndecodableRecording
from workers.preparation.decoder.blocks import BLOCK_HEADER, MAX_BLOCK_BYTES, BlockKind
from workers.preparation.decoder.limits import DecoderLimits

Block = tuple[BlockKind, bytes]

KINDS: Final = frozenset(BlockKind)


class BlockReader:
    """The parent's end of the pipe."""

    def __init__(self, fd: int, limits: DecoderLimits) -> None:
        self._fd = fd
        self._limits = limits
        self._deadline = math.inf
        self._selector = selectors.DefaultSelector()
        self._selector.register(fd, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._selector.close()

    def read_first(self) -> Block | None:
        """The first block, with which the decoder's time begins: starting it is the machine's time."""
        block = self._read(self._limits.start_seconds)
        self._deadline = time.monotonic() + self._limits.wall_seconds
        return block

    def read(self) -> Block | None:
        """The next block; None when the decoder has closed its end, between two blocks or within one."""
        return self._read(self._limits.stall_seconds)

    def _read(self, stall_seconds: float) -> Block | None:
        header = self._read_exactly(BLOCK_HEADER.size, stall_seconds)
        if header is None:
            return None
        kind, size = BLOCK_HEADER.unpack(header)
        if kind not in KINDS or size > MAX_BLOCK_BYTES:
            raise UndecodableRecording("The decoder was misled by the recording.")
        payload = self._read_exactly(size, stall_seconds)
        return None if payload is None else (BlockKind(kind), payload)

    def _read_exactly(self, size: int, stall_seconds: float) -> bytes | None:
        received = bytearray()
        while len(received) < size:
            # A decoder that never stops writing must not outlast its time either.
            patience = self._patience(stall_seconds)
            if not patience or not self._selector.select(patience):
                raise DecoderLimitExceeded("Decoding the recording took longer than allowed.")
            part = os.read(self._fd, size - len(received))
            if not part:
                return None
            received += part
        return bytes(received)

    def _patience(self, stall_seconds: float) -> float:
        return max(0.0, min(stall_seconds, self._deadline - time.monotonic()))
