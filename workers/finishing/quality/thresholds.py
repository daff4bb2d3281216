"""The figures that decide what is flagged, and how much each flag says against the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from models.quality_content import FlagCode


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Milliseconds, counts and probabilities, as the names say."""

    slowest_word_ms: int = 1_500
    """Nobody takes longer over a word, the pauses left out that voice activity hears (from 100 ms).

    Our choice: 40 words a minute, a third of slow speech.
    """
    slowest_character_ms: int = 750
    """The same for a Han character, a kana, or a digit."""
    letters_in_word: int = 12
    """A longer word counts as several: it is a compound, or one of a script without spaces."""
    untold_ms: int = 1_000
    """Speech that may be left without text: breath, a cough, "mhm" is no longer."""
    fastest_word_ms: int = 150
    """Nobody says words faster: 400 a minute. Our choice: fast English speech has about 300."""
    fastest_character_ms: int = 100
    """The same for Han and kana: 600 a minute. Our choice: fast Mandarin has about 400."""
    unfounded_ms: int = 250
    """Text may take so much longer than the speech found: voice activity misses soft beginnings and ends."""
    fewest_repeats: int = 3
    """Of a phrase within a chunk, one behind the other."""
    fewest_repeated_chunks: int = 5
    """That have the same text, one behind the other on a channel; people ask four times "can you hear me"."""
    fewest_repeated_units: int = 18
    """Words and characters of a repetition in all: people say a digit or a "no" ten times.

    The decoders' own rule is 24 tokens (workers/engines/loops.py), of which 3 in 4 are words.
    """
    longest_phrase: int = 40
    """Words and characters of a phrase whose repetition is looked for."""
    fewest_tokens: int = 3
    """A mean over fewer says little: one "mhm" that may have been "hm"."""
    least_confidence: float = 0.6
    """Below it a chunk's text is doubted.

    Of 100 clips under noise (`callscribe bench trust`, Whisper tiny.en) those from 0.5 to 0.6 had every
    second word wrong and more, those from 0.7 on one in five and less.
    """


THRESHOLDS: Final = Thresholds()

DOUBTS: Final[Mapping[FlagCode, float]] = {
    FlagCode.SPEECH_WITHOUT_TEXT: 1.0,
    FlagCode.TEXT_OVER_SILENCE: 1.0,
    FlagCode.REPETITION: 0.8,
    FlagCode.CUT_TEXT: 0.5,
    FlagCode.LOW_CONFIDENCE: 0.7,
    FlagCode.BLEED: 0.2,
    FlagCode.CLIPPING: 0.1,
}
"""How much of a flagged chunk is taken for wrong, 0 to 1; several leave the product of what each leaves."""

DEFINITIONS: Final = 1
"""Grows by one whenever a definition, a threshold or a doubt changes, to tell old figures apart."""
