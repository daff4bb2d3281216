"""The speech that the CPU benchmark is read: real clips and the English sample call, short and joined."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr

from benchmarks.references import SAMPLES, turns_of
from workers.engines.base import MAX_CHUNK_SECONDS, SAMPLE_RATE, Samples

SPEECH: Final = Path(__file__).with_name("speech")
PAUSE: Final = np.zeros(int(0.3 * SAMPLE_RATE), np.float32)


@dataclass(frozen=True, slots=True)
class Clip:
    samples: Samples
    text: str

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def mixes() -> dict[str, list[Clip]]:
    """`turns`: each clip and turn alone, 1 to 11 s; `windows`: the same joined, up to 30 s."""
    parties = [real_clips(), *turns_by_party("call_en")]
    return {
        "turns": [clip for party in parties for clip in party],
        "windows": [window for party in parties for window in joined(party)],
    }


def real_clips() -> list[Clip]:
    listed = json.loads((SPEECH / "clips.json").read_text(encoding="utf-8"))
    return [
        Clip(soundfile.read(SPEECH / f"{each['clip']}.flac", dtype="float32")[0], each["text"])
        for each in listed
    ]


def turns_by_party(call: str) -> list[list[Clip]]:
    sound, rate = soundfile.read(SAMPLES / f"{call}.wav", dtype="float32")
    turns = sorted(turns_of(call), key=lambda turn: turn.channel)
    return [
        [
            Clip(
                soxr.resample(
                    sound[int(turn.start * rate) : int(turn.end * rate), channel], rate, SAMPLE_RATE
                ),
                turn.text,
            )
            for turn in party
        ]
        for channel, party in groupby(turns, key=lambda turn: turn.channel)
    ]


def joined(clips: Sequence[Clip]) -> list[Clip]:
    """In order, with short pauses, as preparation would cut a longer recording."""
    windows: list[Clip] = []
    for clip in clips:
        if windows and windows[-1].seconds + clip.seconds + 0.3 <= MAX_CHUNK_SECONDS:
            last = windows.pop()
            samples = np.concatenate([last.samples, PAUSE, clip.samples])
            windows.append(Clip(samples, f"{last.text} {clip.text}"))
        else:
            windows.append(clip)
    return windows
