"""What the language model reads around the audio, taken from the checkpoint's own processor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from transformers import GlmAsrProcessor

from core.errors import CheckpointUnavailable, UnsupportedOption
from workers.engines.base import SAMPLE_RATE

HOP: Final = 160
"""Samples between two mel frames."""
FRAMES_PER_TOKEN: Final = 8
"""Two by the second convolution, four by the projector: 80 ms each."""
MOST_AUDIO_TOKENS: Final = 375
"""Of a full window of 30 s."""
HONOURS_CONTEXT: Final[frozenset[str]] = frozenset()
"""Models known to heed context words in the prompt. The published checkpoint was not trained to."""


def audio_tokens(samples: int) -> int:
    """How many positions a chunk takes: the frames that hold its samples, eight to a token.

    The arithmetic of GlmAsrProcessor._get_audio_token_length and of the mask that
    WhisperFeatureExtractor makes (every HOPth sample).
    """
    frames = -(-samples // HOP)
    halved = (frames - 1) // 2 + 1
    return (halved - 4) // 4 + 1


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids before and after the audio."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    @classmethod
    def of(cls, processor: GlmAsrProcessor) -> Self:
        """The template's own words, found by asking it for a second of silence."""
        request = processor.apply_transcription_request([np.zeros(SAMPLE_RATE, np.float32)])
        ids: list[int] = request["input_ids"][0].tolist()
        audio = [place for place, token in enumerate(ids) if token == processor.audio_token_id]
        if len(audio) != audio_tokens(SAMPLE_RATE) or audio[-1] - audio[0] + 1 != len(audio):
            raise CheckpointUnavailable("The checkpoint's processor does not place audio as GLM-ASR does.")
        return cls(before=tuple(ids[: audio[0]]), after=tuple(ids[audio[-1] + 1 :]))

    @property
    def longest(self) -> int:
        """Positions of the prompt of a full window."""
        return len(self.before) + MOST_AUDIO_TOKENS + len(self.after)


def refuse_context(model: str, words: Sequence[str]) -> None:
    """Raise `UnsupportedOption` unless this checkpoint is known to honour context words."""
    if words and model not in HONOURS_CONTEXT:
        raise UnsupportedOption(f"{model} is not known to honour context words; leave them out.")
