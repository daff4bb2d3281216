"""Two-channel calls mixed from clips, and who really speaks when in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
import soundfile

from benchmarks.spoken_clips import RATE, Clip, Sound
from workers.finishing.metrics.call import Call, Voice
from workers.finishing.metrics.spans import Span

ROLES: Final = ("agent", "customer")
NOISE_DBFS: Final = (-70.0, -50.0)
"""Hiss on the line, differing from call to call."""
LEVEL_DB: Final = (-9.0, 3.0)
"""How loud each party is beside the sample call."""
AFTER_MS: Final = 1_500
BREATH_MS: Final = 300
FULL_SCALE: Final = 0.99


@dataclass(frozen=True)
class Dialogue:
    """Clips in their places."""

    voices: Sequence[Sequence[Clip]]
    placed: list[tuple[int, int, Clip]] = field(default_factory=list)
    """Channel, beginning in ms, clip."""

    @property
    def truth(self) -> Call:
        spoken = [
            Voice(
                channel,
                role,
                [span for place in self.placed if place[0] == channel for span in _speech(place)],
            )
            for channel, role in enumerate(ROLES)
        ]
        return Call(self.duration_ms, spoken)

    @property
    def duration_ms(self) -> int:
        return max(start_ms + clip.duration_ms for _, start_ms, clip in self.placed) + AFTER_MS

    def end_of(self, channel: int) -> int:
        """Where it was last to be heard."""
        ends = [start_ms + clip.duration_ms for own, start_ms, clip in self.placed if own == channel]
        return max(ends, default=0)

    def write(self, path: Path, random: Random) -> Path:
        """As a telephone system would: 8 kHz, mu-law, a channel for each party."""
        sound = np.zeros((self.duration_ms * RATE // 1000, len(ROLES)), np.float32)
        gains = [_gain(random.uniform(*LEVEL_DB)) for _ in ROLES]
        for channel, start_ms, clip in self.placed:
            first = start_ms * RATE // 1000
            sound[first : first + len(clip.samples), channel] += gains[channel] * clip.samples
        sound += _hiss(random, sound.shape)
        soundfile.write(path, np.clip(sound, -FULL_SCALE, FULL_SCALE), RATE, subtype="ULAW")
        return path


def dialogue_of(voices: Sequence[Sequence[Clip]], random: Random) -> Dialogue:
    """Answers early and late, interruptions that take the turn or do not, backchannels, dead air."""
    dialogue = Dialogue(voices)
    channel, end_ms = random.randrange(2), random.randrange(300, 4_000)
    for _ in range(random.randrange(6, 14)):
        channel, start_ms = _next(random, channel, end_ms)
        # Who was cut short comes back after a breath at least.
        start_ms = max(start_ms, dialogue.end_of(channel) + BREATH_MS)
        end_ms = _speak(random, dialogue, channel, start_ms)
    return dialogue


def _next(random: Random, channel: int, end_ms: int) -> tuple[int, int]:
    """Who speaks next, and from when."""
    kind = random.random()
    if kind < 0.45:
        return 1 - channel, end_ms + random.randrange(0, 1_500)
    if kind < 0.65:
        return 1 - channel, end_ms - random.randrange(50, 400)
    if kind < 0.85:
        return 1 - channel, end_ms - random.randrange(600, 2_000)
    if kind < 0.93:
        return channel, end_ms + random.randrange(2_200, 5_000)
    return 1 - channel, end_ms + random.randrange(10_500, 14_000)


def _speak(random: Random, dialogue: Dialogue, channel: int, start_ms: int) -> int:
    """Clips with pauses; over those in the middle the other may say something. Where it ends."""
    end_ms, last = start_ms, random.randrange(4)
    for place in range(last + 1):
        begin_ms = end_ms + (random.randrange(150, 450) if place else 0)
        clip = random.choice(dialogue.voices[channel])
        dialogue.placed.append((channel, begin_ms, clip))
        end_ms = begin_ms + clip.duration_ms
        if 0 < place < last and random.random() < 0.5:
            _try(random, dialogue, 1 - channel, Span(begin_ms, end_ms))
    return end_ms


def _try(random: Random, dialogue: Dialogue, channel: int, within: Span) -> None:
    """Something between two pauses that fits into the other's clip; every other one short."""
    room_ms = min(within.duration_ms - 1_200, random.choice([900, within.duration_ms]))
    pieces = [piece for clip in dialogue.voices[channel] for piece in clip.pieces()]
    fitting = [piece for piece in pieces if 300 <= piece.duration_ms <= room_ms]
    if fitting:
        dialogue.placed.append(
            (channel, within.start_ms + random.randrange(400, 700), random.choice(fitting))
        )


def _speech(place: tuple[int, int, Clip]) -> list[Span]:
    _, start_ms, clip = place
    return [Span(start_ms + span.start_ms, start_ms + span.end_ms) for span in clip.speech]


def _hiss(random: Random, shape: tuple[int, ...]) -> Sound:
    noise = np.random.default_rng(random.randrange(2**32)).standard_normal(shape, np.float32)
    return np.asarray(noise * _gain(random.uniform(*NOISE_DBFS)), np.float32)


def _gain(decibels: float) -> float:
    return float(10 ** (decibels / 20))
