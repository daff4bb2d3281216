"""One chunk on its way through the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workers.engines.base import SAMPLE_RATE, Samples
from workers.engines.decoding import Decoded

TOKENS_PER_SECOND: Final = 15
"""Three times what people say; the model is known to repeat itself. SGLang's cap for this model."""
SPARE_TOKENS: Final = 16


@dataclass(slots=True)
class Request:
    key: int
    samples: Samples
    cap: int
    """The most tokens of its text."""
    waits_since: int = 0
    """The launch after which it came."""
    first: Decoded | None = None
    """What was written at first, while it is decoded once more."""
    is_wanted: bool = True
    """False once it was canceled while its text was on its way."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Finished:
    """A request's text, and the attempt that was not chosen, if there were two."""

    request: Request
    chosen: Decoded
    other: Decoded | None = None


def cap_for(seconds: float, most: int) -> int:
    """The most tokens of so much audio."""
    return min(most, int(seconds * TOKENS_PER_SECOND) + SPARE_TOKENS)
