"""What the decoder process writes on its stdout: small blocks, each with its kind and length."""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Final

from workers.preparation.decoder.walls import Wall

BLOCK_HEADER: Final = struct.Struct(">BI")
MAX_BLOCK_BYTES: Final = 2**18
NAME: Final = re.compile(r"\w{1,32}", re.ASCII)


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
        """Raises ValueError on anything else: the sender may have been taken over."""
        fields = _fields_of(payload)
        return cls(
            container=_name(fields.get("container")),
            codec=_name(fields.get("codec")),
            sample_rate=_number(fields.get("sample_rate")),
            channels=_number(fields.get("channels")),
            expected_ms=None if fields.get("expected_ms") is None else _number(fields["expected_ms"]),
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
        """Raises ValueError on anything else."""
        fields = _fields_of(payload)
        code = fields.get("code")
        return cls(None if code is None else _name(code), _number(fields.get("skipped_packets")))


def _fields_of(payload: bytes) -> dict[str, object]:
    try:
        fields: object = json.loads(payload)
    except RecursionError as error:
        raise ValueError("It is nested without end.") from error
    if not isinstance(fields, dict):
        raise ValueError("It is no object.")
    return fields


def _name(value: object) -> str:
    """Of a format or an error; it goes into the database and into logs."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError("It is no name.")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or abs(value) >= 2**63:
        raise ValueError("It is no number.")
    return value


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
