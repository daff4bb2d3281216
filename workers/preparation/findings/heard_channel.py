"""A channel halfway through preparation: measured and listened to, not cut yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from workers.preparation.channel_file import ChannelFile
from workers.preparation.speech_spans import Span, SpeechRules
from workers.preparation.voice_activity import Probabilities
from workers.preparation.windows import WINDOW_MS, Figures, Windows

SHORTEST_SPEECH_MS: Final = 1_000
"""Below this there is too little of a voice to judge its level or its band by."""
Choice = npt.NDArray[np.bool_]
"""One for each full window."""


@dataclass(frozen=True, slots=True)
class HeardChannel:
    index: int
    file: ChannelFile
    windows: Windows
    probabilities: Probabilities
    """As of the windows, with one more where the last is not full."""
    spans: tuple[Span, ...]

    @property
    def speech_ms(self) -> int:
        return sum(span.duration_ms for span in self.spans)

    @property
    def speech(self) -> Choice:
        """The windows that are speech for sure: pads and pauses within a span are not."""
        chosen: Choice = self.probabilities[: len(self.windows.levels)] >= SpeechRules().threshold
        return chosen

    @property
    def in_spans(self) -> Choice:
        """The windows that lie in spans of speech, at least in part."""
        chosen = np.zeros(len(self.windows.levels), np.bool_)
        for span in self.spans:
            chosen[span.start_ms // WINDOW_MS : -(-span.end_ms // WINDOW_MS)] = True
        return chosen

    @property
    def has_voice(self) -> bool:
        """Whether there is enough speech to judge it by."""
        return int(self.speech.sum()) * WINDOW_MS >= SHORTEST_SPEECH_MS

    @property
    def speech_powers(self) -> Figures:
        return self.windows.powers[self.speech]


def decibels(power: float) -> float:
    """Of a mean square or a ratio of two; silence is far below anything that 16 bits can hold."""
    return 10 * float(np.log10(max(power, 1e-12)))
