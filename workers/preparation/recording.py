"""What preparation makes of one recording."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workers.preparation.findings.finding import Finding
from workers.preparation.speech_spans import Span


@dataclass(frozen=True, slots=True)
class ChunkSpan:
    """One chunk: where it lies in its channel, and where in the channel's file."""

    start_ms: int
    end_ms: int
    speech: tuple[Span, ...]
    """In order, inside the chunk, never empty; times count from the start of the channel."""
    first_byte: int
    last_byte: int
    """Inclusive, as in an HTTP Range header."""
    first_sample: int
    """Number within the channel of the first sample in that byte range; `read_chunk` wants it."""


@dataclass(frozen=True, slots=True)
class PreparedChannel:
    """One track of the call."""

    index: int
    path: Path
    """FLAC, 16 kHz, 16 bit, mono; in the working directory, for the caller to store. As loud as it came,
    but where `low_level` is found: there it was raised."""
    duration_ms: int
    speech_ms: int
    chunks: tuple[ChunkSpan, ...]
    """None where nobody speaks, and in a channel that is the copy of another."""
    findings: tuple[Finding, ...]
    level_dbfs: float | None
    """Active speech level as it came; None where there is too little speech to judge it by."""


@dataclass(frozen=True, slots=True)
class PreparedRecording:
    """A recording ready for transcription."""

    container: str
    codec: str
    sample_rate: int
    """Hz, of the recording as it came."""
    duration_ms: int
    skipped_packets: int
    """Damaged stretches that were left out; 0 for a sound file."""
    listening_gain: float
    """How much the recording was raised to find speech in it; the prepared audio has nothing of it."""
    channels: tuple[PreparedChannel, ...]
