"""Which texts are decoded once more, and which of two attempts is believed."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Final

from workers.engines.base import FinishReason
from workers.engines.decoding import Decoded

PENALTY: Final = 1.05
"""Enough to leave a loop; digits and names still repeat."""
LEAST_MEAN_LOGPROB: Final = -1.0
"""With the ratio below, Whisper's own rule for trying again (Radford et al. 2022, §4.5)."""
MOST_COMPRESSION: Final = 2.4
"""Text that gzip makes so many times shorter repeats itself."""
MOST_TOKENS_PER_SECOND: Final = 12.0
"""Nobody speaks as fast; people say 3 to 5."""

Doubt = Callable[[Decoded, float], bool]
"""Whether a text over so many seconds of audio should be decoded once more."""


class Doubts:
    """Judges texts; needs to read them."""

    def __init__(self, read: Callable[[Decoded], str]) -> None:
        self._read = read

    def __call__(self, decoded: Decoded, seconds: float) -> bool:
        if decoded.finish_reason is not FinishReason.EOS:
            return True
        if not decoded.tokens:
            return False
        mean = sum(decoded.logprobs) / len(decoded.logprobs)
        too_fast = len(decoded.tokens) > MOST_TOKENS_PER_SECOND * max(seconds, 1.0)
        return mean < LEAST_MEAN_LOGPROB or too_fast or self._compression(decoded) > MOST_COMPRESSION

    def _compression(self, decoded: Decoded) -> float:
        text = self._read(decoded).encode()
        return len(text) / len(gzip.compress(text))


def never(_decoded: Decoded, _seconds: float) -> bool:
    """For measurements of text that means nothing."""
    return False


def better(first: Decoded, second: Decoded, *, second_is_doubtful: bool) -> tuple[Decoded, Decoded]:
    """The attempt to believe, and the other: the second only if nothing is wrong with it."""
    return (first, second) if second_is_doubtful else (second, first)
