"""The turns of the sample calls, cut to what is audible, and where in them somebody really speaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from benchmarks.references import SAMPLES, turns_of
from workers.finishing.metrics.spans import Span, runs_of

RATE: Final = 8_000
FRAME_MS: Final = 10
HISS_PERCENTILE: Final = 5
"""Each party is silent for much more than this share of its call: there only the line is heard."""
AUDIBLE_DB: Final = 6.0
"""Above the hiss. The voices are synthetic: nothing else is there to be heard."""
PAUSE_MS: Final = 100
"""Shorter pauses are part of speech, as voice activity has it."""

Sound = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clip:
    """Begins and ends with speech."""

    samples: Sound
    """8 kHz, one channel, shape (samples,)."""
    speech: tuple[Span, ...]
    """Counted from its beginning."""

    @property
    def duration_ms(self) -> int:
        return self.speech[-1].end_ms

    def pieces(self) -> Iterator[Clip]:
        """What stands between two pauses, each alone."""
        for span in self.speech:
            yield Clip(_part(self.samples, span), (Span(0, span.duration_ms),))


def voices_of(call: str, *, audible_db: float = AUDIBLE_DB) -> list[list[Clip]]:
    """The clips of each channel."""
    sound, _ = soundfile.read(SAMPLES / f"{call}.wav", dtype="float32")
    turns = sorted(turns_of(call), key=lambda turn: turn.channel)
    return [
        _clips_of(
            sound[:, channel],
            [Span(round(1000 * turn.start), round(1000 * turn.end)) for turn in party],
            audible_db,
        )
        for channel, party in groupby(turns, key=lambda turn: turn.channel)
    ]


def _clips_of(sound: Sound, turns: Sequence[Span], audible_db: float) -> list[Clip]:
    hiss = float(np.percentile(levels_of(sound), HISS_PERCENTILE))
    return [clip_of(_part(sound, turn), above=hiss * 10 ** (audible_db / 20)) for turn in turns]


def clip_of(sound: Sound, *, above: float) -> Clip:
    """Without the silence around it."""
    loud = loud_spans(sound, above=above)
    first_ms = loud[0].start_ms
    speech = tuple(Span(span.start_ms - first_ms, span.end_ms - first_ms) for span in loud)
    return Clip(_part(sound, Span(first_ms, loud[-1].end_ms)), speech)


def loud_spans(sound: Sound, *, above: float) -> list[Span]:
    """By level alone, so that it owes nothing to the voice activity that is held against it."""
    places = np.flatnonzero(levels_of(sound) > above).tolist()
    loud = [Span(FRAME_MS * place, FRAME_MS * (place + 1)) for place in places]
    return [Span(run[0].start_ms, run[-1].end_ms) for run in runs_of(loud, pause_ms=PAUSE_MS)]


def levels_of(sound: Sound) -> Sound:
    """Root mean square of each full frame."""
    size = RATE * FRAME_MS // 1000
    frames = sound[: len(sound) // size * size].reshape(-1, size)
    return np.asarray(np.sqrt(np.mean(frames**2, axis=1)), np.float32)


def _part(sound: Sound, span: Span) -> Sound:
    return sound[span.start_ms * RATE // 1000 : span.end_ms * RATE // 1000]
