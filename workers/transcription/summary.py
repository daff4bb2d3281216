"""What is told of a device batch that was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from models import DeviceBatch


@dataclass(frozen=True, slots=True)
class Summary:
    """What Flower shows as the task's result."""

    jobs: int
    chunks: int
    audio_seconds: float
    fill: float
    late: int
    seconds: float
    """From the claim to the commit; device batches overlap."""

    @classmethod
    def of(cls, batch: DeviceBatch, *, seconds: float) -> Self:
        return cls(
            jobs=batch.job_count,
            chunks=batch.chunk_count,
            audio_seconds=batch.audio_ms / 1000,
            fill=batch.fill,
            late=batch.late_count,
            seconds=seconds,
        )

    @property
    def rtfx(self) -> float:
        """Seconds of audio for each second of work."""
        return self.audio_seconds / self.seconds

    def __str__(self) -> str:
        return (
            f"jobs={self.jobs} chunks={self.chunks} audio={self.audio_seconds:.1f}s "
            f"fill={self.fill:.0%} rtfx={self.rtfx:.1f} late={self.late}"
        )
