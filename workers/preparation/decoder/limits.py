"""What one recording may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DecoderLimits:
    """Bounds on one run of the decoder; reaching any of them fails the recording, never the worker."""

    audio_seconds: float = 4 * 3600
    """Longest recording; with `channels` it also bounds what is written to disk (32 kB a second each)."""
    channels: int = 2
    """Most tracks that one recording may have."""
    wall_seconds: float = 900
    """From the moment the decoder is ready to its end, resampling included; 4 h of stereo take 6 s."""
    start_seconds: float = 30
    """How long the decoder may take to start; one that does not is no fault of the recording."""
    stall_seconds: float = 30
    """How long it may then be silent; the lease behind it is longer."""
    cpu_seconds: int = 600
    """Processor time of the decoder."""
    memory_bytes: int = 512 * 2**20
    """Address space; FFmpeg's libraries map 120 MiB of it before they do anything."""
