"""From probabilities to stretches of speech."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from workers.preparation.voice_activity import WINDOW_MS, Probabilities


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a channel."""

    start_ms: int
    end_ms: int

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class SpeechRules:
    """When speech begins and ends; the values are silero-vad's own defaults (`get_speech_timestamps`)."""

    threshold: float = 0.5
    """Speech begins with a window at least so likely ..."""
    exit_threshold: float = 0.35
    """... and ends before a window less likely than this, if none like the first follows soon."""
    min_silence_ms: int = 100
    min_speech_ms: int = 250
    """Speech must last longer; what does not is a click or a cough."""
    pad_ms: int = 30
    """Added on either side, at most to the middle of a pause."""


def find_speech(
    probabilities: Probabilities, *, duration_ms: int, rules: SpeechRules = SpeechRules()
) -> tuple[Span, ...]:
    """Stretches of speech in order, none touching the next by more than its edge."""
    spans = [
        span for span in _runs(probabilities, duration_ms, rules) if span.duration_ms > rules.min_speech_ms
    ]
    return tuple(_padded(spans, duration_ms, rules.pad_ms))


def _runs(probabilities: Probabilities, duration_ms: int, rules: SpeechRules) -> Iterator[Span]:
    start_ms: int | None = None
    quiet_since_ms: int | None = None
    for window, probability in enumerate(probabilities.tolist()):
        now_ms = window * WINDOW_MS
        if probability >= rules.threshold:
            start_ms = now_ms if start_ms is None else start_ms
            quiet_since_ms = None
        elif start_ms is not None and probability < rules.exit_threshold:
            quiet_since_ms = now_ms if quiet_since_ms is None else quiet_since_ms
            if now_ms - quiet_since_ms >= rules.min_silence_ms:
                yield Span(start_ms, quiet_since_ms)
                start_ms = quiet_since_ms = None
    if start_ms is not None:
        yield Span(start_ms, duration_ms)


def _padded(spans: list[Span], duration_ms: int, pad_ms: int) -> Iterator[Span]:
    """Each span with its pads; two that come close share the pause between them."""
    if not spans:
        return
    middles = [(earlier.end_ms + later.start_ms) // 2 for earlier, later in pairwise(spans)]
    for span, floor_ms, ceiling_ms in zip(spans, [0, *middles], [*middles, duration_ms], strict=True):
        yield Span(max(span.start_ms - pad_ms, floor_ms), min(span.end_ms + pad_ms, ceiling_ms))
