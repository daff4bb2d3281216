"""What the decoder process writes on its stdout: small blocks, each with its kind and length."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Final

from workers.preparation.walls import Wall

BLOCK_HEADER: Final = struct.Struct(">BI")
MAX_BLOCK_BYTES: Final = 2**18


class BlockKind(IntEnum):
    """In the order in which they come."""

    READY = 1
    """The process has started and is confined, by the walls that are named, with a space between two.

    Before this, a failure is ours and not the recording's.
    """
    FORMAT = 2
    """`SourceFormat` as JSON, once the first samples are known to exist."""
    AUDIO = 3
    """Interleaved signed 16-bit samples in the machine's own byte order."""
    VERDICT = 4
    """`Verdict` as JSON; nothing follows."""


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """What the recording turned out to be."""

    container: str
    codec: str
    sample_rate: int
    channels: int
    expected_ms: int | None
    """Duration by the container's own word: for progress, and never trusted as a length."""

    @classmethod
    def from_json(cls, payload: bytes) -> SourceFormat:
        """Raises ValueError or LookupError on anything else: the sender may have been taken over."""
        fields = json.loads(payload)
        expected_ms = fields["expected_ms"]
        return cls(
            container=str(fields["container"])[:32],
            codec=str(fields["codec"])[:32],
            sample_rate=int(fields["sample_rate"]),
            channels=int(fields["channels"]),
            expected_ms=None if expected_ms is None else int(expected_ms),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """How decoding ended."""

    code: str | None = None
    """`code` of the error that fits; None after success."""
    skipped_packets: int = 0
    """Damaged stretches that were left out."""

    @classmethod
    def from_json(cls, payload: bytes) -> Verdict:
        """Raises ValueError or LookupError on anything else."""
        fields = json.loads(payload)
        code = fields["code"]
        return cls(None if code is None else str(code), int(fields["skipped_packets"]))


class BlockWriter:
    """The decoder's end of the pipe. Blocks until the parent has taken what was written."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def ready(self, walls: Iterable[Wall]) -> None:
        self._write(BlockKind.READY, " ".join(walls).encode())

    def format(self, source: SourceFormat) -> None:
        self._write(BlockKind.FORMAT, json.dumps(asdict(source)).encode())

    def audio(self, samples: bytes) -> None:
        for start in range(0, len(samples), MAX_BLOCK_BYTES):
            self._write(BlockKind.AUDIO, samples[start : start + MAX_BLOCK_BYTES])

    def verdict(self, verdict: Verdict) -> None:
        self._write(BlockKind.VERDICT, json.dumps(asdict(verdict)).encode())

    def _write(self, kind: BlockKind, payload: bytes) -> None:
        rest = memoryview(BLOCK_HEADER.pack(kind, len(payload)) + payload)
        while rest:
            rest = rest[os.write(self.fd, rest) :]
