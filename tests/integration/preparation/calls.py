"""The sample calls, with what is said in them and when."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from tests.unit.preparation.recordings import Pcm, wav

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
NAMES = ("call_en", "call_zh")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one party says at a stretch, by the sample's own notes."""

    channel: int
    start_ms: int
    end_ms: int

    @property
    def middle_ms(self) -> int:
        return (self.start_ms + self.end_ms) // 2


def recording_of(name: str) -> Path:
    return SAMPLES / f"{name}.wav"


def turns_of(name: str) -> list[Turn]:
    notes = json.loads((SAMPLES / f"{name}.json").read_text())
    return [
        Turn(turn["channel"], round(turn["start"] * 1000), round(turn["end"] * 1000))
        for turn in notes["turns"]
    ]


def samples_of(name: str) -> Pcm:
    """8 kHz, shape (samples, 2)."""
    samples, _ = soundfile.read(recording_of(name), dtype="int16")
    return np.asarray(samples, np.int16)


def quieter(name: str, path: Path, *, decibels: float) -> Path:
    """The same call from far away."""
    samples = np.rint(samples_of(name) * 10 ** (-decibels / 20)).astype(np.int16)
    path.write_bytes(wav(samples.tobytes(), channels=2))
    return path
