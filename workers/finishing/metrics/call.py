"""What is measured: a call as voice activity and the engine left it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.finishing.metrics.spans import Span


@dataclass(frozen=True, slots=True)
class Voice:
    """One channel."""

    channel: int
    role: str | None
    """As the caller gave it; None if it gave none."""
    speech: Sequence[Span]
    """Where voice activity found speech, in any order; spans may touch or overlap."""
    texts: Sequence[str] = ()
    """What was heard on it."""
    level_dbfs: float | None = None
    """How loud, as the recording came: active speech level; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Call:
    """One recording; each channel once."""

    duration_ms: int
    voices: Sequence[Voice]

    @property
    def parties_are_known(self) -> bool:
        """Whether each channel may be taken for one party.

        Not so if all speech is on one channel of which nobody said whose it is: a recording in mono
        has both parties there.
        """
        speaking = [voice for voice in self.voices if voice.speech] or self.voices
        return len(speaking) != 1 or speaking[0].role is not None
